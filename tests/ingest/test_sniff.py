import time

import pytest

from ingest.errors import UnreadableError, UnsupportedError
from ingest.sniff import Format, sniff


def compound(*streams: str) -> bytes:
    return b"\xd0\xcf\x11\xe0" + "".join(streams).encode("utf-16-le")


@pytest.mark.parametrize(
    ("head", "suffix", "expected"),
    [
        (b"%PDF-1.7\n", ".docx", Format.PDF),
        (b"%PDF-1.7\n", ".csv", Format.PDF),
        (b"junk before the header %PDF-1.4\n", ".pdf", Format.PDF),
        (b"About %PDF- headers", ".txt", Format.TEXT),
        (b"PK\x03\x04...word/document.xml", ".pdf", Format.DOCX),
        (b"PK\x03\x04...xl/workbook.xml", ".docx", Format.XLSX),
        (b"PK\x03\x04...ppt/presentation.xml", ".pptx", Format.PPTX),
        (b"PK\x03\x04" + 26 * b"." + b"mimetypeapplication/epub+zip", ".docx", Format.EPUB),
        (b"PK\x03\x04...", ".docx", Format.DOCX),
        (compound("WordDocument"), ".doc", Format.DOC),
        (b"{\\rtf1 text}", ".doc", Format.RTF),
        (b"{\\rtf1 text}", ".txt", Format.RTF),
        (b"plain", ".rtf", Format.TEXT),
        (b"<html>saved by a program", ".doc", Format.HTML),
        (b"\xef\xbb\xbf<!-- saved -->\n<!DOCTYPE html>", ".txt", Format.HTML),
        (b'<?xml version="1.0"?>\n<HTML>', "", Format.HTML),
        (b"<html> in Markdown", ".md", Format.MARKDOWN),
        (b"\n<table><tr><td>5</table>", ".xls", Format.HTML),
        (b"Plan\tPrice\nBasic\t5", ".xls", Format.CSV),
        (b'<?xml version="1.0"?><Workbook/>', ".xls", Format.XML),
        (b"PK\x03\x04...xl/workbook.xml", ".xls", Format.XLSX),
        (compound("WordDocument", "Workbook"), ".doc", Format.DOC),
        (b"# Title", ".MD", Format.MARKDOWN),
        (b"plain", ".htm", Format.HTML),
        (b"plain", ".rst", Format.RESTRUCTURED),
        (b"plain", ".tex", Format.LATEX),
        (b"plain", "", Format.TEXT),
    ],
)
def test_content_decides_before_the_extension(head: bytes, suffix: str, expected: Format):
    assert sniff(head, suffix) is expected


@pytest.mark.parametrize(
    ("head", "suffix", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n", ".pdf", "named .pdf but holds a PNG image"),
        (b"\xd0\xcf\x11\xe0", ".docx", "old or password-protected Office document"),
        (b"\xd0\xcf\x11\xe0", ".doc", "old or password-protected Office document"),
        (compound("EncryptedPackage"), ".docx", "opens only with a password; save a copy without"),
        (b"\xdb\xa5-\x00\x00", ".doc", r"holds Word 2: save it as \.docx"),
        (b"no header", ".pdf", "named .pdf but holds something else"),
        (b"PK\x03\x04...", ".csv", "named .csv but holds a zip archive: unpack it"),
    ],
)
def test_a_wrong_extension_is_named(head: bytes, suffix: str, reason: str):
    with pytest.raises(UnreadableError, match=reason):
        sniff(head, suffix)


@pytest.mark.parametrize("suffix", [".MP3", ".mp3", ".zip"])
def test_a_type_that_is_not_read_is_named(suffix: str):
    with pytest.raises(UnsupportedError, match=f"unsupported type {suffix.lower()}$"):
        sniff(b"PK\x03\x04", suffix)


@pytest.mark.parametrize(
    ("stream", "suffix", "reason"),
    [
        ("Workbook", ".xls", r"Excel 97 to 2003 is not read: save it as \.xlsx"),
        ("WordDocumentWorkbook", ".xls", r"Excel 97 to 2003 is not read: save it as \.xlsx"),
        ("Book", ".xls", r"Excel 5 and 95 is not read: save it as \.xlsx"),
        ("PowerPoint Document", ".ppt", r"PowerPoint 97 to 2003 is not read: save it as \.pptx"),
        ("__substg1.0_", ".doc", r"Outlook's messages is not read: save it as \.eml"),
        ("__substg1.0_", ".msg", r"unsupported type \.msg: save it as \.eml"),
        ("", ".numbers", r"unsupported type \.numbers: export it as \.xlsx"),
    ],
)
def test_a_format_that_is_not_read_says_what_to_do(stream: str, suffix: str, reason: str):
    with pytest.raises(UnsupportedError, match=reason):
        sniff(compound(stream), suffix)


def test_comments_before_a_page_take_linear_time():
    def seconds(size: int) -> float:
        began = time.process_time()
        assert sniff(b"<!--" * size + b"-->", ".txt") is Format.TEXT
        assert sniff(b"<!-- -->" * size + b"x", ".txt") is Format.TEXT
        return time.process_time() - began

    seconds(10)
    assert seconds(1_000_000) < 100 * max(seconds(10_000), 0.001)


def test_a_program_without_an_extension_is_skipped():
    with pytest.raises(UnsupportedError, match="a program without an extension"):
        sniff(b"\x7fELF\x02", "")
