"""Scanned pages and pictures, read for real; and what is said where nothing reads them."""

import io

import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest.errors import NoTextError, UnreadableError
from ingest.parsers import ocr, picture
from ingest.parsers.ocr import Line, text_of
from ingest.parsers.pdf import parse as parse_pdf
from ingest.sniff import Format, sniff

LETTER = (
    "The boiler is serviced on\n14 March at half past nine.\n"
    "Please keep the cellar door\nopen until noon."
)


def scan(text: str) -> Image.Image:
    page = Image.new("RGB", (900, 500), "white")
    font = ImageFont.load_default(size=40)
    ImageDraw.Draw(page).multiline_text((60, 60), text, fill="black", font=font, spacing=16)
    return page


def saved(page: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    page.save(file, kind, **options)
    return file.getvalue()


def words(text: str) -> list[str]:
    return text.replace(".", "").split()


needs_ocr = pytest.mark.skipif(not ocr.is_installed(), reason="needs duet-rag[ocr]")


@needs_ocr
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_the_text_of_a_picture_is_read(kind: str):
    data = saved(scan(LETTER), kind)
    assert sniff(data, f".{kind.lower()}") is Format.PICTURE
    document = picture.parse(data)
    assert words(document.text) == words(LETTER)
    assert document.notes == ("read by text recognition: compare figures with the picture",)


@needs_ocr
def test_scanned_pages_of_a_pdf_are_read_and_it_is_said():
    pages = [scan(LETTER), scan("The second page\nnames a price of 4,500 euros.")]
    document = parse_pdf(saved(pages[0], "PDF", save_all=True, append_images=pages[1:]))
    texts = [document.text[page.start : page.end] for page in document.pages]
    assert "14 March" in texts[0]
    assert "4,500 euros" in texts[1]
    assert document.notes == ("2 of 2 pages read by text recognition: compare figures",)


def test_without_it_the_way_to_it_is_told(monkeypatch):
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    with pytest.raises(NoTextError, match=r"a picture; the extra duet-rag\[ocr\] reads scans"):
        picture.parse(saved(scan(LETTER), "PNG"))
    with pytest.raises(NoTextError, match=r"1 of 1 pages are scans.*duet-rag\[ocr\]"):
        parse_pdf(saved(scan(LETTER), "PDF"))


@needs_ocr
def test_pages_for_which_there_is_no_time_are_told(monkeypatch):
    frames = saved(scan(LETTER), "TIFF", save_all=True, append_images=[scan("Second page.")])
    clock = iter([0.0, 1.0, 1e9])  # the end is set, one page is read, the next one is too late
    monkeypatch.setattr(ocr.time, "monotonic", lambda: next(clock))
    document = picture.parse(frames)
    assert "14 March" in document.text
    assert "Second" not in document.text
    assert document.notes[0].startswith("1 of 2 pages were not read: text recognition found none")


@needs_ocr
def test_a_damaged_picture_and_an_empty_one():
    with pytest.raises(UnreadableError, match="damaged: no readable picture"):
        picture.parse(saved(scan(LETTER), "PNG")[:200])
    with pytest.raises(NoTextError):
        picture.parse(saved(scan(""), "PNG"))


def test_a_name_of_a_picture_with_something_else_in_it():
    with pytest.raises(UnreadableError, match=r"named \.png but holds no such picture"):
        sniff(b"plain text", ".png")


def column(left: float, *texts: str, top: float = 100.0) -> list[Line]:
    return [
        Line(text, left, top + 30 * n, left + 300, top + 30 * n + 20)
        for n, text in enumerate(texts)
    ]


def test_columns_are_read_one_after_the_other_below_a_heading_across_both():
    heading = Line("Heading", 0, 20, 700, 50)
    lines = [heading, *column(0, "a", "b", "c"), *column(400, "d", "e", "f")]
    assert text_of(lines) == "Heading\n\na\nb\nc\n\nd\ne\nf"


def test_cells_of_a_table_stay_in_their_row():
    cells = [
        Line(text, left, top, left + 60, top + 20)
        for top, row in ((0, ("Pump", "450")), (30, ("Valve", "12")))
        for left, text in zip((0, 400), row, strict=True)
    ]
    assert text_of(cells) == "Pump 450\nValve 12"


def test_hyphens_at_the_ends_of_lines_are_marked_and_paragraphs_parted():
    first = column(0, "one para-", "graph")
    assert text_of([*first, *column(0, "another", top=200)]) == "one para\x02\ngraph\n\nanother"
