"""What was put onto a PDF's page later: text boxes, notes, and values of forms."""

import ctypes
from collections.abc import Callable, Iterator

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

_MAX = 2000
"""Annotations of a page."""
_UNLISTED = -1  # what PDFium says of the kind of a field that no form lists
_HIDDEN = pdfium_c.FPDF_ANNOT_FLAG_HIDDEN | pdfium_c.FPDF_ANNOT_FLAG_NOVIEW
_NOTES = (
    pdfium_c.FPDF_ANNOT_TEXT, pdfium_c.FPDF_ANNOT_HIGHLIGHT, pdfium_c.FPDF_ANNOT_UNDERLINE,
    pdfium_c.FPDF_ANNOT_STRIKEOUT, pdfium_c.FPDF_ANNOT_SQUIGGLY, pdfium_c.FPDF_ANNOT_STAMP,
    pdfium_c.FPDF_ANNOT_CARET, pdfium_c.FPDF_ANNOT_SQUARE, pdfium_c.FPDF_ANNOT_CIRCLE,
    pdfium_c.FPDF_ANNOT_LINE, pdfium_c.FPDF_ANNOT_POLYGON, pdfium_c.FPDF_ANNOT_POLYLINE,
    pdfium_c.FPDF_ANNOT_INK,
)  # fmt: skip


def annotations(page: pdfium.PdfPage) -> Iterator[str]:
    """Yields a line for each: the text of a box, `Note: ...`, `Name: value` of a form.

    Args:
        page: Of a document whose forms were initialised before, if it has some.
    """
    form = page.formenv.raw if page.formenv else None
    for index in range(min(pdfium_c.FPDFPage_GetAnnotCount(page), _MAX)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            is_hidden = pdfium_c.FPDFAnnot_GetFlags(annotation) & _HIDDEN
            line = "" if is_hidden else _told(annotation, form)
        finally:
            pdfium_c.FPDFPage_CloseAnnot(annotation)
        if line:
            yield line


def _told(annotation: object, form: object | None) -> str:
    kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
    if kind == pdfium_c.FPDF_ANNOT_WIDGET:
        listed = _field(annotation, form) if form else None
        name, value = listed or _lone_field(annotation)
        return f"{name}: {value}" if name and value else ""
    contents = _entry(annotation, b"Contents")
    if kind == pdfium_c.FPDF_ANNOT_FREETEXT:
        return contents
    return f"Note: {contents}" if contents and kind in _NOTES else ""


def _field(annotation: object, form: object) -> tuple[str, str] | None:
    """The name and the value of a field, which those with several boxes have in common."""
    name = _string(pdfium_c.FPDFAnnot_GetFormFieldAlternateName, form, annotation) or _string(
        pdfium_c.FPDFAnnot_GetFormFieldName, form, annotation
    )
    kind = pdfium_c.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind == _UNLISTED:
        return None
    if kind in (pdfium_c.FPDF_FORMFIELD_CHECKBOX, pdfium_c.FPDF_FORMFIELD_RADIOBUTTON):
        is_on = pdfium_c.FPDFAnnot_IsChecked(form, annotation)
        value = _string(pdfium_c.FPDFAnnot_GetFormFieldExportValue, form, annotation)
        value = (value or "Yes") if is_on else ""
    else:
        value = _string(pdfium_c.FPDFAnnot_GetFormFieldValue, form, annotation)
    return name, value


def _lone_field(annotation: object) -> tuple[str, str]:
    """The same of a field that no form lists, as programs leave it that copy pages."""
    value = _entry(annotation, b"V") or _entry(annotation, b"AS")
    return _entry(annotation, b"TU") or _entry(annotation, b"T"), "" if value == "Off" else value


def _entry(annotation: object, key: bytes) -> str:
    return _string(pdfium_c.FPDFAnnot_GetStringValue, annotation, key)


def _string(read: Callable[..., int], *of: object) -> str:
    """What a function of PDFium writes into a buffer: UTF-16 with a zero at its end."""
    length = read(*of, None, 0)
    if length <= 2:  # the final zero alone
        return ""
    buffer = ctypes.create_string_buffer(length)
    read(*of, ctypes.cast(buffer, ctypes.POINTER(pdfium_c.FPDF_WCHAR)), length)
    return buffer.raw[: length - 2].decode("utf-16-le", errors="replace").strip()
