"""From a question to an answer whose every citation was checked.

retrieve -> gate -> the telling passages under the model's token budget -> stream -> check -> answer
or quote.
"""

import re
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from app.answering.citations import CheckedText, Citation, check_citations
from app.answering.context import Context, build_context
from app.answering.gate import coverage, relevance
from app.answering.quotes import Quote, best_quotes
from app.answering.reading import Reading, read
from app.answering.sentences import Span
from embedder.chat import REFUSAL, is_refusal
from embedder.encoder import Encoder, LanguageModel
from embedder.errors import DuetError
from retriever import DEFAULT_K, Hit, Mode, Retriever

Kind = Literal["generated", "quoted", "refused", "stopped"]


class QuestionError(DuetError, ValueError):
    """The question cannot be asked as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How much is read, and how sure is sure enough.

    `min_relevance` was chosen with an earlier encoder: it refused 6 % of questions about the
    documents and 50 % of others, of 400 questions of COVID-QA and QED (`benchmarks/refusals.py`).
    A small encoder tells them apart badly: the model's own refusals and `min_quote` stand behind.

    Attributes:
        k: How many passages are retrieved.
        mode: What finds them, see `retriever.search`.
        min_score: Passages below this cosine similarity are not looked at.
        min_relevance: For the best passage: share of the question's words in it (rare ones weigh
            more) plus its similarity (`calibrated`), 0 to 2. Below it the model is not asked.
        min_quote: The same for a sentence that may be quoted.
        sure_coverage: If the best passage holds this share of the question's words, a refusal by
            the model is not believed: small models refuse too often.
        min_sureness: Below it an answer is not believed: how likely the best passage holds one,
            times how sure the model is of its words. Of 60 questions of SQuAD's development set
            78 % got an answer at 0.65, of which 23 % were wrong; 100 % and 33 % at 0.
        max_new_tokens: Longest answer.
    """

    k: int = DEFAULT_K
    mode: Mode = "hybrid"
    min_score: float | None = None
    min_relevance: float = 0.7
    min_quote: float = 0.7
    sure_coverage: float = 0.8
    min_sureness: float = 0.65
    max_new_tokens: int = 512


DEFAULT_POLICY = Policy()

