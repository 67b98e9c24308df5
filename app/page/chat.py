"""The conversation that the URL names, and what the next question is typed into."""

from collections.abc import Sequence

import streamlit as st

from app.conversations import Conversation
from app.page import markup
from app.page.conversation_list import open_conversation, opened, visitor
from app.page.conversation_menu import conversation_menu
from app.page.places import choose_places, places
from app.page.settings import chosen_policy
from app.page.sidebar import sidebar
from app.page.turn import show_turn
from app.page.uploads import is_under_way, show_uploads
from app.runtime import Runtime
from embedder.errors import DuetError
from retriever import DocumentRecord

_OVERVIEW = "What is in here?"
_FOLLOW = 2.0  # seconds between two looks at what others do in this conversation


def show_chat(runtime: Runtime) -> None:
    """Draw the conversation, and what a question is typed into."""
    documents = runtime.library.documents()
    conversation = opened(runtime)
    turns = runtime.desk.turns(conversation.id) if conversation else []
    if conversation:
        conversation_menu(runtime, conversation, [turn for turn, _ in turns])
        _follow(runtime, conversation, runtime.desk.asked(conversation.id))
    for place, (turn, live) in enumerate(turns, start=1):
        last = conversation.id if conversation and place == len(turns) else None
        with st.container(key="last-turn" if last and place > 1 else None):
            show_turn(turn, live, f"answer-{place}", runtime, last)
    problem = st.session_state.pop("problem", None)
    if problem:
        st.error(markup.label(problem))
    if not turns:
        _show_empty(runtime, conversation, len(documents))
    if _begins(runtime, documents, is_empty=not turns):
        show_uploads(runtime)
    else:
        sidebar(runtime, documents)
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


def _show_empty(runtime: Runtime, conversation: Conversation | None, documents: int) -> None:
    st.html(markup.empty_html(documents))
    if documents:
        _suggest(runtime, conversation)


def _begins(runtime: Runtime, documents: Sequence[DocumentRecord], *, is_empty: bool) -> bool:
    """Whether the first documents are still to come, or on their way: they are given in the middle.

    A narrow screen has no sidebar until it is asked for.
    """
    was = st.session_state.get("begins", False)
    begins = is_empty and (not documents or (was and is_under_way(runtime)))
    st.session_state["begins"] = begins
    return begins


@st.fragment(run_every=_FOLLOW)
def _suggest(runtime: Runtime, conversation: Conversation | None) -> None:
    """Questions that have been answered well, as soon as there are any, and one that always is."""
    for question in [*runtime.suggestions.ready(runtime.library.documents()), _OVERVIEW]:
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
