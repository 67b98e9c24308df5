"""The conversation that the URL names, and what the next question is typed into."""

import streamlit as st

from app.conversations import Conversation
from app.page import markup
from app.page.conversation_list import open_conversation, opened, visitor
from app.page.conversation_menu import conversation_menu
from app.page.places import choose_places, places
from app.page.script import SCRIPT
from app.page.settings import chosen_policy
from app.page.sidebar import sidebar
from app.page.turn import show_turn
from app.runtime import Runtime
from embedder.errors import DuetError

_FOLLOW = 2.0  # seconds between two looks at what others do in this conversation


def show_chat(runtime: Runtime) -> None:
    """Draw the conversation, and what a question is typed into."""
    st.html(SCRIPT, unsafe_allow_javascript=True)
    documents = runtime.library.documents()
    conversation = opened(runtime)
    sidebar(runtime, documents, conversation)
    turns = runtime.desk.turns(conversation.id) if conversation else []
    if conversation:
        conversation_menu(runtime, conversation, [turn for turn, _ in turns])
        _follow(runtime, conversation, runtime.desk.asked(conversation.id))
    for place, (turn, live) in enumerate(turns, start=1):
        last = conversation.id if conversation and place == len(turns) else None
        show_turn(turn, live, f"answer-{place}", runtime, last)
    problem = st.session_state.pop("problem", None)
    if problem:
        st.error(markup.label(problem))
    if not turns:
        _show_empty(runtime, conversation)
    with st.bottom:
        if conversation and any(live and not live.done for _, live in turns):
            st.button(
                "Stop",
                key="stop",
                icon=":material/stop_circle:",
                help="Esc",
                on_click=runtime.desk.stop,
                args=(conversation.id,),
            )
        before = turns[-1][0].sources if turns else ()
        choose_places(places(documents), _places_key(conversation), before)
        st.chat_input(
            "Ask about your documents",
            key="question",
            on_submit=_submit,
            args=(runtime, conversation),
        )


@st.fragment(run_every=_FOLLOW)
def _follow(runtime: Runtime, conversation: Conversation, drawn: int) -> None:
    """Draw the page anew when another browser has asked something here."""
    if runtime.desk.asked(conversation.id) != drawn:
        st.rerun()


def _show_empty(runtime: Runtime, conversation: Conversation | None) -> None:
    documents = runtime.library.documents()
    st.html(markup.empty_html(len(documents)))
    _suggest(runtime, conversation)


@st.fragment(run_every=_FOLLOW)
def _suggest(runtime: Runtime, conversation: Conversation | None) -> None:
    """Questions that have been answered well, as soon as there are any."""
    for question in runtime.suggestions.ready(runtime.library.documents()):
        st.button(
            markup.label(question),
            key=f"suggest-{question}",
            on_click=_ask,
            args=(runtime, conversation, question),
            width="stretch",
            icon=":material/chat_bubble:",
        )


def _submit(runtime: Runtime, conversation: Conversation | None) -> None:
    _ask(runtime, conversation, st.session_state["question"])


def _ask(runtime: Runtime, conversation: Conversation | None, question: str) -> None:
    """Ask in this conversation, or in a new one that the URL names from now on."""
    chosen: list[str] = st.session_state.get(_places_key(conversation), [])
    try:
        if conversation is None:
            begun = runtime.conversations.begin(question, visitor(runtime))
            open_conversation(begun)
        else:
            begun = conversation.id
        runtime.desk.ask(begun, question, chosen, chosen_policy())
    except DuetError as error:
        st.session_state["problem"] = str(error)


def _places_key(conversation: Conversation | None) -> str:
    return f"places-{conversation.id if conversation else ''}"
