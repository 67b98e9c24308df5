"""The conversation: questions, answers as they are written, and their sources."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.answering import Answer, AnswerStream, stream_answer
from app.live import LiveAnswer
from app.location import file_name
from app.page import markup
from app.page.sidebar import sidebar
from app.page.source_markup import sources_html
from app.runtime import Runtime
from embedder.errors import DuetError
from retriever import Filter

_logger = logging.getLogger(__name__)
_FRAME = 0.05  # seconds between two looks at the answer that is being written


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, and its answer as far as there is one."""

    question: str
    live: LiveAnswer


def show_chat(runtime: Runtime) -> None:
    """Draw the conversation, and what a question is typed into."""
    documents = runtime.documents()
    where = sidebar(runtime, documents)
    turns: list[Turn] = st.session_state.setdefault("turns", [])
    for place, turn in enumerate(turns, start=1):
        _show_turn(turn, f"answer-{place}", runtime)
    question = st.chat_input("Ask about your documents", submit_mode="stop", key="question")
    if question:
        turns.append(_ask(runtime, question, where, turns))
        _show_turn(turns[-1], f"answer-{len(turns)}", runtime)
    elif not turns:
        _show_empty(runtime, len(documents))


def _ask(runtime: Runtime, question: str, where: Filter, turns: Sequence[Turn]) -> Turn:
    history = [answer.exchange for turn in turns if (answer := turn.live.answer) is not None]

    def open_stream(stop: threading.Event) -> AnswerStream:
        retriever = runtime.retriever.within(where)
        return stream_answer(question, retriever, history=history, stop=stop)

    return Turn(question, LiveAnswer(open_stream))


def _show_turn(turn: Turn, name: str, runtime: Runtime) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        st.html(markup.question_html(turn.question))
    with st.chat_message("assistant", avatar=":material/menu_book:"):
        if not turn.live.done:
            _watch(turn.live)
            st.rerun()  # at once: if the fragment does it later, the input can stay shut
        try:
            _show_answer(turn.live.result(), name, runtime)
        except DuetError as error:
            st.error(markup.label(str(error)))
        except Exception:  # a bug must not end the conversation
            _logger.exception("A turn cannot be shown")
            st.error("Something went wrong with this answer; the server's log says what.")


def _watch(live: LiveAnswer) -> None:
    """Show the text as it comes. The stop button, like any other, ends this run of the script."""
    _finish_after_stop(live)
    place = st.empty()
    try:
        place.html(markup.writing_html(()))
        while not live.wait(_FRAME):
            # Drawing is what lets Streamlit end the run, so it is done at every look.
            place.html(markup.writing_html(live.sentences))
    finally:
        live.stop()
    place.empty()


@st.fragment(run_every=0.5)
def _finish_after_stop(live: LiveAnswer) -> None:
    """Draw the page once more when the answer is there: a run that was stopped cannot."""
    if live.done:
        st.rerun()


def _show_answer(answer: Answer, name: str, runtime: Runtime) -> None:
    if answer.understood != answer.question:
        st.caption(f"Understood as: {markup.label(answer.understood)}")
    st.html(markup.answer_html(answer, name))
    if answer.notice and answer.kind != "refused":  # a refusal says why itself
        st.caption(f":material/info: {markup.label(answer.notice)}")
    if answer.rejected:
        with st.expander("Left out", icon=":material/block:"):
            st.html(markup.rejected_html(answer.rejected))
    if answer.citations:
        st.html(sources_html(answer, name, runtime.tickets.issue))
    if answer.left_out:
        names = ", ".join(dict.fromkeys(file_name(hit.chunk.source) for hit in answer.left_out))
        passages = markup.passages(len(answer.left_out))
        st.caption(markup.label(f"Left out for length: {passages} of {names}"))


def _show_empty(runtime: Runtime, documents: int) -> None:
    st.html(markup.empty_html(documents))
    for question in runtime.example_questions():
        st.button(
            markup.label(question),
            on_click=_type,
            args=(question,),
            width="stretch",
            icon=":material/chat_bubble:",
        )


def _type(question: str) -> None:
    """Put a question into the input, for the reader to change or send."""
    st.session_state["question"] = question
