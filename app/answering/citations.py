"""Checking an answer against the passages that it cites."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

from app.answering.sentences import LIST_NUMBER, Span, sentence_spans
from app.answering.words import numbers
from retriever import Chunk
from retriever.words import content_words

_BRACKET = r"\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]"

# "[2]", "[1, 3]", "[1][3]". Glued to a word it is a citation only where a clause ends (or, on the
# page, an element): the number in "items[2] is" is code.
MARKER = re.compile(
    rf"(?:(?<![A-Za-z0-9_\]])|(?P<glued>)(?=(?:{_BRACKET})+(?:[.,;:!?)<]|$)))(?:{_BRACKET})+",
    re.MULTILINE,
)
_SPACED_MARKER = re.compile(rf"(?P<space>[ \t]*)(?P<marker>{MARKER.pattern})", re.MULTILINE)

_SUPPORT = 0.7  # share of a sentence's content words that its passages must hold
_PART = 0.2  # share of them that a quote must hold to be worth its number
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


def check_citations(text: str, passages: Sequence[Chunk]) -> CheckedText:
    """Compare each sentence of `text` with the passages that it cites.

    A sentence is supported if nearly all its content words, and every figure, stand in the
    passages that it cites. A sentence without a number goes by the next number in its paragraph;
    one that only leads in ("Here is the list:") claims nothing.

    Args:
        text: What the model wrote.
        passages: What it was given; `[n]` cites the n-th, from 1.
    """
    known = range(1, len(passages) + 1)
    text = _with_only(known, text).strip()
    spans = sentence_spans(text)
    checked = ""
    citations: list[Citation] = []
    unsupported: list[Span] = []
    claims = position = 0
    for span, cited in zip(spans, _cited(text, spans, known), strict=True):
        checked += text[position : span.start]
        position = span.end
        sentence = span.of(text)
        claim = _claim(sentence)
        if content_words(claim):
            claims += 1
            support = _support(claim, [_cite(n, passages[n - 1], claim) for n in cited])
            citations += support
            if support:
                sentence = _with_only([citation.number for citation in support], sentence)
            else:
                unsupported.append(Span(len(checked), len(checked) + len(sentence)))
        checked += sentence
    return CheckedText(checked, tuple(dict.fromkeys(citations)), tuple(unsupported), claims)


def marked_numbers(text: str) -> list[int]:
    """The numbers in the markers of `text`, each once."""
    markers = " ".join(match[0] for match in MARKER.finditer(text))
    return list(dict.fromkeys(int(number) for number in re.findall(r"\d+", markers)))


def _with_only(numbers: Container[int], text: str) -> str:
    """`text` with no other numbers in its markers; one without any goes, with the space before."""

    def keep(match: re.Match[str]) -> str:
        found = marked_numbers(match["marker"])
        kept = [number for number in found if number in numbers]
        if kept == found or (match["glued"] is not None and not kept):  # may be code, too
            return match[0]
        return match["space"] + "".join(f"[{number}]" for number in kept) if kept else ""

    return _SPACED_MARKER.sub(keep, text)


def _cited(text: str, spans: Sequence[Span], known: Container[int]) -> list[list[int]]:
    """The numbers each sentence goes by: its own, else the next sentence's in the paragraph."""
    result: list[list[int]] = []
    following: list[int] = []
    paragraph_end = len(text)
    for span in reversed(spans):
        if "\n\n" in text[span.end : paragraph_end]:
            following = []
        own = [number for number in marked_numbers(span.of(text)) if number in known]
        following = own or following
        result.append(following)
        paragraph_end = span.start
    return result[::-1]


def _claim(sentence: str) -> str:
    """What a sentence says, without markers and list number; nothing if it only leads in."""
    if sentence.rstrip("*_").endswith((":", "：")) and not MARKER.search(sentence):
        return ""
    claim = MARKER.sub(" ", sentence)
    number = LIST_NUMBER.match(claim)
    return claim[number.end() :] if number else claim


def _support(claim: str, cited: Sequence[Citation]) -> list[Citation]:
    """Those of `cited` that `claim` rests on; none if their passages do not hold it.

    A number stays if its quote holds the claim by itself, or a part of it that the others lack.
    """
    wanted = set(content_words(claim))
    quoted = {c.number: wanted & _words(c.chunk, c.quote) for c in cited}
    around = {c.number: wanted & _words(c.chunk, c.chunk.text) for c in cited}
    if not _holds(claim, set[str]().union(*around.values())):
        return []
    for number in sorted(quoted, key=lambda number: len(quoted[number])):
        others = set[str]().union(*(words for other, words in around.items() if other != number))
        part = quoted[number] - others and len(quoted[number]) >= _PART * len(wanted)
        if not part and not _holds(claim, quoted[number]) and _holds(claim, others):
            del around[number]
    return [citation for citation in cited if citation.number in around]


def _holds(claim: str, words: set[str]) -> bool:
    wanted = set(content_words(claim))
    return len(wanted & words) >= _SUPPORT * len(wanted) and numbers(claim) <= words


def _words(chunk: Chunk, text: str) -> set[str]:
    return set(content_words(" ".join((chunk.title, *chunk.headings, text))))


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
