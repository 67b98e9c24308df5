"""Headings of a PDF without an outline: short lines in letters larger than those of its text.

Twelve web pages with 441 headings, printed by a browser: all of the 352 lines found are headings;
the letters of those that are missed are hardly larger than the text's.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ingest.parsers.pdf_characters import Character
from ingest.parsers.pdf_columns import lines_of

_LARGER = 1.12
"""A heading's letters are at least so many times as large as the text's."""
_LEAST_TEXT = 0.6
"""So large a part of the letters has the size of the text; forms and posters have no such size."""
_MOST_HEADINGS = 0.15  # of the letters
_MOST_LINES = 3
_LONGEST = 120  # characters of a line
_LEAST_LETTERS = 3  # of ASCII; a letter of Chinese counts as three
_RUNNING, _RUN = 3, 5
"""A line that stands on three of five pages, but for its figures, is their header or footer."""
_NEAR = 1.8  # of the size: lines of one heading are no further apart
_NUMBER = re.compile(r"(?:\d|[IVXLC]+[. ]|[A-Z][. ])")
_FIGURES = re.compile(r"\d+")
_NO_HEADING = re.compile(r"[.,;]$|\.{3}|(?:\. ){3}")


class Line(NamedTuple):
    """A line of a page.

    Attributes:
        text: Its words.
        size: Of most of its letters, in half points.
        is_even: Whether all are of this size, and upright.
        base: Its height on the page, in points.
    """

    text: str
    size: int
    is_even: bool
    base: float


def lines(characters: Sequence[Character]) -> list[Line]:
    """The lines of a page, in the order of PDFium."""
    return [line for each in lines_of(characters) if (line := _line(each))]


def _line(characters: Sequence[Character]) -> Line | None:
    printed = [c for c in characters if not c.generated and c.text.strip()]
    if not printed:
        return None
    sizes = Counter(round(2 * c.size) for c in printed)
    is_even = len(sizes) == 1 and not any(c.turned for c in printed)
    text = " ".join("".join(c.text for c in characters).split())
    return Line(text, sizes.most_common(1)[0][0], is_even, printed[0].base)


def headings(pages: Sequence[Sequence[Line]]) -> list[tuple[int, str, int]]:
    """(Level, title, page index) of what is set as a heading, in order; levels are by size."""
    letters = Counter[int]()
    for page in pages:
        for line in page:
            letters[line.size] += len(line.text)
    total = letters.total()
    text_size = letters.most_common(1)[0][0] if letters else 0
    if letters[text_size] < _LEAST_TEXT * total:
        return []
    running = _running(pages)
    found = [
        (block[0].size, " ".join(line.text for line in block), number)
        for number, page in enumerate(pages)
        for block in _blocks(page, _LARGER * text_size)
        if not any(_kind(line) in running for line in block)
    ]
    if sum(len(title) for _, title, _ in found) > _MOST_HEADINGS * total:
        return []
    sizes = sorted({size for size, _, _ in found}, reverse=True)
    return [(sizes.index(size) + 1, title, number) for size, title, number in found]


def _kind(line: Line) -> tuple[str, int]:
    return _FIGURES.sub("", line.text), line.size


def _running(pages: Sequence[Sequence[Line]]) -> set[tuple[str, int]]:
    """The headers and footers of pages; those that name a chapter are smaller than its heading."""
    places: dict[tuple[str, int], list[int]] = {}
    for number, page in enumerate(pages):
        for kind in {_kind(line) for line in page}:
            places.setdefault(kind, []).append(number)
    return {kind for kind, on in places.items() if is_running(on)}


def is_running(pages: Sequence[int]) -> bool:
    """Whether what stands on these pages, by index, is on three of five somewhere."""
    nearby = zip(pages, pages[_RUNNING - 1 :], strict=False)
    return any(last - first < _RUN for first, last in nearby)


def _blocks(page: Sequence[Line], least: float) -> Iterator[Sequence[Line]]:
    """Yields the lines of each heading of a page: what is smaller, the text, comes below it."""
    start = 0
    while start < len(page):
        end = start + 1
        while end < len(page) and _is_one(page[end - 1], page[end]):
            end += 1
        block = page[start:end]
        is_large = block[0].size >= least and len(block) <= _MOST_LINES
        if is_large and all(map(_may_head, block)) and _stands_above_text(page, start, end):
            yield block
        start = end


def _stands_above_text(page: Sequence[Line], start: int, end: int) -> bool:
    size = page[start].size
    if end == len(page):  # the text begins on the next page; a drawing has several such words
        return start == 0 or page[start - 1].size != size
    is_numbered = _NUMBER.match(page[start].text) is not None
    return page[end].size < size or (is_numbered and page[end].size == size)


def _is_one(before: Line, after: Line) -> bool:
    return (
        before.size == after.size
        and 0 < before.base - after.base < _NEAR * before.size / 2
        and not _NUMBER.match(after.text)
    )


def _may_head(line: Line) -> bool:
    letters = len("".join(filter(str.isalpha, line.text)).encode())
    figures = sum(map(str.isdigit, line.text))
    return (
        line.is_even
        and len(line.text) <= _LONGEST
        and letters >= max(_LEAST_LETTERS, figures)
        and not _NO_HEADING.search(line.text)
    )
