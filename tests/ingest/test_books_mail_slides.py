"""Slides, OpenDocument, books, mail, subtitles, RTF and code."""

import io
import zipfile
from email.message import EmailMessage

import pptx
import pytest
from pptx.util import Inches

from ingest.errors import UnreadableError
from ingest.parsers import (
    code,
    email_message,
    epub,
    mailbox,
    opendocument,
    rtf,
    slides,
    subtitles,
)


def archive(parts: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        for name, content in parts.items():
            opened.writestr(name, content)
    return stream.getvalue()


def test_a_slide_is_a_page_with_its_table_and_notes():
    deck = pptx.Presentation()
    for title in ("Plans", "Staff"):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = title
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for place, words in enumerate(["Name", "Role", "Ada", "Lead"]):
        table.cell(place // 2, place % 2).text = words
    slide.notes_slide.notes_text_frame.text = "Ada starts in May."
    stream = io.BytesIO()
    deck.save(stream)

    document = slides.parse(stream.getvalue())

    assert document.text == (
        "Plans\n\nStaff\n\n| Name | Role |\n| Ada | Lead |\n\nNotes: Ada starts in May."
    )
    assert [document.text[p.start : p.end][:5] for p in document.pages] == ["Plans", "Staff"]
    assert [heading.title for heading in document.headings] == ["Plans", "Staff"]


ODF = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in [
        ("office", "office"), ("text", "text"), ("table", "table"), ("style", "style"),
        ("draw", "drawing"), ("presentation", "presentation"),
    ]
)  # fmt: skip


def opened(body: str, styles: str = "") -> str:
    content = (
        f"<office:document-content {ODF}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body>{body}</office:body></office:document-content>"
    )
    return opendocument.parse(archive({"content.xml": content})).text


def test_text_of_opendocument():
    body = (
        '<office:text><text:h text:outline-level="2">Head</text:h>'
        '<text:p>10<text:span text:style-name="T1">6</text:span> litres<text:s text:c="2"/>of '
        "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>A note."
        "</text:p></text:note-body></text:note>water</text:p>"
        '<text:list text:style-name="L1"><text:list-item><text:p>one</text:p></text:list-item>'
        "<text:list-item><text:p>two</text:p></text:list-item></text:list></office:text>"
    )
    styles = (
        '<style:style style:name="T1"><style:text-properties style:text-position="super 58%"/>'
        '</style:style><text:list-style style:name="L1"><text:list-level-style-number '
        'text:level="1" style:num-format="a" style:num-suffix=")"/></text:list-style>'
    )
    assert opened(body, styles) == (
        "Head\n\n10^6 litres  of  [1]water\n\n[1] A note.\n\na) one\nb) two"
    )


def test_sheets_of_opendocument_do_not_repeat_their_empty_end():
    row = "<table:table-row><table:table-cell><text:p>{}</text:p></table:table-cell>{}"
    number = (
        '<table:table-cell table:number-columns-repeated="2"><text:p>5</text:p></table:table-cell>'
    )
    body = (
        '<office:spreadsheet><table:table table:name="Prices">'
        + row.format("Plan", number)
        + '</table:table-row><table:table-row table:number-rows-repeated="1048576">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
        "</table:table></office:spreadsheet>"
    )
    assert opened(body) == "Prices\n\n| Plan | 5 | 5 |"


def book(**extra: str) -> bytes:
    container = '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<metadata><dc:title>Tales</dc:title><dc:creator>Ada Vogt</dc:creator></metadata><manifest>"
        '<item id="b" href="b.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    return archive(
        {
            "META-INF/container.xml": container,
            "OPS/book.opf": package,
            "OPS/a.xhtml": "<html><body><h1>First</h1><p>Text of the first.</p></body></html>",
            "OPS/b.xhtml": "<html><body><h1>Second</h1><p>End.</p></body></html>",
            **extra,
        }
    )


