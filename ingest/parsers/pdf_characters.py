"""The characters of a PDF's page, and where each stands."""

import ctypes
import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

_QUARTER = math.pi / 2


@dataclass(frozen=True, slots=True)
class Character:
    r"""A character; points, in a frame turned so that its text runs from left to right.

    Attributes:
        text: One character; U+0002 for a hyphen at the end of a line.
        left: Where its box begins.
        right: Where it ends.
        origin: Where the pen was put down for it.
        base: Height of the line on which it stands; upwards is more.
        size: Of its font.
        turned: Quarters of a circle by which its text is turned on the page, 0 to 3.
        generated: Whether PDFium made it up: a space, or the end of a line.
        is_unknown: Whether its font does not say which character its shape is: `text` is a guess.
    """

    text: str
    left: float
    right: float
    origin: float
    base: float
    size: float
    turned: int
    generated: bool
    is_unknown: bool = False


def read_characters(page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> Iterator[Character]:
    """Yields the characters of a page in the order of PDFium, those beside the page left out."""
    edges = page.get_cropbox()
    box, matrix = pdfium_c.FS_RECTF(), pdfium_c.FS_MATRIX()
    x, y = ctypes.c_double(), ctypes.c_double()
    for index in range(pdfium_c.FPDFText_CountChars(text_page)):
        text = chr(pdfium_c.FPDFText_GetUnicode(text_page, index))
        if pdfium_c.FPDFText_IsGenerated(text_page, index) == 1:
            yield Character(text, 0, 0, 0, 0, 0, 0, generated=True)
            continue
        pdfium_c.FPDFText_GetLooseCharBox(text_page, index, box)
        pdfium_c.FPDFText_GetMatrix(text_page, index, matrix)
        pdfium_c.FPDFText_GetCharOrigin(text_page, index, x, y)
        if edges and _lies_outside(box, edges):
            continue
        size = pdfium_c.FPDFText_GetFontSize(text_page, index) * math.hypot(matrix.c, matrix.d)
        turned = round(pdfium_c.FPDFText_GetCharAngle(text_page, index) / _QUARTER) % 4
        left, right, origin, base = (
            (box.left, box.right, x.value, y.value),
            (-box.top, -box.bottom, -y.value, x.value),
            (-box.right, -box.left, -x.value, -y.value),
            (box.bottom, box.top, y.value, -x.value),
        )[turned]
        is_unknown = (
            unicodedata.category(text) == "Co"
            or pdfium_c.FPDFText_HasUnicodeMapError(text_page, index) == 1
        )
        yield Character(text, left, right, origin, base, size, turned, False, is_unknown)


def _lies_outside(box: pdfium_c.FS_RECTF, edges: tuple[float, float, float, float]) -> bool:
    left, bottom, right, top = edges
    return box.right < left or box.left > right or box.top < bottom or box.bottom > top
