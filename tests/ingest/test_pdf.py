import io
import re

import pypdf
import pytest

from ingest.document import Document
from ingest.errors import NoTextError, UnreadableError
from ingest.parsers import ocr
from ingest.parsers.pdf import parse


def page_text(document: Document, number: int) -> str:
    page = document.pages[number - 1]
    return document.text[page.start : page.end]


def written(writer: pypdf.PdfWriter) -> bytes:
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def test_outline_entries_are_found_on_their_pages(fixtures):
    document = parse((fixtures / "outline.pdf").read_bytes())
    assert [page.number for page in document.pages] == [1, 2, 3, 4]
    assert [heading.title for heading in document.headings][:3] == ["Foo", "Bar", "Baz"]
    for heading in document.headings:
        assert re.fullmatch(rf"\d {heading.title}", document.text[heading.start : heading.end])
    assert page_text(document, 1).startswith("Contents\n1 Foo 2")


def test_words_that_are_hyphenated_at_the_end_of_a_line_are_joined(fixtures):
    text = parse((fixtures / "lorem_hyphenated.pdf").read_bytes()).text
    assert "Lorem ipsum dolor sit amet, consetetur sadipscing elitr" in text
    assert not any(mark in text for mark in "\x02\ufffe\r")


def test_page_labels_and_pages_without_text(fixtures):
    writer = pypdf.PdfWriter(clone_from=fixtures / "outline.pdf")
    writer.insert_blank_page(width=200, height=200, index=1)
    writer.set_page_label(0, 1, style="/r")
    writer.set_page_label(2, 4, style="/D", prefix="A-")
    document = parse(written(writer))
    assert [page.label for page in document.pages] == ["i", "ii", "A-1", "A-2", "A-3"]
    assert page_text(document, 2) == ""
    assert document.notes == (f"1 of 5 pages have no text; {ocr.advice()}",)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("A Study of Ducks", "A Study of Ducks"),
        ("Microsoft Word - final.docx", None),
        ("untitled", None),
        ("Binder1.pdf", None),
        ("", None),
    ],
)
def test_titles_that_a_program_left_are_no_titles(fixtures, title: str, expected: str | None):
    writer = pypdf.PdfWriter(clone_from=fixtures / "lorem_hyphenated.pdf")
    writer.add_metadata({"/Title": title})
    assert parse(written(writer)).title == expected


def test_scanned_pages_are_counted():
    writer = pypdf.PdfWriter()
    for _ in range(3):
        writer.add_blank_page(width=200, height=200)
    with pytest.raises(NoTextError, match="3 of 3 pages are scans"):
        parse(written(writer))


def test_encrypted_with_the_empty_password_is_read(fixtures):
    assert "pdf encryption test" in parse(
        (fixtures / "encrypted_r6_empty_password.pdf").read_bytes()
    ).text  # fmt: skip


def test_encrypted_with_a_password_says_so(fixtures):
    with pytest.raises(UnreadableError, match="opens only with a password"):
        parse((fixtures / "encrypted_r6_user_password.pdf").read_bytes())


def test_what_pdfium_does_not_open_is_read_by_pypdf(fixtures):
    mailed = b"X-Mailer: a program\n" * 99 + (fixtures / "lorem_hyphenated.pdf").read_bytes()
    document = parse(mailed)
    assert "consetetur sadipscing elitr" in document.text
    assert document.notes == ("damaged: read by pypdf, spaces may be missing",)


def test_a_page_that_cannot_be_loaded_has_no_text(fixtures):
    whole = written(pypdf.PdfWriter(clone_from=fixtures / "lorem_hyphenated.pdf"))
    with pytest.raises(NoTextError, match="1 of 1 pages are scans, drawings or damaged"):
        parse(whole.replace(b"/Kids", b"/Gone"))


@pytest.mark.parametrize("data", [b"%PDF-1.7\n%%EOF\n", b"%PDF-1.4\n" + bytes(range(256)) * 20])
def test_rubbish_behind_a_header_is_damaged(data: bytes):
    with pytest.raises(UnreadableError, match="damaged"):
        parse(data)
