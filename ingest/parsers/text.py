"""Plain text and reStructuredText: bytes to characters, and headings that are underlined."""

import codecs
import re

from ingest.document import Document, Heading, check_length, normalise
from ingest.errors import UnreadableError
from ingest.parsers.encoding import is_odd, likeliest, utf_16
from ingest.sniff import Format

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_WITH_CONTROLS = ("UTF-16", "UTF-32", "ISO-2022", "HZ")
"""Beginnings of the names of encodings in which letters are made of control characters."""

_ONE_BYTE = frozenset(
    codecs.lookup(name).name
    for name in (
        *(f"cp125{last}" for last in range(9)),
        *(f"iso8859-{part}" for part in (*range(1, 12), *range(13, 17))),
        *"koi8-r koi8-u mac-roman mac-cyrillic cp437 cp850 cp852 cp866 cp874 ascii".split(),
    )
)
"""Encodings in which nearly any bytes are text."""
_MOST_DAMAGED = 0.02  # of the bytes beyond ASCII, where a declaration is believed
_MOST_ACCENTED = 0.5  # of the letters; in Vietnamese it is a quarter
_TAG = re.compile(r"<[^<>]*>")

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

_UNDERLINED = re.compile(r"^(?P<title>\S.*)\n(?P<line>([=\-~^\"'`#*+:.])\3{2,})$", re.MULTILINE)


def parse(data: bytes) -> Document:
    """A text file; sections are recognised where titles are underlined.

    Raises:
        UnreadableError: The bytes are not text, or too much of it.
        NoTextError: There is nothing but white space.
    """
    notes: list[str] = []
    text = normalise(decode(data, notes=notes))
    check_length(text)
    return Document(text=text, media_type=Format.TEXT, headings=_headings(text), notes=tuple(notes))


def decode(data: bytes, declared: str | None = None, *, notes: list[str] | None = None) -> str:
    """Characters from bytes of unknown encoding.

    A byte order mark decides; then what the file declares, unless it is UTF-8 after all; then UTF-8
    if it fits or is only damaged here and there; then the likeliest of the older encodings.

    Args:
        data: The bytes.
        declared: The encoding that the file gives as its own.
        notes: Takes a line where the encoding was guessed.

    Raises:
        UnreadableError: The bytes are not text in any encoding.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if declared and (text := _as_declared(data, declared)) is not None:
        return text
    if b"\x1b" in data or b"~{" in data or _CONTROL.search(data):
        text = _with_controls(data, notes)
        if text is not None:
            return text
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(data, notes)
    _refuse_binary(data, share=0.3)
    return text


def _as_declared(data: bytes, declared: str) -> str | None:
    """The text in the encoding that the file gives as its own; None if that cannot be.

    Editors save as UTF-8 what says that it is Latin-1: sequences of UTF-8 do not come about by
    chance. And a text of which most letters are accented is none of Western Europe.
    """
    text = data.decode(declared, errors="replace")
    beyond_ascii = sum(byte > 0x7F for byte in data)
    if not beyond_ascii:
        return text
    is_whole = "\ufffd" not in text
    if codecs.lookup(declared).name in _ONE_BYTE or not is_whole:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    if text.count("\ufffd") > beyond_ascii * _MOST_DAMAGED:
        return None
    letters = [c for c in _TAG.sub("", text) if c.isalpha()]
    accented = sum(not c.isascii() for c in letters)
    is_western = codecs.lookup(declared).name in ("cp1252", "iso8859-1", "iso8859-15")
    return None if is_western and accented > _MOST_ACCENTED * len(letters) else text


def _with_controls(data: bytes, notes: list[str] | None) -> str | None:
    """The text in an encoding in which letters are made of control characters, if it is in one."""
    text = utf_16(data) if _CONTROL.search(data) else None
    if text is None:
        return _guessed(data, notes, among=_WITH_CONTROLS)
    _tell_guess("UTF-16", notes)
    return text


def _decode_legacy(data: bytes, notes: list[str] | None) -> str:
    damaged = data.decode("utf-8", errors="replace")
    replaced = damaged.count("\ufffd")
    beyond_ascii = sum(character > "\x7f" for character in damaged) - replaced
    if beyond_ascii > replaced:  # sequences that are valid UTF-8 do not come about by chance
        return damaged
    _refuse_binary(data, share=0.01)
    western = data.decode("cp1252", errors="replace")
    has_letters = any(character.isalpha() and character > "\x7f" for character in western)
    if not has_letters and not is_odd(western):
        return western  # quotation marks and dashes alone
    return _guessed(data, notes) or western


def _guessed(data: bytes, notes: list[str] | None, *, among: tuple[str, ...] = ("",)) -> str | None:
    """The text in the likeliest encoding; None if there is none whose name begins so."""
    found = likeliest(data, among)
    if found is None:
        return None
    name, text = found
    _tell_guess(name, notes)
    return text


def _tell_guess(name: str, notes: list[str] | None) -> None:
    if notes is not None:
        notes.append(f"its encoding was guessed, {name}: if letters look wrong, save it as UTF-8")


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
