"""A page of a PDF as a picture, with what is quoted from it marked.

It is drawn by a process of its own (`python -m app.page_picture`), with limits: what it reads may
be hostile, and what reads it is C.
"""

import json
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

import pypdfium2 as pdfium
from PIL import Image, ImageChops, ImageDraw

from embedder.errors import DuetError
from retriever import FILE_TYPES, Chunk

_PDF = FILE_TYPES["pdf"]
_WIDTH = 1100  # pixels
_MOST_PIXELS = 12_000_000
_SECONDS = 20.0
_MEMORY = 2 << 30  # bytes
_MARK = (250, 214, 70, 105)
_AT_ONCE = threading.BoundedSemaphore(2)
_LEAST = 12  # letters in a row that count as found, or a quarter of the quote if that is more
_AROUND = 0.06  # of a page's height, above and below what is marked
_LEAST_PART = 0.3
_BESIDE = 24  # pixels
_FOLLOWING = 2  # pages after the passage's first on which a quote may stand


class PictureError(DuetError):
    """There is no picture of that page."""


class Box(NamedTuple):
    """A rectangle on a page, in points from its lower left corner."""

    left: float
    bottom: float
    right: float
    top: float


def has_picture(chunk: Chunk) -> bool:
    """Whether the page of a passage can be drawn."""
    return chunk.media_type == _PDF and chunk.page is not None


def page_picture(file: Path, page: int, quotes: Sequence[str], *, part: bool = False) -> bytes:
    """A PNG of a page.

    Args:
        file: A PDF.
        page: 1-based; where nothing of the quotes stands there, but on one of the next two, that
            one is drawn.
        quotes: What is marked, as its text was read: hyphens and white space may differ.
        part: Whether only the part round the quotes is wanted, without the page's margins.

    Raises:
        PictureError: The file cannot be drawn.
    """
    which = "part" if part else "whole"
    command = [sys.executable, "-m", "app.page_picture", str(file), str(page), which]
    try:
        with _AT_ONCE:
            done = subprocess.run(
                command, input=json.dumps(list(quotes)).encode(), capture_output=True,
                timeout=_SECONDS, check=True,
            )  # fmt: skip
    except subprocess.SubprocessError as error:
        msg = f"{file.name} has no page {page} that can be drawn"
        raise PictureError(msg) from error
    return done.stdout


def marked(page: pdfium.PdfPage, quotes: Sequence[str]) -> list[Box]:
    """Where `quotes` stand on a page: a box for each line."""
    text = page.get_textpage()
    letters = [
        (place, letter)
        for place in range(text.count_chars())
        for letter in _letters(text.get_text_range(place, 1))
    ]
    shown = "".join(letter for _, letter in letters)
    boxes: list[Box] = []
    for quote in quotes:
        wanted = "".join(_letters(quote))
        for first, count in _found(shown, wanted):
            places = sorted({place for place, _ in letters[first : first + count]})
            boxes += _lines(Box(*text.get_charbox(place)) for place in places)
    return boxes


def _letters(text: str) -> Iterator[str]:
    return (c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _found(shown: str, wanted: str) -> Iterator[tuple[int, int]]:
    """Where `wanted` stands in `shown`, whole or in long parts: start and length."""
    if not wanted:
        return
    whole = shown.find(wanted)
    if whole >= 0:
        yield whole, len(wanted)
        return
    matcher = SequenceMatcher(None, shown, wanted, autojunk=False)
    least = max(_LEAST, len(wanted) // 4)
    for block in matcher.get_matching_blocks():
        if block.size >= least:
            yield block.a, block.size


def _lines(boxes: Iterator[Box]) -> list[Box]:
    """Boxes of characters, those that follow each other in a line as one."""
    lines: list[Box] = []
    for box in boxes:
        if box.right <= box.left or box.top <= box.bottom:
            continue
        last = lines[-1] if lines else None
        shared = last and min(last.top, box.top) - max(last.bottom, box.bottom)
        if last and shared and shared > 0.4 * min(last.top - last.bottom, box.top - box.bottom):
            lines[-1] = Box(
                min(last.left, box.left), min(last.bottom, box.bottom),
                max(last.right, box.right), max(last.top, box.top),
            )  # fmt: skip
        else:
            lines.append(box)
    return lines


def _draw(file: Path, number: int, quotes: Sequence[str], *, part: bool) -> Image.Image:
    document = pdfium.PdfDocument(file)
    numbers = range(number - 1, min(len(document), number + _FOLLOWING))
    pages = [document[index] for index in numbers]
    found = [marked(page, quotes) for page in pages]
    best = max(range(len(pages)), key=lambda place: sum(b.right - b.left for b in found[place]))
    page, boxes = pages[best], found[best]
    width, height = page.get_size()
    scale = min(_WIDTH / width, (_MOST_PIXELS / (width * height)) ** 0.5)
    bitmap = page.render(scale=scale)
    picture = bitmap.to_pil().convert("RGBA")
    marks = Image.new("RGBA", picture.size)
    pen = ImageDraw.Draw(marks)
    place = bitmap.get_posconv(page)
    for box in boxes:
        (x0, y0), (x1, y1) = place.to_bitmap(*box[:2]), place.to_bitmap(*box[2:])
        pen.rectangle((min(x0, x1) - 2, min(y0, y1) - 2, max(x0, x1) + 2, max(y0, y1) + 2), _MARK)
    drawn = Image.alpha_composite(picture, marks).convert("RGB")
    return _round(marks.getbbox(), drawn) if part else drawn


def _round(marked: tuple[int, int, int, int] | None, picture: Image.Image) -> Image.Image:
    """The lines of a picture round what is marked, as wide as they are; else all of it."""
    if marked is None:
        return picture
    top = max(0, marked[1] - int(_AROUND * picture.height))
    least = top + int(_LEAST_PART * picture.height)
    bottom = min(picture.height, max(least, marked[3] + int(_AROUND * picture.height)))
    part = picture.crop((0, top, picture.width, bottom))
    paper = Image.new("RGB", part.size, part.getpixel((0, 0)))
    left, _, right, _ = ImageChops.difference(part, paper).getbbox() or (0, 0, part.width, 0)
    return part.crop((max(0, left - _BESIDE), 0, min(part.width, right + _BESIDE), part.height))


def main() -> None:
    """Draw as the arguments say, quotes from standard input, the picture to standard output."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    except ImportError:  # Windows: the time limit holds
        pass
    file, number, which = sys.argv[1:]
    picture = _draw(Path(file), int(number), json.load(sys.stdin), part=which == "part")
    picture.save(sys.stdout.buffer, "PNG")


if __name__ == "__main__":
    main()
