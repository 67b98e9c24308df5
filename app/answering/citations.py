"""Checking an answer against the passages that it cites."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.answering.markers import MARKER, marked_numbers, own_brackets, with_only, without_markers
from app.answering.sentences import LIST_NUMBER, Span, sentence_spans
from app.answering.support import Citation, supporting
from retriever import Chunk
from retriever.words import content_words

__all__ = ["MARKER", "CheckedText", "Citation", "check_citations", "marked_numbers"]


@dataclass(frozen=True, slots=True)
class CheckedText:
    """What is left of an answer after its citations were checked.

    Attributes:
        text: The answer without the numbers that name no passage, and in supported sentences
            without those that the sentence does not rest on.
        citations: Supported ones, in the order of the text, each quote once.
        unsupported: Sentences of `text` whose words are not in the passages they cite, or that
            cite none.
        sentences: How many sentences of `text` claim something.
    """

    text: str
    citations: tuple[Citation, ...]
    unsupported: tuple[Span, ...]
    sentences: int


def check_citations(text: str, passages: Sequence[Chunk], *, asked: str = "") -> CheckedText:
    """Compare each sentence of `text` with the passages that it cites (`support.supporting`).

    A sentence without a number goes by the next number in its paragraph; one that only leads in
    ("Here is the list:") claims nothing. Numbers in brackets that were copied out of a passage
    with the words around them are text, unless they are all that a sentence has to go by.

    Args:
        text: What the model wrote.
        passages: What it was given; `[n]` cites the n-th, from 1.
        asked: The question, which a short answer completes.
    """
    known = range(1, len(passages) + 1)
    text = with_only(known, text, own_brackets(text, passages)).strip()
    own = own_brackets(text, passages)
    checked = ""
    citations: list[Citation] = []
    unsupported: list[Span] = []
    claims = position = 0
    for sentence in _cited(text, own, known):
        checked += text[position : sentence.span.start]
        position = sentence.span.end
        written = sentence.span.of(text)
        claim = _claim(written)
        if content_words(claim):
            claims += 1
            support = supporting(claim, sentence.numbers, passages, asked)
            citations += support
            if support:
                written = with_only(
                    {citation.number for citation in support}, written, sentence.own
                )
            else:
                unsupported.append(Span(len(checked), len(checked) + len(written)))
        checked += written
    return CheckedText(checked, tuple(dict.fromkeys(citations)), tuple(unsupported), claims)


class _Sentence(NamedTuple):
    """A sentence of the answer.

    Attributes:
        span: Where it stands.
        own: Brackets in it that are not citations, as offsets in it.
        numbers: What it cites.
    """

    span: Span
    own: list[Span]
    numbers: list[int]


def _cited(text: str, own: Sequence[Span], known: Container[int]) -> list[_Sentence]:
    """The sentences, each with its own numbers, else the next sentence's in the paragraph.

    Where there are none either, brackets that were copied may be meant as citations after all.
    """
    result: list[_Sentence] = []
    following: list[int] = []
    paragraph_end = len(text)
    for span in reversed(sentence_spans(text)):
        if "\n\n" in text[span.end : paragraph_end]:
            following = []
        inside = [
            Span(bracket.start - span.start, bracket.end - span.start)
            for bracket in own
            if span.start <= bracket.start < span.end
        ]
        numbers = [n for n in marked_numbers(span.of(text), inside) if n in known]
        following = numbers or following
        if inside and not following:
            meant = [n for n in marked_numbers(span.of(text)) if n in known]
            result.append(_Sentence(span, [], meant))
        else:
            result.append(_Sentence(span, inside, following))
        paragraph_end = span.start
    return result[::-1]


def _claim(sentence: str) -> str:
    """What a sentence says, without markers and list number; nothing if it only leads in."""
    if sentence.rstrip("*_").endswith((":", "：")) and not MARKER.search(sentence):
        return ""
    claim = without_markers(sentence)
    number = LIST_NUMBER.match(claim)
    return claim[number.end() :] if number else claim
