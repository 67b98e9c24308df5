"""Headers and footers of a PDF's pages: each is told once, and numbers of pages are not."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import takewhile
from statistics import median

from ingest.parsers.margins import is_page_number
from ingest.parsers.pdf_headings import Line, is_running

_MOST_ROWS = 3
"""Rows of a header or a footer."""
_APART = 1.9
"""Of the size: text begins further from its page's header; rows of a table, whose names may stand
on each of its pages, are nearer to each other."""
_SAME_ROW = 0.5  # of the size
_FIGURES = re.compile(r"\d+")
_ROMAN = re.compile(r"[ivxlc]{1,7}")

_Key = tuple[str, int, int, int]
_Row = list[Line]


def without_running(texts: Sequence[str], pages: Sequence[Sequence[Line]]) -> list[str]:
    """The texts of pages without the headers and footers that were told on a page before.

    A line at the edge of three of five pages, at one height and in letters no larger than the
    text's, the same but for the page's number, is one of them.

    Args:
        texts: Of each page.
        pages: The lines of each page.
    """
    left_out: list[list[str]] = [[] for _ in pages]
    text_size = _text_size(pages)
    for bottom in (False, True):
        edges = [_edge(page, text_size, bottom=bottom) for page in pages]
        for number, lines in enumerate(_told_before(edges)):
            left_out[number] += lines
    return [_without(text, lines) for text, lines in zip(texts, left_out, strict=True)]


def _text_size(pages: Sequence[Sequence[Line]]) -> int:
    sizes = Counter[int]()
    for page in pages:
        for line in page:
            sizes[line.size] += len(line.text)
    return max(sizes, key=lambda size: sizes[size], default=0)


def _edge(page: Sequence[Line], text_size: int, *, bottom: bool) -> list[_Row]:
    """The rows at an edge of the page from there inwards, and the next one."""
    rows: list[_Row] = []
    for line in sorted(page, key=lambda line: line.base if bottom else -line.base):
        if rows and abs(line.base - rows[-1][0].base) < _SAME_ROW * line.size / 2:
            rows[-1].append(line)
        elif len(rows) > _MOST_ROWS or line.size > text_size:
            break
        else:
            rows.append([line])
    return rows


def _told_before(edges: Sequence[Sequence[_Row]]) -> Iterator[list[str]]:
    """Yields for each page what of one of its edges was told on another page, or is its number."""
    places: dict[_Key, list[int]] = {}
    for number, rows in enumerate(edges):
        for key in {key for row in rows for line in row for key in _keys(line, number)}:
            places.setdefault(key, []).append(number)
    running = {key for key, on in places.items() if is_running(on)}
    counts = [_running_rows(rows, running, number) for number, rows in enumerate(edges)]
    inner = [
        rows[count][0].base for rows, count in zip(edges, counts, strict=True) if count < len(rows)
    ]
    text = median(inner) if inner else None  # where it begins on most pages
    told: set[_Key] = set()
    for number, (rows, count) in enumerate(zip(edges, counts, strict=True)):
        left_out: list[str] = []
        for line in _margin(rows, count, text):
            keys = set(_keys(line, number)) & running
            if is_page_number(line.text) or _ROMAN.fullmatch(line.text) or keys & told:
                left_out.append(line.text)
            told |= keys
        yield left_out


def _keys(line: Line, number: int) -> Iterator[_Key]:
    """Yields what a line has in common with those of other pages: itself, or but for a number."""
    where = line.size, round(line.base)
    yield line.text, 0, *where
    if _ROMAN.fullmatch(line.text):
        yield "i", 0, *where
    figures = list(_FIGURES.finditer(line.text))
    for figure in (*figures[:1], *figures[1:][-1:]):
        rest = f"{line.text[: figure.start()]}#{line.text[figure.end() :]}"
        yield rest, int(figure[0][:9]) - number, *where


def _running_rows(rows: Sequence[_Row], running: set[_Key], number: int) -> int:
    is_running_row = (all(set(_keys(line, number)) & running for line in row) for row in rows)
    return sum(1 for _ in takewhile(bool, is_running_row))


def _margin(rows: Sequence[_Row], count: int, text: float | None) -> list[Line]:
    """The lines of a header or footer: the rows that stand apart from what is between them."""
    while count:
        last = rows[count - 1][0]
        inner = rows[count][0] if count < len(rows) else None
        outside = 1 if last.base > rows[-1][0].base or len(rows) == 1 else -1
        is_apart = inner is None or abs(last.base - inner.base) > _APART * inner.size / 2
        in_text = text is not None and len(rows) > 1 and (last.base - text) * outside <= 0
        if is_apart and not in_text:
            break
        count -= 1
    return [line for row in rows[:count] for line in row]


def _without(text: str, left_out: Sequence[str]) -> str:
    lines = text.split("\n")
    for line in left_out:
        same = [place for place, each in enumerate(lines) if " ".join(each.split()) == line]
        if same:
            del lines[same[0]]
    return "\n".join(lines)
