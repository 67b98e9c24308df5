import time

import pytest

from ingest.errors import UnreadableError, UnsupportedError
from ingest.sniff import Format, sniff


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
        (b"\xd0\xcf\x11\xe0" + "..WordDocument".encode("utf-16-le"), ".doc", Format.DOC),
        (b"{\\rtf1 text}", ".doc", Format.RTF),
        (b"{\\rtf1 text}", ".txt", Format.RTF),
        (b"plain", ".rtf", Format.TEXT),
        (b"<html>saved by a program", ".doc", Format.HTML),
        (b"\xef\xbb\xbf<!-- saved -->\n<!DOCTYPE html>", ".txt", Format.HTML),
        (b'<?xml version="1.0"?>\n<HTML>', "", Format.HTML),
        (b"<html> in Markdown", ".md", Format.MARKDOWN),
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
        (b"no header", ".pdf", "named .pdf but holds something else"),
        (b"PK\x03\x04...", ".csv", "named .csv but holds a zip archive: unpack it"),
    ],
)
def test_a_wrong_extension_is_named(head: bytes, suffix: str, reason: str):
    with pytest.raises(UnreadableError, match=reason):
        sniff(head, suffix)


@pytest.mark.parametrize("suffix", [".MP3", ".mp3", ".zip", ".ppt"])
def test_a_type_that_is_not_read_is_named(suffix: str):
    with pytest.raises(UnsupportedError, match=f"unsupported type {suffix.lower()}$"):
        sniff(b"PK\x03\x04", suffix)


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
