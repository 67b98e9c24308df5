"""What a file is: its first bytes decide, its extension only where they leave it open."""

import re
from enum import StrEnum

from ingest.errors import UnreadableError, UnsupportedError

HEAD_BYTES = 4096
"""So much of a file is enough for `sniff`."""


class Format(StrEnum):
    """A format that is read; the value is its media type."""

    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    HTML = "text/html"
    MARKDOWN = "text/markdown"
    TEXT = "text/plain"


_BY_SUFFIX = {
    ".pdf": Format.PDF,
    ".docx": Format.DOCX,
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".xhtml": Format.HTML,
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
    ".txt": Format.TEXT,
    ".text": Format.TEXT,
    ".rst": Format.TEXT,
    ".log": Format.TEXT,
    "": Format.TEXT,  # README, LICENSE
}

_OTHER_CONTENT = (
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0", "an old or password-protected Office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
)

_HTML = re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html)\b", re.I | re.S)


def sniff(head: bytes, suffix: str) -> Format:
    """The format of a file.

    Args:
        head: The first `HEAD_BYTES` bytes, at least one.
        suffix: Extension with its dot, in any case.

    Raises:
        UnsupportedError: The format is none that is read.
        UnreadableError: The content is not what the extension says, nor anything that is read.
    """
    suffix = suffix.lower()
    expected = _BY_SUFFIX.get(suffix)
    # Some servers and mail programs put something in front of the header.
    if head.startswith(b"%PDF-") or (expected is Format.PDF and b"%PDF-" in head):
        return Format.PDF
    if expected is None:
        msg = f"unsupported type {suffix}"
        raise UnsupportedError(msg)
    if head.startswith(b"PK\x03\x04"):
        return Format.DOCX
    for magic, what in _OTHER_CONTENT:
        if head.startswith(magic):
            raise _misnamed(suffix, what)
    if expected in (Format.PDF, Format.DOCX):
        raise _misnamed(suffix, "something else (it has no such header)")
    if expected is Format.TEXT and _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        return Format.HTML
    return expected


def _misnamed(suffix: str, what: str) -> Exception:
    if not suffix:
        return UnsupportedError(f"unsupported type: {what} without an extension")
    return UnreadableError(f"named {suffix} but holds {what}")
