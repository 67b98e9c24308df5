"""The sentences of a text that a model writes, and the passages that each cites."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.answering.check.markers import (
    MARKER,
    marked_numbers,
    own_brackets,
    with_only,
    without_markers,
)
from app.answering.sentences import LIST_NUMBER, Span, sentence_spans
from retriever import Chunk
from retriever.words import content_words


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence, and what it cites.

    Attributes:
        span: Where it stands.
        text: As it is written, but without its citations.
        claim: What it says; nothing if it only leads in ("Here is the list:").
        numbers: The passages that it cites, from 1.
    """

    span: Span
    text: str
    claim: str
    numbers: tuple[int, ...]


def cited_sentences(text: str, passages: Sequence[Chunk]) -> list[CitedSentence]:
    """The sentences of `text`, each with its own numbers, else the next one's in the paragraph.

    Numbers in brackets that were copied out of a passage with the words around them are text,
    unless they are all that a sentence has to go by. Those of no passage are left out.

    Args:
        text: What the model wrote.
        passages: What it was given; `[n]` cites the n-th, from 1.
    """
    own = own_brackets(text, passages)
    result: list[CitedSentence] = []
    following: tuple[int, ...] = ()
    paragraph_end = len(text)
    for span in reversed(sentence_spans(text)):
        if "\n\n" in text[span.end : paragraph_end]:
            following = ()
        written = span.of(text)
        inside = [
            Span(bracket.start - span.start, bracket.end - span.start)
            for bracket in own
            if span.start <= bracket.start < span.end
        ]
        following = _known(marked_numbers(written, inside), passages) or following
        numbers = following
        if inside and not numbers:
            numbers, inside = _known(marked_numbers(written), passages), []
        plain = with_only((), written, inside).strip()
        result.append(CitedSentence(span, plain, _claim(written), numbers))
        paragraph_end = span.start
    return result[::-1]


def _known(numbers: Sequence[int], passages: Sequence[Chunk]) -> tuple[int, ...]:
    return tuple(number for number in numbers if 1 <= number <= len(passages))


def _claim(sentence: str) -> str:
    """What a sentence says, without markers and list number; nothing if it only leads in."""
    if sentence.rstrip("*_").endswith((":", "：")) and not MARKER.search(sentence):
        return ""
    claim = without_markers(sentence)
    number = LIST_NUMBER.match(claim)
    claim = claim[number.end() :] if number else claim
    return claim if content_words(claim) else ""
