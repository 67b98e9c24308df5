"""Headings of a PDF without an outline: short lines in larger letters than its text, or in bold.

Twelve web pages with 441 headings, printed by a browser: all of the 352 lines found are headings;
the letters of those that are missed are hardly larger than the text's.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
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
_GAP = 1.2  # of the size
_FAR = 5  # of the size: the text below a bold heading is no further away
_LEAST_WORDS = 4  # in the line below it: labels of drawings and cells of tables have fewer
_CAPTION = re.compile(r"(?:table|tab\.|figure|fig\.|abb|note|hinweis|warning|caution)", re.I)
_NUMBER = re.compile(r"(?:\d|[IVXLC]+[. ]|[A-Z][. ])")
_FIGURES = re.compile(r"\d+")
_NO_HEADING = re.compile(r"[.,;]$|\.{3}|(?:\. ){3}")


class Line(NamedTuple):
    """A line of a page.

    Attributes:
        text: Its words.
        size: Of most of its letters, in half points.
        is_even: Whether all are of this size, upright, and at one height.
        base: Its height on the page, in points.
        is_bold: Whether all are bold, and no wide gaps part them, as they do names of columns.
    """

    text: str
    size: int
    is_even: bool
    base: float
    is_bold: bool


def lines(characters: Sequence[Character]) -> list[Line]:
    """The lines of a page, in the order of PDFium."""
    return [line for each in lines_of(characters) if (line := _line(each))]


def _line(characters: Sequence[Character]) -> Line | None:
    printed = [c for c in characters if not c.generated and c.text.strip()]
    if not printed:
        return None
    sizes = Counter(round(2 * c.size) for c in printed)
    is_level = abs(printed[-1].base - printed[0].base) < printed[0].size / 2  # no watermark
    is_even = len(sizes) == 1 and is_level and not any(c.turned for c in printed)
    gaps = (after.left - before.right for before, after in pairwise(printed))
    is_bold = all(c.is_bold for c in printed) and max(gaps, default=0) < _GAP * printed[0].size
    text = " ".join("".join(c.text for c in characters).split())
    return Line(text, sizes.most_common(1)[0][0], is_even, printed[0].base, is_bold)


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
    blocks = [
        (block, number)
        for number, page in enumerate(pages)
        for block in _blocks(page, text_size)
        if not any(_kind(line) in running for line in block)
    ]
    large = [_is_large(block, text_size) for block, _ in blocks]
    for kind in (True, False):
        letters_of_kind = sum(
            len(line.text)
            for (block, _), is_large in zip(blocks, large, strict=True)
            if is_large is kind
            for line in block
        )
        if letters_of_kind > _MOST_HEADINGS * total:
            blocks = [
                each for each, is_large in zip(blocks, large, strict=True) if is_large != kind
            ]
            large = [is_large for is_large in large if is_large != kind]
    sizes = sorted({block[0].size for block, _ in blocks}, reverse=True)
    return [
        (sizes.index(block[0].size) + 1, " ".join(line.text for line in block), number)
        for block, number in blocks
    ]


def _is_large(block: Sequence[Line], text_size: int) -> bool:
    return block[0].size >= _LARGER * text_size


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


def _blocks(page: Sequence[Line], text_size: int) -> Iterator[Sequence[Line]]:
    """Yields the lines of each heading of a page: the text comes below it."""
    start = 0
    while start < len(page):
        end = start + 1
        while end < len(page) and _is_one(page[end - 1], page[end], text_size):
            end += 1
        block = page[start:end]
        heads = _stands_above_text if _is_large(block, text_size) else _is_bold_above_text
        is_short = len(block) <= _MOST_LINES and block[0].size >= text_size
        if is_short and all(map(_may_head, block)) and heads(page, start, end):
            yield block
        start = end


def _stands_above_text(page: Sequence[Line], start: int, end: int) -> bool:
    size = page[start].size
    if end == len(page):  # the text begins on the next page; a drawing has several such words
        return start == 0 or page[start - 1].size != size
    is_numbered = _NUMBER.match(page[start].text) is not None
    return page[end].size < size or (is_numbered and page[end].size == size)


def _is_bold_above_text(page: Sequence[Line], start: int, end: int) -> bool:
    if end == len(page) or not all(line.is_bold for line in page[start:end]):
        return False
    last, text = page[end - 1], page[end]
    return (
        not text.is_bold
        and len(text.text.split()) >= _LEAST_WORDS
        and text.size <= last.size
        and 0 < last.base - text.base < _FAR * last.size / 2
        and _CAPTION.match(page[start].text) is None
    )


def _is_one(before: Line, after: Line, text_size: int) -> bool:
    return (
        before.size == after.size
        and (before.is_bold == after.is_bold or _is_large([before], text_size))
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
