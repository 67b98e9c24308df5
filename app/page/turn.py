"""One question and its answer, as it is written and afterwards, and what can be done with it."""

import logging
from collections.abc import Callable

import streamlit as st

from app.answering import Answer
from app.conversations import Feedback, Turn
from app.conversations.desk import BUG
from app.live import LiveAnswer
from app.location import file_name
from app.page import markup
from app.page.found_markup import found_html
from app.page.places import places_told
from app.page.settings import chosen_policy
from app.page.source_markup import sources_html
from app.runtime import Runtime
from embedder.errors import DuetError

_FRAME = 0.25  # seconds between two looks at the answer that is being written
_INTERRUPTED = "The server stopped while this was being written."

_logger = logging.getLogger(__name__)


def show_turn(
    turn: Turn, live: LiveAnswer | None, name: str, runtime: Runtime, conversation: str | None
) -> None:
    """Draw a turn.

    Args:
        turn: As it is kept.
        live: Its answer, where it is being written.
        name: Of the answer on the page.
        runtime: Writes and keeps.
        conversation: Where it may be asked again: its conversation, if it is the last one there.
    """
    with st.chat_message("user", avatar=":material/person:"):
        st.html(markup.question_html(turn.question))
        if turn.sources:
            st.caption(places_told(turn.sources))
    with st.chat_message("assistant", avatar=":material/menu_book:"):
        answer = turn.answer or (live and live.answer)
        if answer is not None:
            _show_safely(lambda: _show_answer(answer, name, runtime))
        elif turn.problem or (live and live.done):
            st.error(markup.label(turn.problem or BUG))
        elif live is not None:
            _watch(live)
            return
        else:
            st.warning(_INTERRUPTED)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if conversation is not None:
                _show_again(turn, runtime, conversation)
            if answer is not None:
                st.html(markup.copy_html(answer), width="content")
                _show_feedback(turn, runtime)


@st.fragment(run_every=_FRAME)
def _watch(live: LiveAnswer) -> None:
    """Show the text as it comes, and the whole page anew when the answer is there."""
    if live.done:
        st.rerun()
    st.html(markup.writing_html(live.sentences))


def _show_safely(show: Callable[[], None]) -> None:
    try:
        show()
    except DuetError as error:
        st.error(markup.label(str(error)))
    except Exception:  # a bug must not end the conversation
        _logger.exception("A turn cannot be shown")
        st.error(BUG)


def _show_answer(answer: Answer, name: str, runtime: Runtime) -> None:
    if answer.understood != answer.question:
        st.caption(f"Understood as: {markup.label(answer.understood)}")
    st.html(markup.answer_html(answer, name))
    if answer.notice and answer.kind != "refused":  # a refusal says why itself
        st.caption(f":material/info: {markup.label(answer.notice)}")
    if answer.citations:
        st.html(sources_html(answer, name, runtime.tickets.issue))
    if answer.left_out:
        names = ", ".join(dict.fromkeys(file_name(hit.chunk.source) for hit in answer.left_out))
        passages = markup.passages(len(answer.left_out))
        st.caption(markup.label(f"Left out for length: {passages} of {names}"))
    if answer.kind != "collection":
        with st.expander("How this was found", icon=":material/search:"):
            st.html(found_html(answer))


def _show_again(turn: Turn, runtime: Runtime, conversation: str) -> None:
    st.button(
        "Ask again",
        key=f"again-{turn.id}",
        icon=":material/refresh:",
        type="tertiary",
        on_click=_ask_again,
        args=(runtime, conversation),
    )
    with (
        st.popover("Edit", icon=":material/edit:", type="tertiary"),
        st.form(f"edit-{turn.id}", border=False),
    ):
        question = st.text_area("The question", turn.question)
        if st.form_submit_button("Ask", type="primary") and question.strip():
            runtime.desk.again(conversation, question.strip(), chosen_policy())
            st.rerun()


def _ask_again(runtime: Runtime, conversation: str) -> None:
    runtime.desk.again(conversation, policy=chosen_policy())


def _show_feedback(turn: Turn, runtime: Runtime) -> None:
    thumb, word = f"thumb-{turn.id}", f"word-{turn.id}"

    def rate() -> None:
        given: int | None = st.session_state.get(thumb)
        helpful = None if given is None else bool(given)
        runtime.conversations.rate(turn.id, Feedback(helpful, st.session_state.get(word, "")))

    kept = turn.feedback
    default = None if kept.helpful is None else int(kept.helpful)
    st.feedback("thumbs", key=thumb, default=default, on_change=rate)
    if kept.helpful is not None:
        st.text_input(
            "A word on this answer",
            kept.remark,
            key=word,
            placeholder="A word on this answer",
            label_visibility="collapsed",
            max_chars=500,
            on_change=rate,
            width=220,
        )
