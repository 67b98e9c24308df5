"""What was put onto a PDF's page later: text boxes, notes, and values of forms."""

import ctypes
from collections.abc import Iterator

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

_MAX = 2000
"""Annotations of a page."""
_NOTES = (
    pdfium_c.FPDF_ANNOT_TEXT, pdfium_c.FPDF_ANNOT_HIGHLIGHT, pdfium_c.FPDF_ANNOT_UNDERLINE,
    pdfium_c.FPDF_ANNOT_STRIKEOUT, pdfium_c.FPDF_ANNOT_SQUIGGLY, pdfium_c.FPDF_ANNOT_STAMP,
    pdfium_c.FPDF_ANNOT_CARET,
)  # fmt: skip


def annotations(page: pdfium.PdfPage) -> Iterator[str]:
    """Yields a line for each: the text of a box, `Note: ...`, `Name: value` of a form."""
    for index in range(min(pdfium_c.FPDFPage_GetAnnotCount(page), _MAX)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            line = _told(annotation)
        finally:
            pdfium_c.FPDFPage_CloseAnnot(annotation)
        if line:
            yield line


def _told(annotation: object) -> str:
    kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
    contents = _string(annotation, b"Contents")
    if kind == pdfium_c.FPDF_ANNOT_FREETEXT:
        return contents
    if kind in _NOTES:
        return f"Note: {contents}" if contents else ""
    if kind == pdfium_c.FPDF_ANNOT_WIDGET:
        name, value = (
            _string(annotation, b"TU") or _string(annotation, b"T"),
            _string(annotation, b"V"),
        )
        shown = value or _string(annotation, b"AS")
        return f"{name}: {shown}" if name and shown and shown != "Off" else ""
    return ""


def _string(annotation: object, key: bytes) -> str:
    length = pdfium_c.FPDFAnnot_GetStringValue(annotation, key, None, 0)
    if length <= 2:  # the final zero alone
        return ""
    buffer = ctypes.create_string_buffer(length)
    pointer = ctypes.cast(buffer, ctypes.POINTER(pdfium_c.FPDF_WCHAR))
    pdfium_c.FPDFAnnot_GetStringValue(annotation, key, pointer, length)
    return buffer.raw[: length - 2].decode("utf-16-le", errors="replace").strip()
