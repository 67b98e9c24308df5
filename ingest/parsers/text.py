"""Plain text and reStructuredText: bytes to characters, and headings that are underlined."""

import codecs
import re

from charset_normalizer import from_bytes

from ingest.document import Document, Heading, check_length, normalise
from ingest.errors import UnreadableError
from ingest.sniff import Format

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# The encodings that are still met in files, each in the superset that browsers use. Left to itself,
# charset_normalizer takes 61 bytes of Windows-1252 for the Central European cp1250.
_LEGACY = ["cp1252", "gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1251", "koi8_r"]

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

_UNDERLINED = re.compile(r"^(?P<title>\S.*)\n(?P<line>([=\-~^\"'`#*+:.])\3{2,})$", re.MULTILINE)


def parse(data: bytes) -> Document:
    """A text file; sections are recognised where titles are underlined.

    Raises:
        UnreadableError: The bytes are not text, or too much of it.
        NoTextError: There is nothing but white space.
    """
    text = normalise(decode(data))
    check_length(text)
    return Document(text=text, media_type=Format.TEXT, headings=_headings(text))


def decode(data: bytes, declared: str | None = None) -> str:
    """Characters from bytes of unknown encoding.

    A byte order mark decides; then what the file declares; then UTF-8 if it fits or is only
    damaged here and there; then the likeliest of the older encodings.

    Args:
        data: The bytes.
        declared: The encoding that the file gives as its own.

    Raises:
        UnreadableError: The bytes are not text in any encoding.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if declared:
        return data.decode(declared, errors="replace")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(data)
    _refuse_binary(data, share=0.3)
    return text


def _decode_legacy(data: bytes) -> str:
    damaged = data.decode("utf-8", errors="replace")
    replaced = damaged.count("\ufffd")
    beyond_ascii = sum(character > "\x7f" for character in damaged) - replaced
    if beyond_ascii > replaced:  # sequences that are valid UTF-8 do not come about by chance
        return damaged
    _refuse_binary(data, share=0.01)
    matches = from_bytes(data, cp_isolation=_LEGACY)
    best = matches.best()
    # A short text often fits several: the most frequent of these encodings wins a tie.
    likely = [match for match in matches if best and match.chaos == best.chaos]
    if best is None or any(match.encoding == "cp1252" for match in likely):
        return data.decode("cp1252", errors="replace")
    return data.decode(best.encoding, errors="replace")


def _refuse_binary(data: bytes, *, share: float) -> None:
    controls = len(_CONTROL.findall(data))
    if controls > share * len(data):
        msg = f"binary data, not text ({controls:,} of {len(data):,} bytes are control characters)"
        raise UnreadableError(msg)


def _headings(text: str) -> tuple[Heading, ...]:
    """Underlined titles; as in reStructuredText the order of first use gives the levels."""
    order: list[str] = []
    headings: list[Heading] = []
    for match in _UNDERLINED.finditer(text):
        title, line = match["title"], match["line"]
        # Shorter than its title: not a heading. A title of punctuation only: the border of a table.
        if len(line) < len(title) or not any(map(str.isalnum, title)):
            continue
        if line[0] not in order:
            order.append(line[0])
        level = order.index(line[0]) + 1
        headings.append(Heading(level, title.strip(), match.start(), match.end()))
    return tuple(headings)