_STOPPED = "Stopped before the end."
_UNSUPPORTED = "Quoted from the documents: they do not support what the model wrote."
_MODEL_REFUSED = (
    "Quoted from the documents: the model gave no answer, these sentences come closest."
)
_UNSURE = "Quoted from the documents: the model is not sure, these sentences come closest."
_NOTHING_FITS = "Quoted from the documents: no passage fits into the model's window."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer and what it rests on.

    Attributes:
        question: What was asked.
        kind: "generated": the model's words, citations checked. "quoted": sentences of the
            documents, because the model's words were not supported. "refused": the documents do
            not say. "stopped": the model's words until stop was pressed.
        text: With numbers like `[1]`.
        notice: What the reader should know about the answer; empty if there is nothing.
        citations: Checked ones, in the order of the text.
        unsupported: Sentences of `text` that their passages do not support.
        sources: The passages that `[1]`, `[2]`, ... stand for.
        left_out: Passages that were found but did not fit into the model's window.
    """

    question: str
    kind: Kind
    text: str
    notice: str = ""
    citations: tuple[Citation, ...] = ()
    unsupported: tuple[Span, ...] = ()
    sources: tuple[Hit, ...] = ()
    left_out: tuple[Hit, ...] = ()


AnswerStream = Generator[str, None, Answer]
"""Yields what the model writes, piece by piece, and returns the answer."""


def answer(
    question: str,
    retriever: Retriever[Encoder],
    model: LanguageModel,
    *,
    source: str | None = None,
    policy: Policy = DEFAULT_POLICY,
) -> Answer:
    """Answer `question` from the index; arguments and errors as in `stream_answer`."""
    return drain(stream_answer(question, retriever, model, source=source, policy=policy))


def drain(stream: AnswerStream, on_text: Callable[[str], object] | None = None) -> Answer:
    """Run `stream` to its end, handing each piece of text to `on_text`."""
    while True:
        try:
            piece = next(stream)
        except StopIteration as end:
            return end.value
        if on_text is not None:
            on_text(piece)


def stream_answer(
    question: str,
    retriever: Retriever[Encoder],
    model: LanguageModel,
    *,
    source: str | None = None,
    stop: threading.Event | None = None,
    policy: Policy = DEFAULT_POLICY,
) -> AnswerStream:
    """Answer `question` from the index, letting the reader watch.

    The text that is yielded is the model's; the answer that is returned in the end may be another
    one, when what the model wrote does not hold.

    Args:
        question: Complete in itself.
        retriever: Finds the passages.
        model: Writes the answer.
        source: Only passages of this file, or of files below this folder (absolute POSIX path).
        stop: Set it (from another thread) to end the answer where it is.
        policy: Thresholds and limits.

    Raises:
        QuestionError: The question is empty, or not Unicode.
        TextTooLongError: It is longer than the encoder reads.
        PromptTooLongError: It does not fit into the model's window.
    """
    question = _checked(question)
    hits = retriever.retrieve(
        question, policy.k, source=source, min_score=policy.min_score, mode=policy.mode
    )
    if relevance(question, hits, model) < policy.min_relevance:
        notice = "No passage is close enough to the question, so the model was not asked."
        return Answer(question=question, kind="refused", text=REFUSAL, notice=notice)
    reading = read(question, hits, model, stop)
    context = build_context(question, reading.hits, model, max_new_tokens=policy.max_new_tokens)
    if _is_set(stop):
        return _answered(question, "stopped", CheckedText("", (), (), 0), context, _STOPPED)
    if not context.sources:
        quotes = best_quotes(question, hits, model, least=policy.min_quote)
        return _quoted(question, hits, quotes, _NOTHING_FITS)
    text, sureness = yield from _generate(model, context, stop)
    checked = check_citations(text, [hit.chunk for hit in context.sources])
    if _is_set(stop):
        return _answered(question, "stopped", checked, context, _STOPPED)
    doubt = _doubt(text, checked, policy) or _unsure(question, text, sureness, reading, policy)
    if doubt:
        unread = [hit for hit in hits if hit not in reading.hits]
        sources = [*context.sources, *unread]
        quotes = best_quotes(question, sources, model, least=doubt.min_quote)
        given = _quoted(question, sources, quotes, doubt.notice, checked.citations)
        return replace(given, left_out=context.left_out)
    if is_refusal(text):
        checked = CheckedText(REFUSAL, (), (), 0)
    return _answered(question, "refused" if is_refusal(text) else "generated", checked, context)


def _checked(question: str) -> str:
    question = question.strip()
    if not question:
        msg = "The question is empty. Ask something about the documents."
        raise QuestionError(msg)
    try:
        question.encode()
    except UnicodeEncodeError as error:  # bytes of a command line that are not UTF-8
        msg = (
            "The question has bytes that are not UTF-8. Type it anew, or set the terminal to UTF-8."
        )
        raise QuestionError(msg) from error
    return question


def _is_set(stop: threading.Event | None) -> bool:
    return stop is not None and stop.is_set()


def _generate(
    model: LanguageModel, context: Context, stop: threading.Event | None
) -> Generator[str, None, tuple[str, float]]:
    """The text, and how sure the model is of it."""
    text = ""
    limit = context.answer_tokens
    reply = model.stream(context.messages, max_new_tokens=limit, stop=stop, answering=True)
    for piece in reply:
        text += piece
        yield piece
        if _loops(text):
            break
    return text, reply.sureness


class _Doubt(NamedTuple):
    """Why what the model wrote is not shown, and how near a sentence must be to be quoted."""

    notice: str
    min_quote: float


def _doubt(text: str, checked: CheckedText, policy: Policy) -> _Doubt | None:
    """Words that their passages do not support."""
    if is_refusal(text):
        return None
    supported = checked.sentences - len(checked.unsupported)
    if not supported or 2 * len(checked.unsupported) > supported or _loops(text):
        return _Doubt(_UNSUPPORTED, policy.min_quote)
    return None


def _unsure(
    question: str, text: str, sureness: float, reading: Reading, policy: Policy
) -> _Doubt | None:
    """A refusal where an answer seems to stand, or an answer that is little more than a guess.

    Where a passage alone seems to hold an answer, the closest sentences are better than nothing.
    """
    tells = reading.doubt is not None and reading.doubt < 0.5
    if is_refusal(text):
        if tells:
            return _Doubt(_MODEL_REFUSED, 0.0)
        if coverage(question, reading.hits) >= policy.sure_coverage:
            return _Doubt(_MODEL_REFUSED, policy.min_quote)
        return None
    if reading.doubt is None or (1 - reading.doubt) * sureness >= policy.min_sureness:
        return None
    return _Doubt(_UNSURE, 0.0 if tells else policy.min_quote)


def _loops(text: str) -> bool:
    """Whether the text ends in the same words three times over, as a model that is stuck does.

    Dashes and bars may repeat: rules and the lines of tables are made of them.
    """
    loop = re.search(r"(.{8,120}?)\1\1$", text[-400:], re.DOTALL)
    return loop is not None and any(character.isalpha() for character in loop[1])


def _answered(
    question: str, kind: Kind, checked: CheckedText, context: Context, notice: str = ""
) -> Answer:
    return Answer(
        question=question,
        kind=kind,
        text=checked.text,
        notice=notice,
        citations=checked.citations,
        unsupported=checked.unsupported,
        sources=context.sources,
        left_out=context.left_out,
    )


def _quoted(
    question: str,
    sources: Sequence[Hit],
    quotes: Sequence[Quote],
    notice: str,
    first: Sequence[Citation] = (),
) -> Answer:
    """The sentences that come closest; that of `first`, on which doubtful words rest, leads."""
    found = [Citation(quote.number, quote.chunk, *quote.span) for quote in quotes]
    citations = list({c.quote: c for c in (*first[:1], *found)}.values())
    lines = [f"“{' '.join(c.quote.split())}” [{c.number}]" for c in citations]
    return Answer(
        question=question,
        kind="quoted" if citations else "refused",
        text="\n\n".join(lines) or REFUSAL,
        notice=notice if citations else "",
        citations=tuple(citations),
        sources=tuple(sources),
    )
