"""A document: normalised text, and exact spans of its pages and headings."""

import re
import unicodedata
from dataclasses import dataclass

from ingest.errors import NoTextError, UnreadableError

MAX_CHARACTERS = 16_000_000
"""Four times the King James Bible. More is a log or a dump, and days of embedding on a laptop."""

_LINE_END = re.compile(r"\r\n?|[\f\v\x1c-\x1e\x85\u2028\u2029]")
# Control and invisible characters, halves of surrogate pairs, and what Unicode never assigns.
# Joiners (U+200C, U+200D) and marks of direction stay: scripts and emoji need them.
_JUNK = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\ufeff\ufffe\uffff\ud800-\udfff]"
)
_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Page:
    """A page: `text[start:end]` of the document; empty if the page has no text.

    Attributes:
        number: 1-based.
        label: As printed in the document ("iv", "A-3"), if the document says so.
        start: First character's offset in the document's text.
        end: Offset after the last character.
    """

    number: int
    label: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, `text[start:end]` of the document with its markup.

    Attributes:
        level: 1 is the outermost.
        title: Its words without markup.
        start: First character's offset in the document's text.
        end: Offset after the last character; `start` if the heading is known only from a table
            of contents (an outline entry of a PDF) and not found on its page.
    """

    level: int
    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a parser makes of a file.

    Attributes:
        text: Normalised: NFC, lines end in a newline, no control characters.
        media_type: For example `application/pdf`.
        title: What the document itself gives as its title; never its file name.
        language: BCP 47 tag if the document declares one.
        pages: In order; empty where the format has none.
        headings: In order.
        notes: What a user should know of the reading ("2 of 9 pages have no text").
    """

    text: str
    media_type: str
    title: str | None = None
    language: str | None = None
    pages: tuple[Page, ...] = ()
    headings: tuple[Heading, ...] = ()
    notes: tuple[str, ...] = ()


def normalise(text: str) -> str:
    r"""The form in which text is stored: NFC, `\n`, no control characters, no trailing space."""
    text = unicodedata.normalize("NFC", _JUNK.sub("", _LINE_END.sub("\n", text)))
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip("\n")


def one_line(text: str) -> str:
    """Normalised text with each run of white space made one space: for titles and cells."""
    return " ".join(normalise(text).split())


class DocumentBuilder:
    """Puts a document together from blocks, and keeps the spans of pages and headings."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._headings: list[Heading] = []
        self._pages: list[Page] = []

    def add(self, block: str, *, separator: str = "\n\n") -> int:
        """Append a block after `separator`; returns where it starts.

        The block is normalised; an empty one changes nothing.
        """
        block = normalise(block)
        if block:
            if self._parts:
                self._append(separator)
            self._append(block)
        return self._length - len(block)

    def add_heading(self, level: int, title: str) -> None:
        """Append a heading as a block of its own."""
        title = one_line(title)
        if title:
            start = self.add(title)
            self._headings.append(Heading(level, title, start, self._length))

    def add_page(self, text: str, label: str | None) -> Page:
        """Append the next page."""
        start = self.add(text)
        page = Page(len(self._pages) + 1, label, start, self._length)
        self._pages.append(page)
        return page

    def mark_heading(self, level: int, title: str, page: Page) -> None:
        """Add a heading of which only title and page are known; it is looked for on the page."""
        title = one_line(title)
        if not title:
            return
        # Words may stand on several lines, and an outline often spells spaces differently.
        pattern = r"\s*".join(re.escape(word) for word in title.split())
        found = re.search(rf"^{pattern}$", self._text()[page.start : page.end], re.MULTILINE)
        start, end = (found.start(), found.end()) if found else (0, 0)
        self._headings.append(Heading(level, title, page.start + start, page.start + end))

    def build(
        self,
        media_type: str,
        *,
        title: str | None = None,
        language: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> Document:
        """The document.

        Raises:
            NoTextError: Nothing but white space was added.
            UnreadableError: There is more text than `MAX_CHARACTERS`.
        """
        text = self._text()
        check_length(text)
        return Document(
            text=text,
            media_type=media_type,
            title=one_line(title or "") or None,
            language=language or None,
            pages=tuple(self._pages),
            headings=tuple(sorted(self._headings, key=lambda heading: heading.start)),
            notes=notes,
        )

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _text(self) -> str:
        # Joined once and kept: each heading that is looked for needs the text.
        self._parts = ["".join(self._parts)] if self._parts else []
        return self._parts[0] if self._parts else ""


def check_length(text: str) -> None:
    """Refuse what is no document: nothing at all, or far too much.

    Raises:
        NoTextError: There is nothing but white space.
        UnreadableError: There is more than `MAX_CHARACTERS`.
    """
    if not text.strip():
        msg = "no text"
        raise NoTextError(msg)
    if len(text) > MAX_CHARACTERS:
        msg = f"{len(text):,} characters of text, the limit is {MAX_CHARACTERS:,}: split the file"
        raise UnreadableError(msg)
