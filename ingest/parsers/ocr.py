"""Text of scanned pages and of pictures, by RapidOCR where it is installed: `duet-rag[ocr]`."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import takewhile
from statistics import median
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.errors import UnreadableError

MAX_SECONDS = 80.0
"""For the pages of one file, of the time that a file may take; a dense page takes ten on two busy
cores."""
LARGEST = 4000
"""Pixels of the longer side of what is looked at."""
_Page = TypeVar("_Page")
_end: ContextVar[float | None] = ContextVar("end of the time for scans", default=None)
_LEAST_SCORE = 0.5
_PROSE = 8.0
"""A column of text is so many times as wide as its lines are high; those of a table are not."""
_GUTTER, _PARAGRAPH, _SAME_ROW = 1.0, 0.8, 0.5
"""Of the height of a line: between columns, between paragraphs, and how far rows may overlap."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was recognised, and its box in pixels; downwards is more."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Of its box."""
        return self.bottom - self.top


def is_installed() -> bool:
    """Whether pictures can be read."""
    return all(find_spec(name) for name in ("rapidocr", "onnxruntime"))


def advice() -> str:
    """What helps with pages that have no text."""
    if is_installed():
        return f"text recognition found none, or not within {MAX_SECONDS:.0f} s: split the file"
    return "the extra duet-rag[ocr] reads scans: see the README"


def begin_file() -> None:
    """Let `MAX_SECONDS` begin: they are for a file with all that is attached to it."""
    _end.set(time.monotonic() + MAX_SECONDS)


def in_time(pages: Iterable[_Page]) -> Iterator[_Page]:
    """Yields pages until the time for them is over, which begins now if no file has begun."""
    end = _end.get() or time.monotonic() + MAX_SECONDS
    return takewhile(lambda _page: time.monotonic() < end, pages)


def read(picture: NDArray[np.uint8]) -> str:
    """The text of a picture `[height, width, 3]` (BGR); U+0002 for a hyphen at a line's end.

    Raises:
        UnreadableError: The recognition failed.
    """
    try:
        found: Any = _engine()(picture)
    except Exception as error:  # what onnxruntime and OpenCV raise, such as for a lack of memory
        msg = f"text recognition failed: {type(error).__name__}: {error}"
        raise UnreadableError(msg) from error
    if found.boxes is None:
        return ""
    lines = [
        Line(text, *box.min(axis=0).tolist(), *box.max(axis=0).tolist())
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        if score >= _LEAST_SCORE and text.strip()
    ]
    return text_of(lines)


def text_of(lines: Sequence[Line]) -> str:
    """Lines in reading order, with an empty one between paragraphs and columns."""
    text = ""
    for block in _blocks(lines):
        previous: Line | None = None
        for row in _rows(block):
            gap = row[0].top - previous.bottom if previous else 0.0
            text += "\n" if previous and gap > _PARAGRAPH * previous.height else ""
            words = " ".join(line.text.strip() for line in row)
            is_cut = words.endswith("-") and words[-2:-1].isalpha()
            text += f"{words[:-1]}\x02\n" if is_cut else f"{words}\n"
            previous = row[0]
        text += "\n"
    return text.strip("\n")


def _blocks(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Yields the columns of a page, and what stands above, between and below them."""
    if not lines:
        return
    height = median(line.height for line in lines)
    columns = _parted(lines, "left", "right", _GUTTER * height)
    if len(columns) > 1 and all(_is_prose(column, height) for column in columns):
        for column in columns:
            yield from _blocks(column)
        return
    # A heading across all columns hides the gutter: look above and below it.
    bands = _parted(lines, "top", "bottom", 0.0)
    for place in range(1, len(bands)):
        below = [line for band in bands[place:] for line in band]
        columns = _parted(below, "left", "right", _GUTTER * height)
        if len(columns) > 1 and all(_is_prose(column, height) for column in columns):
            yield [line for band in bands[:place] for line in band]
            yield from _blocks(below)
            return
    yield lines


def _is_prose(column: Sequence[Line], height: float) -> bool:
    widths = [line.right - line.left for line in column]
    return len(column) > 1 and median(widths) > _PROSE * height


def _parted(lines: Iterable[Line], start: str, end: str, gap: float) -> list[list[Line]]:
    """Lines in groups between which nothing stands for more than `gap`, along one axis."""
    groups: list[list[Line]] = []
    reach = 0.0
    for line in sorted(lines, key=lambda line: getattr(line, start)):
        if not groups or getattr(line, start) - reach > gap:
            groups.append([])
        groups[-1].append(line)
        reach = max(reach, getattr(line, end)) if len(groups[-1]) > 1 else getattr(line, end)
    return groups


def _rows(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Yields what stands side by side, from left to right, the rows from above."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.top):
        above = rows[-1][0] if rows else None
        if above and above.bottom - line.top > _SAME_ROW * min(above.height, line.height):
            rows[-1].append(line)
        else:
            rows.append([line])
    for row in rows:
        yield sorted(row, key=lambda line: line.left)


@cache
def _engine() -> Any:  # noqa: ANN401 - RapidOCR has no types
    from rapidocr import RapidOCR

    return RapidOCR()
