"""The characters of a PDF's page, and where each stands."""

import ctypes
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

_QUARTER = math.pi / 2
# Arial-BoldMT, Calibri,Bold, NimbusRomNo9L-Medi, CMBX12; PDFium guesses the weight of many fonts.
_BOLD = re.compile(r"bold|black|heavy|demi|medi$|(?:cm|sf|ec)(?:ss)?bx", re.IGNORECASE)
_LONGEST_NAME = 128


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
        is_bold: Whether its font is a bold one, by its name.
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
    is_bold: bool = False


def read_characters(page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> Iterator[Character]:
    """Yields the characters of a page in the order of PDFium, those beside the page left out."""
    edges = page.get_cropbox()
    box, matrix = pdfium_c.FS_RECTF(), pdfium_c.FS_MATRIX()
    x, y = ctypes.c_double(), ctypes.c_double()
    shown_by, is_bold = None, False
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
        shows = pdfium_c.FPDFText_GetTextObject(text_page, index)
        address = ctypes.cast(shows, ctypes.c_void_p).value
        if address != shown_by:
            shown_by, is_bold = address, _is_bold(shows)
        yield Character(text, left, right, origin, base, size, turned, False, is_unknown, is_bold)


def _is_bold(shows: object) -> bool:
    """Whether a text object has a bold font."""
    font = pdfium_c.FPDFTextObj_GetFont(shows) if shows else None
    if not font:
        return False
    name = ctypes.create_string_buffer(_LONGEST_NAME)
    pdfium_c.FPDFFont_GetBaseFontName(font, name, _LONGEST_NAME)
    return _BOLD.search(name.value.decode("latin-1")) is not None


def _lies_outside(box: pdfium_c.FS_RECTF, edges: tuple[float, float, float, float]) -> bool:
    left, bottom, right, top = edges
    return box.right < left or box.left > right or box.top < bottom or box.bottom > top
