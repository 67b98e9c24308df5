r"""Rich Text Format as tokens: control words, groups, and text in the code pages that it names."""

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})? ?"
    r"|\\'(?P<byte>[0-9A-Fa-f]{2})"
    r"|\\(?P<sign>[^A-Za-z])"
    r"|(?P<brace>[{}])"
    r"|(?P<text>[^\\{}\r\n]+)"
    r"|[\r\n]+|\\",
    re.DOTALL,
)
# RTF 1.9.1, "Font Table"; what is not named is that of the document.
_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "cp1361", 134: "gb18030", 136: "cp950",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257",
    204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_DEFAULTS = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}


class Token(NamedTuple):
    r"""A part of the file.

    Attributes:
        kind: `word`, `sign` (a control symbol, such as `\~`), `byte` (`\'e9`), `open`, `close`, or
            `text`.
        value: The word, the sign, the two digits, or the text; each character of it is a byte.
        number: What stands behind a word, None if nothing does.
    """

    kind: str
    value: str = ""
    number: int | None = None


def tokens(source: str) -> Iterator[Token]:
    """Yields what a file consists of; what is binary is left out."""
    place = 0
    while found := _TOKEN.match(source, place):
        place = found.end()
        kind = found.lastgroup
        if found["word"]:
            number = int(found["number"]) if found["number"] else None
            if found["word"] == "bin":
                place += max(number or 0, 0)
            else:
                yield Token("word", found["word"], number)
        elif kind == "brace":
            yield Token("open" if found["brace"] == "{" else "close")
        elif kind:
            yield Token(kind, found[kind])


class Decoder:
    """Makes characters of bytes, by the code page of the document or of a font."""

    def __init__(self) -> None:
        self._page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}
        self._open = ""

    def set_page(self, word: str, number: int | None) -> None:
        r"""Take the document's code page from `\ansi`, `\mac` or `\ansicpg1251`."""
        name = _DEFAULTS.get(word) or f"cp{number}"
        try:
            b"a".decode(name)
        except (LookupError, UnicodeError):
            return
        self._page = name

    def set_charset(self, font: int, charset: int | None) -> None:
        r"""A font of the table, and its `\fcharset`."""
        if charset in _CHARSETS:
            self._fonts[font] = _CHARSETS[charset]

    def byte(self, font: int, digits: str) -> str:
        """The character that a byte is, or completes; nothing if it is the first of two."""
        return self._decoded(self._fonts.get(font, self._page), bytes.fromhex(digits))

    def text(self, characters: str) -> str:
        """Text as it stands in the file; it may begin with the second byte of a character."""
        if not self._open or not characters:
            return characters
        first = characters[0].encode("latin-1", "replace")
        return self._decoded(self._open, first) + characters[1:]

    def _decoded(self, page: str, data: bytes) -> str:
        decoder = self._decoders.get(page)
        if decoder is None:
            decoder = self._decoders[page] = codecs.getincrementaldecoder(page)("replace")
        text = decoder.decode(data)
        self._open = page if decoder.getstate()[0] else ""
        return text
