"""`[n]` in an answer: which of them cite a passage, and which stand in the document itself."""

import re
from collections.abc import Collection, Container, Sequence

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


def marked_numbers(text: str, own: Collection[Span] = ()) -> list[int]:
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
    pieces = _pieces(text)
    numbers = {span: number for number, (_, span) in enumerate(pieces)}
    around = {
        bracket: _around([piece for piece, _ in pieces], numbers[bracket])
        for bracket in brackets
        if bracket in numbers
    }
    copied = _copied(set(around.values()), passages)
    return [bracket for bracket, near in around.items() if near in copied]


def without_markers(text: str) -> str:
    """`text` with a space for each marker."""
    return MARKER.sub(" ", text)


def with_only(numbers: Container[int], text: str, own: Collection[Span] = ()) -> str:
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


def _pieces(text: str) -> list[tuple[str, Span]]:
    """The words and brackets of `text`, as they are compared, and where they stand."""
    return [
        ("".join(found[0].casefold().split()), Span(*found.span()))
        for found in _PIECE.finditer(text)
    ]


def _around(pieces: Sequence[str], number: int) -> tuple[str, ...]:
    """A bracket with the words before it; after it where it opens the text."""
    start = number - _NEAR
    return tuple(pieces[start : number + 1] if start >= 0 else pieces[: number + 1 + _NEAR])


def _copied(around: Collection[tuple[str, ...]], passages: Sequence[Chunk]) -> set[tuple[str, ...]]:
    """Those of `around` that stand in a passage."""
    copied: set[tuple[str, ...]] = set()
    for passage in passages:
        pieces = [piece for piece, _ in _pieces(passage.text)]
        for size in {len(near) for near in around if len(near) > 1}:
            runs = (tuple(pieces[start : start + size]) for start in range(len(pieces)))
            copied.update(run for run in runs if run in around)
    return copied
