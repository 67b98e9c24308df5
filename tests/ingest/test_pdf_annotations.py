"""What was put onto the pages of a PDF later: boxes, notes and values of forms."""

import io

import pypdf
import pytest
from pypdf.annotations import FreeText, Text
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from ingest.parsers.pdf import parse
from tests.ingest.made_pdf import lines, pdf


def annotated(*annotations: dict[str, str | int], parent: dict[str, str] | None = None) -> str:
    """The text of a page with annotations; those of a form have a parent, an empty one at least."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf(lines("Form"))))
    kids = [writer._add_object(_dictionary(each)) for each in annotations]
    for kid in kids:
        kid.get_object()[NameObject("/Rect")] = ArrayObject(map(NumberObject, (50, 50, 100, 60)))
    writer.pages[0][NameObject("/Annots")] = ArrayObject(kids)
    if parent is not None:
        field = writer._add_object(_dictionary(parent))
        field.get_object()[NameObject("/Kids")] = ArrayObject(kids)
        for kid in kids:
            kid.get_object()[NameObject("/Parent")] = field
        form = DictionaryObject({NameObject("/Fields"): ArrayObject([field])})
        writer._root_object[NameObject("/AcroForm")] = form
    stream = io.BytesIO()
    writer.write(stream)
    return parse(stream.getvalue()).text.removeprefix("Form").strip()


def _dictionary(entries: dict[str, str | int]) -> DictionaryObject:
    """Names begin with a slash, figures are integers, all else is text."""
    made = DictionaryObject()
    for key, value in entries.items():
        if isinstance(value, int):
            made[NameObject(key)] = NumberObject(value)
        else:
            kind = NameObject if value.startswith("/") else TextStringObject
            made[NameObject(key)] = kind(value)
    return made


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        ({"/Subtype": "/Square", "/Contents": "Wrong figure."}, "Note: Wrong figure."),
        ({"/Subtype": "/Line", "/Contents": "12 m"}, "Note: 12 m"),
        ({"/Subtype": "/Popup", "/Contents": "Of a note."}, ""),
        ({"/Subtype": "/FreeText", "/Contents": "Not seen.", "/F": 2}, ""),
        ({"/Subtype": "/FreeText", "/Contents": "Not seen.", "/F": 32}, ""),
        ({"/Subtype": "/Widget", "/FT": "/Tx", "/T": "Tenant", "/V": "Ilse"}, "Tenant: Ilse"),
        ({"/Subtype": "/Widget", "/FT": "/Btn", "/T": "Paid", "/AS": "/Off"}, ""),
    ],
)
def test_what_is_seen_is_told(annotation: dict[str, str | int], told: str):
    assert annotated(annotation) == told


def test_a_field_of_a_form_has_the_name_and_the_value_of_its_parent():
    box = {"/Subtype": "/Widget"}
    tenant = {"/FT": "/Tx", "/T": "Tenant", "/TU": "Who rents it", "/V": "Ilse Brandt"}
    assert annotated(box, parent=tenant) == "Who rents it: Ilse Brandt"


def test_boxes_and_notes_stand_after_the_text_of_their_page():
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf(lines("Work begins in June."))))
    writer.add_annotation(0, FreeText(text="By phone: 3 July.", rect=(50, 550, 200, 650)))
    writer.add_annotation(0, Text(text="Ask the owner.", rect=(50, 450, 60, 460)))
    stream = io.BytesIO()
    writer.write(stream)
    document = parse(stream.getvalue())
    assert document.text == "Work begins in June.\n\nBy phone: 3 July.\nNote: Ask the owner."
    assert document.pages[0].end == len(document.text)
