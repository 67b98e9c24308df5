"""Checking an answer against the passages that it cites."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.sentences import Span, sentence_spans
from app.words import content_words, numbers
from retriever import Chunk

# "[2]", "[1, 3]"; the text before it tells `items[2]` in quoted code from a citation.
MARKER = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")

_SUPPORT = 0.7  # share of a sentence's content words that its passages must hold
_WINDOW = 3  # sentences of a passage that together may support one sentence of the answer


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that supports the answer, and the exact place where it does.

    Attributes:
        number: As the answer writes it: `[number]`.
        chunk: The passage.
        start: Where the supporting words begin in `chunk.text`.
        end: Where they end.
    """

    number: int
    chunk: Chunk
    start: int
    end: int

    @property
    def quote(self) -> str:
        """The supporting words, exactly as they stand in the passage."""
        return self.chunk.text[self.start : self.end]

    @property
    def document_span(self) -> Span:
        """Where the supporting words stand in the document's normalised text."""
        return Span(self.chunk.start + self.start, self.chunk.start + self.end)


@dataclass(frozen=True, slots=True)
class CheckedText:
    """What is left of an answer after its citations were checked.

    Attributes:
        text: The answer without the numbers that name no passage.
        citations: Supported ones, in the order of the text, each quote once.
        unsupported: Sentences of `text` whose words are not in the passages they cite, or that
            cite none.
        sentences: How many sentences of `text` claim something.
    """

    text: str
    citations: tuple[Citation, ...]
    unsupported: tuple[Span, ...]
    sentences: int


def check_citations(text: str, passages: Sequence[Chunk]) -> CheckedText:
    """Compare each sentence of `text` with the passages that it cites.

    A sentence is supported if nearly all its content words, and every figure, stand in the
    passages that it cites. A sentence without a number goes by the next number in its paragraph.

    Args:
        text: What the model wrote.
        passages: What it was given; `[n]` cites the n-th, from 1.
    """
    text = _without_unknown(text, len(passages)).strip()
    spans = sentence_spans(text)
    citations: list[Citation] = []
    unsupported: list[Span] = []
    claims = 0
    for span, cited in zip(spans, _cited(text, spans, len(passages)), strict=True):
        claim = MARKER.sub(" ", span.of(text))
        if not content_words(claim):
            continue
        claims += 1
        sources = [passages[number - 1] for number in cited]
        if _supported(claim, sources):
            citations += map(_cite, cited, sources, [claim] * len(cited))
        else:
            unsupported.append(span)
    return CheckedText(text, tuple(dict.fromkeys(citations)), tuple(unsupported), claims)


def _without_unknown(text: str, known: int) -> str:
    def keep(match: re.Match[str]) -> str:
        glued = match.start() > 0 and text[match.start() - 1].isalnum()
        found = [int(number) for number in re.findall(r"\d+", match[1])]
        kept = [number for number in found if 1 <= number <= known]
        if kept == found or (glued and not kept):  # `items[0]` is code, not a citation
            return match[0]
        return "".join(f"[{number}]" for number in kept)

    return re.sub(r"[ \t]+(?=[.,;!?]|$)", "", MARKER.sub(keep, text), flags=re.MULTILINE)


def _cited(text: str, spans: Sequence[Span], known: int) -> list[list[int]]:
    """The numbers each sentence goes by: its own, else the next sentence's in the paragraph."""
    result: list[list[int]] = []
    following: list[int] = []
    paragraph_end = len(text)
    for span in reversed(spans):
        if "\n\n" in text[span.end : paragraph_end]:
            following = []
        markers = " ".join(MARKER.findall(span.of(text)))
        own = dict.fromkeys(int(number) for number in re.findall(r"\d+", markers))
        following = [number for number in own if 1 <= number <= known] or following
        result.append(following)
        paragraph_end = span.start
    return result[::-1]


def _supported(claim: str, sources: Sequence[Chunk]) -> bool:
    around = " ".join(" ".join((c.title, *c.headings, c.text)) for c in sources)
    words = set(content_words(claim))
    held = words & set(content_words(around))
    return len(held) >= _SUPPORT * len(words) and numbers(claim) <= numbers(around)


def _cite(number: int, chunk: Chunk, claim: str) -> Citation:
    """Cite the fewest neighbouring sentences of the chunk that hold the most of the claim."""
    wanted = set(content_words(claim))
    spans = sentence_spans(chunk.text) or [Span(0, len(chunk.text))]
    windows = [
        Span(first.start, last.end)
        for size in range(1, _WINDOW + 1)
        for first, last in zip(spans, spans[size - 1 :], strict=False)
    ]
    best = max(windows, key=lambda span: len(wanted & set(content_words(span.of(chunk.text)))))
    return Citation(number, chunk, best.start, best.end)
