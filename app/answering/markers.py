"""`[n]` in an answer: which of them cite a passage, and which stand in the document itself."""

import re
from collections.abc import Container, Sequence

from app.answering.sentences import Span
from retriever import Chunk

_BRACKET = r"\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]"

# "[2]", "[1, 3]", "[1][3]". Glued to a word it is a citation only where a clause ends (or, on the
# page, an element): the number in "items[2] is" is code.
MARKER = re.compile(
    rf"(?:(?<![A-Za-z0-9_\]])|(?P<glued>)(?=(?:{_BRACKET})+(?:[.,;:!?)<]|$)))(?:{_BRACKET})+",
    re.MULTILINE,
)
_SPACED_MARKER = re.compile(rf"(?P<space>[ \t]*)(?P<marker>{MARKER.pattern})", re.MULTILINE)
_PIECE = re.compile(rf"{_BRACKET}|[^\W_]+")
_NEAR = 2  # words before a bracket (at a text's start: after it) that tell its place


def marked_numbers(text: str, own: Sequence[Span] = ()) -> list[int]:
    """The numbers in the markers of `text`, each once, without those in the brackets `own`."""
    found = (
        n for bracket in _brackets(text) if bracket not in own for n in _numbers(bracket, text)
    )
    return list(dict.fromkeys(found))


def own_brackets(text: str, passages: Sequence[Chunk]) -> list[Span]:
    """The brackets of `text` that were copied with the words around them: "a fifth [2]" in a paper.

    A bracket is the document's own where a passage has the same one after the same two words. What
    the model adds behind them ("a fifth [2]. [1]") is not.
    """
    if not (brackets := _brackets(text)):
        return []
    pieces, places = _pieces(text)
    around = [_around(pieces, places.index(bracket)) for bracket in brackets if bracket in places]
    copied = _copied(around, passages)
    inside = (bracket for bracket in brackets if bracket in places)
    return [bracket for bracket, near in zip(inside, around, strict=True) if near in copied]


def without_markers(text: str) -> str:
    """`text` with a space for each marker."""
    return MARKER.sub(" ", text)


def with_only(numbers: Container[int], text: str, own: Sequence[Span] = ()) -> str:
    """`text` with no other numbers in its markers; one without any goes, with the space before.

    Args:
        numbers: These stay.
        text: With markers.
        own: Brackets that stay as they are.
    """

    def keep(match: re.Match[str]) -> str:
        start = match.start("marker")
        brackets = [Span(start + b.start, start + b.end) for b in _brackets(match["marker"])]
        found = [n for b in brackets if b not in own for n in _numbers(b, text)]
        kept = [number for number in dict.fromkeys(found) if number in numbers]
        if kept == found or (match["glued"] is not None and not kept):  # may be code, too
            return match[0]
        copied = "".join(bracket.of(text) for bracket in brackets if bracket in own)
        marker = copied + "".join(f"[{number}]" for number in kept)
        return match["space"] + marker if marker else ""

    return _SPACED_MARKER.sub(keep, text)


def _brackets(text: str) -> list[Span]:
    return [
        Span(marker.start() + bracket.start(), marker.start() + bracket.end())
        for marker in MARKER.finditer(text)
        for bracket in re.finditer(_BRACKET, marker[0])
    ]


def _numbers(bracket: Span, text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", bracket.of(text))]


def _pieces(text: str) -> tuple[list[str], list[Span]]:
    """The words and brackets of `text`, as they are compared, and where they stand."""
    found = list(_PIECE.finditer(text))
    return (
        ["".join(piece[0].casefold().split()) for piece in found],
        [Span(*piece.span()) for piece in found],
    )


def _around(pieces: Sequence[str], place: int) -> tuple[str, ...]:
    if place >= _NEAR:
        return tuple(pieces[place - _NEAR : place + 1])
    return tuple(pieces[: place + 1 + _NEAR])


def _copied(around: Sequence[tuple[str, ...]], passages: Sequence[Chunk]) -> set[tuple[str, ...]]:
    copied: set[tuple[str, ...]] = set()
    for passage in passages:
        pieces, _ = _pieces(passage.text)
        copied |= {
            near
            for near in around
            if len(near) > 1
            for start in range(len(pieces) - len(near) + 1)
            if tuple(pieces[start : start + len(near)]) == near
        }
    return copied
