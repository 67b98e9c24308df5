"""What a citation leads to: the page with the quote marked, and the file."""

import io

import pypdfium2 as pdfium
import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageChops

from app.api.application import create_api
from app.page_picture import PictureError, marked, page_picture
from app.runtime import Runtime
from app.tickets import Place, Tickets
from ingest import ingest
from retriever import Retriever, open_index
from tests.app.fakes import ScriptedModel, pdf

PAGES = [
    "This manual is about the garden pump and how to store it over the winter.",
    "The warranty of the garden pump lasts 24 months. Damage by frost is excluded.",
]
QUOTE = "The  warranty of the garden\npump lasts 24 months."


@pytest.fixture
def manual(tmp_path):
    file = tmp_path / "manual.pdf"
    file.write_bytes(pdf(PAGES))
    return file


@pytest.fixture
def client(tmp_path, manual):
    """The API over an index of the manual and a text, with a ticket for a place in each."""
    notes = tmp_path / "notes.md"
    notes.write_text("# Zoo\n\nThe zebra sleeps.\n")
    model = ScriptedModel()
    with open_index(tmp_path / "index", model.id) as index:
        ingest([manual, notes], model, index)
        runtime = Runtime(lambda: Retriever(model, index), uploads=tmp_path)
        runtime.warm_up().join()
        client = TestClient(create_api(runtime))
        for name, file in {"manual": manual, "notes": notes}.items():
            (record,) = [r for r in index.documents() if r.source == file.as_posix()]
            place = Place(record.document_id, record.chunks - 1, ((0, 48),))
            setattr(client, name, runtime.tickets.issue(place))
        yield client


def test_the_boxes_hold_the_words_of_the_quote_and_no_others(manual):
    page = pdfium.PdfDocument(manual)[1]
    text = page.get_textpage()
    (box,) = marked(page, [QUOTE])
    assert text.get_text_bounded(*box).split() == QUOTE.replace(".", "").split()
    assert marked(page, ["Nothing of this stands there."]) == []


def test_a_quote_that_was_read_otherwise_is_found_by_its_long_parts(manual):
    page = pdfium.PdfDocument(manual)[1]
    (box, *_) = marked(page, ["The warranty of the garden pump lasts XX months."])
    assert "warranty of the garden pump lasts" in page.get_textpage().get_text_bounded(*box)


def test_the_page_is_drawn_with_the_quote_marked(manual):
    plain, told = (
        Image.open(io.BytesIO(page_picture(manual, 2, quotes))) for quotes in ([], [QUOTE])
    )
    left, top, right, bottom = ImageChops.difference(plain, told).getbbox()
    assert right - left > 4 * (bottom - top) > 0


def test_a_quote_on_the_page_after_the_passage_began_is_shown_there(manual):
    assert page_picture(manual, 1, [QUOTE]) == page_picture(manual, 2, [QUOTE])


def test_the_part_round_the_quote_has_all_of_it(manual):
    plain, told = (
        Image.open(io.BytesIO(page_picture(manual, 2, quotes))) for quotes in ([], [QUOTE])
    )
    part = Image.open(io.BytesIO(page_picture(manual, 2, [QUOTE], part=True)))
    left, top, right, bottom = ImageChops.difference(plain, told).getbbox()
    mark = told.crop((left, top, right, bottom))
    assert part.width < told.width
    assert part.height < told.height / 2
    places = [(x, y) for x in range(60) for y in range(60)]
    assert any(part.crop((x, y, x + mark.width, y + mark.height)) == mark for x, y in places)
    assert page_picture(manual, 2, [], part=True) == page_picture(manual, 2, [])


def test_what_cannot_be_drawn_is_said(tmp_path):
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 nothing")
    with pytest.raises(PictureError, match=r"broken\.pdf has no page 1 that can be drawn"):
        page_picture(broken, 1, [])


def test_a_ticket_opens_the_page_and_the_file_without_the_key(client, manual):
    page = client.get(f"/pages/{client.manual}")
    assert (page.status_code, page.headers["content-type"]) == (200, "image/png")
    part = client.get(f"/pages/{client.manual}", params={"part": True})
    assert len(part.content) < len(page.content)
    file = client.get(f"/files/{client.manual}")
    assert file.content == manual.read_bytes()
    assert file.headers["content-disposition"] == 'attachment; filename="manual.pdf"'
    assert client.get(f"/files/{client.notes}").content.startswith(b"# Zoo")
    assert client.get(f"/pages/{client.notes}").status_code == 404


@pytest.mark.parametrize("change", [lambda t: t[:-1] + "x", lambda t: "e30=." + t, lambda t: "x"])
def test_no_other_ticket_does(client, change):
    for route in ("pages", "files"):
        response = client.get(f"/{route}/{change(client.manual)}")
        assert response.status_code == 403
        assert "load the page again" in response.json()["error"]["message"]


def test_tickets_of_another_process_do_not_count(client):
    other = Tickets().issue(Place("id", 0, ()))
    assert client.get(f"/files/{other}").status_code == 403


def test_a_file_that_has_changed_or_gone_is_not_shown_for_the_indexed_one(client, manual):
    manual.write_bytes(pdf(PAGES[::-1]) + b"\n")
    response = client.get(f"/files/{client.manual}")
    assert response.status_code == 404
    assert "has changed since it was indexed" in response.json()["error"]["message"]
    manual.unlink()
    response = client.get(f"/pages/{client.manual}")
    assert "no longer where it was indexed" in response.json()["error"]["message"]