def test_chapters_are_pages_in_reading_order():
    document = epub.parse(book())
    assert document.text == (
        "Title: Tales\nAuthor: Ada Vogt\n\nFirst\n\nText of the first.\n\nSecond\n\nEnd."
    )
    assert [page.label for page in document.pages] == ["First", "Second"]
    assert document.title == "Tales"


def test_a_book_that_is_protected_says_so_and_one_with_hidden_fonts_is_read():
    def encryption(method: str) -> str:
        return f'<encryption><EncryptionMethod Algorithm="{method}"/></encryption>'

    name = "META-INF/encryption.xml"
    with pytest.raises(UnreadableError, match="DRM"):
        epub.parse(book(**{name: encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc")}))
    assert epub.parse(book(**{name: encryption("http://www.idpf.org/2008/embedding-obfuscation")}))


def message(subject: str, body: str) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "Ada <a@example.org>", "Bo <b@example.org>"
    mail.set_content(body)
    return mail


def test_a_message_with_an_attachment_that_is_read_and_one_that_is_not():
    mail = message("Rent – May", "The rent is 940 euros.")
    mail.add_attachment("plan,price\nBasic,5\n", subtype="csv", filename="prices.csv")
    mail.add_attachment(b"\x89PNG\r\n", maintype="image", subtype="png", filename="cat.png")
    document = email_message.parse(mail.as_bytes())
    assert document.text == (
        "Rent – May\n\nFrom: Ada <a@example.org>\nTo: Bo <b@example.org>\n\n"
        "The rent is 940 euros.\n\nAttachment: prices.csv\n\n| plan | price |\n| Basic | 5 |"
    )
    (table,) = document.tables
    assert document.text[table.start : table.header_end] == "| plan | price |"
    assert document.notes == ("the attachment cat.png was not read: damaged: no readable picture",)


def test_headings_of_an_attachment_stand_under_its_name():
    mail = message("Rent", "See the file.")
    mail.add_attachment("# Plans\n\nBasic.", subtype="markdown", filename="plans.md")
    document = email_message.parse(mail.as_bytes())
    found = [(heading.level, heading.title) for heading in document.headings]
    assert found == [(1, "Rent"), (2, "Attachment: plans.md"), (3, "Plans")]


def test_a_message_of_html_alone():
    mail = message("Hello", "")
    mail.set_content("<p>10<sup>6</sup> litres</p>", subtype="html")
    assert email_message.parse(mail.as_bytes()).text.endswith("10^6 litres")


def test_messages_of_a_mailbox_are_pages():
    mails = [message("One", "First.\n"), message("Two", "Second.\n")]
    source = b"".join(b"From a@example.org Mon\n" + mail.as_bytes() + b"\n" for mail in mails)
    document = mailbox.parse(source)
    assert [page.label for page in document.pages] == ["One", "Two"]
    assert document.text.endswith("Second.")


def test_subtitles_have_their_times_and_nothing_twice():
    source = (
        b"WEBVTT\n\n1\n00:01:05.000 --> 00:01:07.000\n<v Ada>Hello <i>there</i>\n\n"
        b"00:01:07.000 --> 00:01:09.000\nAda: Hello there\nwho is it?\n"
    )
    assert subtitles.parse(source).text == "[0:01:05] Ada: Hello there\n[0:01:07] who is it?"


def test_rtf_with_a_table_and_an_exponent():
    source = (
        rb"{\rtf1\ansi It holds 10{\super 6} litres.\par "
        rb"\trowd\cellx1\cellx2 Plan\cell Price\cell\row Basic\cell 5\cell\row \pard End.}"
    )
    text = rtf.parse(source).text
    assert "It holds 10^6 litres." in text
    assert "| Plan | Price |\n| Basic | 5 |" in text


def test_functions_and_sections_are_the_headings_of_code():
    source = b"class Pump:\n    def start(self):\n        return 1\n"
    found = [(heading.level, heading.title) for heading in code.parse(source).headings]
    assert found == [(1, "Pump"), (3, "start")]
    assert [h.title for h in code.parse(b"[server]\nport = 1\n").headings] == ["server"]
