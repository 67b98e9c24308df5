"""From a question to an answer whose every sentence was checked.

complete a follow-up -> retrieve -> gate -> the telling passages under the model's token budget ->
write, checking each sentence -> an answer, quotes instead, or a refusal with what comes closest
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

from app.answering.answer import OFF_TOPIC, Answer, Sentence
from app.answering.check.codes import defines
from app.answering.check.support import Citation
from app.answering.collection import about_collection, is_about_collection
from app.answering.context import build_context
from app.answering.conversation.followup import Exchange, understood
from app.answering.draft import Draft
from app.answering.ending import Ending
from app.answering.expected import may_answer
from app.answering.gate import Relation, coverage, relation
from app.answering.policy import DEFAULT_POLICY, Policy
from app.answering.quotes import with_following
from app.answering.reading import Reader, Reading, read
from app.answering.writing import Writing
from embedder.encoder import Encoder, LanguageModel, StopSignal
from embedder.errors import DuetError, ReplyError
from retriever import Retriever


class QuestionError(DuetError, ValueError):
    """The question cannot be asked as it stands."""


_NO_DOUBT = 0.5
"""Of the best passage: its sentences are not read once more. This spares half of 62 questions that
were answered by quotes; of 8 whose quotes were all refused, that doubt was 0.8 or more."""
_NOTHING = "No passage was found where the search was to look."
_NOT_FOUND = "None of the passages that were found seems to answer it."
_UNSUPPORTED = "In the documents' own words: the model's did not hold."
_UNSURE = "In the documents' own words, the closest first: the model is not sure of an answer."
_UNWRITTEN = "In the documents' own words: no answer was written."
_TOO_LONG = "In the documents' own words: no passage fits into the model's window."

AnswerStream = Generator[Sentence, None, Answer]
"""Yields each sentence when it is written and checked, and returns the whole answer."""


def ask(
    question: str,
    retriever: Retriever[LanguageModel],
    *,
    history: Sequence[Exchange] = (),
    policy: Policy = DEFAULT_POLICY,
) -> Answer:
    """Answer `question` from the index; arguments and errors as in `stream_answer`."""
    return drain(stream_answer(question, retriever, history=history, policy=policy))


def drain(stream: AnswerStream, on_sentence: Callable[[Sentence], object] | None = None) -> Answer:
    """Run `stream` to its end, handing each sentence to `on_sentence`."""
    while True:
        try:
            sentence = next(stream)
        except StopIteration as end:
            return end.value
        if on_sentence is not None:
            on_sentence(sentence)


def stream_answer(
    question: str,
    retriever: Retriever[LanguageModel],
    *,
    history: Sequence[Exchange] = (),
    stop: StopSignal | None = None,
    policy: Policy = DEFAULT_POLICY,
) -> AnswerStream:
    """Answer `question` from the index, sentence by sentence.

    What is yielded stands in the answer in the end: nothing is shown and taken back.

    Args:
        question: What is asked; it may refer back to `history`.
        retriever: Finds the passages, of a part of the index if it is one `within` that; its model
            writes the answer.
        history: What was asked and answered before, oldest first.
        stop: Set it (from another thread) to end the answer where it is.
        policy: Thresholds and limits.

    Raises:
        QuestionError: The question is empty, or not Unicode.
        TextTooLongError: It is longer than the encoder reads.
        PromptTooLongError: It does not fit into the model's window.
        ReplyError: Another program writes, and does not, and no sentence is near enough to quote.
    """
    asked, model, ending = _checked(question), retriever.model, Ending(stop, policy.max_seconds)
    if is_about_collection(asked):
        return about_collection(asked, retriever.index, retriever.where)
    question = _understood(asked, history, model)
    reader = Reader(question, model)
    hits = retriever.retrieve(question, policy.k, min_score=policy.min_score, mode=policy.mode)
    related = relation(question, hits, retriever, policy)
    if related is None:
        notice = OFF_TOPIC if hits else _NOTHING
        draft = Draft(asked, reader, hits, read_on=lambda: False)
        draft.finding = ending.elapsed
        return draft.refused(notice)
    reading = read(reader, hits, ending)
    context = build_context(question, reading.hits, model, max_new_tokens=policy.max_new_tokens)
    sources = [*context.sources, *(hit for hit in hits if hit not in context.sources)]
    draft = Draft(asked, reader, sources, context.left_out, lambda: not ending.is_set())
    draft.finding = ending.elapsed
    writing = Writing(
        model, context, question, lambda sureness: _is_sure(reading, sureness, policy), ending
    )
    if context.sources and not ending.is_set():
        for sentence in writing:
            yield draft.add(sentence)
    draft.rejected = writing.rejected
    if ending.is_set():
        return draft.answer("stopped", ending.reason)
    if draft.sentences and not writing.problem:
        return draft.answer("generated", _dropped(len(writing.rejected)))
    if not context.sources:
        return draft.quoted(_TOO_LONG, policy.min_quote) or draft.refused(_NOT_FOUND)
    answer = _instead(draft, writing, reading, related, policy)
    return draft.answer("stopped", ending.reason) if ending.is_set() else answer


def _instead(
    draft: Draft,
    writing: Writing,
    reading: Reading,
    related: Relation,
    policy: Policy,
) -> Answer:
    """Quotes where an answer seems to stand in the passages, else a refusal."""
    if writing.problem:
        return _broken_off(draft, writing.problem, policy)
    tells = reading.doubt is not None and reading.doubt <= policy.most_doubt
    given = None
    if not writing.refused or (
        not draft.reader.model.trusted_to_refuse and (tells or _is_near(reading, related, policy))
    ):
        notice = _UNSURE if writing.refused or writing.guess else _UNSUPPORTED
        given = draft.quoted(notice, 0.0 if tells else policy.min_quote, writing.guess)
    if given is None:
        return draft.refused(_NOT_FOUND, writing.guess)
    if not _seems_to_answer(given.quotes, draft.reader, reading, policy):
        return replace(given, kind="refused", notice=_NOT_FOUND)
    return given


def _is_near(reading: Reading, related: Relation, policy: Policy) -> bool:
    """Whether the passages are so near to the question that a refusal is not believed."""
    covered = coverage(related.question, reading.hits) >= policy.sure_coverage
    return covered or (related.gain or 0.0) >= policy.sure_gain


def _seems_to_answer(
    quotes: Sequence[Citation], reader: Reader, reading: Reading, policy: Policy
) -> bool:
    """Whether one of the quotes may be an answer; each is read where the passage leaves a doubt."""
    if any(defines(reader.question, quote.quote) for quote in quotes):
        return True
    possible = [quote for quote in quotes if may_answer(reader.question, quote.quote)]
    if reading.doubt is None or reading.doubt <= _NO_DOUBT:
        return bool(possible)
    doubts = (reader.doubt(with_following(quote)) for quote in possible)
    return any(doubt is not None and doubt <= policy.most_quote_doubt for doubt in doubts)


def _broken_off(draft: Draft, problem: ReplyError, policy: Policy) -> Answer:
    """What is written and checked by then; else the documents' own words, and why.

    That these do not say is never told then: nobody has read them.

    Raises:
        ReplyError: There is neither.
    """
    if draft.sentences:
        return draft.answer("stopped", str(problem))
    quoted = draft.quoted(f"{_UNWRITTEN} {problem}", policy.min_quote)
    if quoted is None:
        raise problem
    return quoted


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


def _understood(question: str, history: Sequence[Exchange], model: Encoder) -> str:
    complete = understood(question, history)
    return complete if model.count_tokens(complete) <= model.max_tokens else question


def _is_sure(reading: Reading, sureness: float, policy: Policy) -> bool:
    return reading.doubt is None or (1 - reading.doubt) * sureness >= policy.min_sureness


def _dropped(count: int) -> str:
    if not count:
        return ""
    if count == 1:
        return "A sentence of the model's was left out: the documents do not support it."
    return f"{count} sentences of the model's were left out: the documents do not support them."
