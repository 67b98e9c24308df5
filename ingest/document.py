"""A document: normalised text, and exact spans of its pages and headings."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.errors import NoTextError, UnreadableError

MAX_CHARACTERS = 16_000_000
"""Four times the King James Bible. More is a log or a dump, and days of embedding on a laptop."""

_LINE_END = re.compile(r"\r\n?|[\f\v\x1c-\x1e\x85\u2028\u2029]")
# Control and invisible characters, halves of surrogate pairs, and what Unicode never assigns.
# Joiners (U+200C, U+200D) and marks of direction stay: scripts and emoji need them.
_JUNK = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\ufeff\ufffe\uffff\ud800-\udfff]"
)
_YEAR = re.compile(r"(?:1[89]|20)\d\d(?:[/–-]\d\d(?:\d\d)?)?")
_BLANK_LINES = re.compile(r"\n{3,}")
_ALIKE = ("-‐‑‒–—", "'’‘", '"“”„')
_VARIANTS = re.compile(r"\\?[-‐‑‒–—'’‘\"“”„]")
_SECTION = re.compile(r"\d+(?:[.-]\d+)+\.?")

MAX_TITLE = 300
"""Characters of a title, a heading or a page's label: each is stored with every passage below it,
and a page that is one long `<h1>` would be stored as often as it has passages."""
MAX_LANGUAGE = 35
"""Characters of a language tag (BCP 47, RFC 5646 section 4.4.1)."""
MAX_HEADINGS = 20_000
MAX_PAGES = 20_000
"""The longest handbook at hand has 872 pages; more than this is one page listed over and over."""


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
        end: Offset after the last character.
    """

    level: int
    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table, `text[start:end]` of the document: a row a line, which is never cut.

    Attributes:
        start: First character's offset in the document's text.
        end: Offset after the last character.
        header_end: Offset after the rows that name the columns, `start` if there are none.
    """

    start: int
    end: int
    header_end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a parser makes of a file.

    Attributes:
        text: Normalised: NFC, lines end in a newline, no control characters.
        media_type: For example `application/pdf`.
        title: What the document itself gives as its title; never its file name.
        language: BCP 47 tag if the document declares one.
        pages: In order; empty where the format has none. Slides, sheets, chapters of a book and
            messages of a mailbox are pages, too.
        headings: In order.
        tables: In order, none in another.
        notes: What a user should know of the reading ("2 of 9 pages have no text").
    """

    text: str
    media_type: str
    title: str | None = None
    language: str | None = None
    pages: tuple[Page, ...] = ()
    headings: tuple[Heading, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


def bounded(document: Document) -> Document:
    """The document with its fields cut to what may be stored with each of its passages.

    Raises:
        UnreadableError: There are more than `MAX_PAGES` pages.
    """
    if len(document.pages) > MAX_PAGES:
        msg = f"{len(document.pages):,} pages, the limit is {MAX_PAGES:,}: split the file"
        raise UnreadableError(msg)
    language = document.language
    return replace(
        document,
        title=_cut(document.title) or None,
        language=language if language and len(language) <= MAX_LANGUAGE else None,
        pages=tuple(replace(page, label=_cut(page.label) or None) for page in document.pages),
        headings=tuple(
            replace(heading, title=_cut(heading.title))
            for heading in document.headings[:MAX_HEADINGS]
        ),
    )


def _cut(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= MAX_TITLE else text[: MAX_TITLE - 1].rstrip() + "…"


def normalise(text: str) -> str:
    r"""The form in which text is stored: NFC, `\n`, no control characters, no trailing space."""
    text = unicodedata.normalize("NFC", _JUNK.sub("", _LINE_END.sub("\n", text)))
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip("\n")


def one_line(text: str) -> str:
    """Normalised text with each run of white space made one space: for titles and cells."""
    return " ".join(normalise(text).split())


class DocumentBuilder:
    """Puts a document together from blocks; keeps the spans of pages, headings and tables."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._headings: list[Heading] = []
        self._tables: list[Table] = []
        self._pages: list[Page] = []
        self._notes: list[str] = []
        self._page_is_open = False

    def add(self, block: str, *, separator: str = "\n\n") -> int:
        """Append a block after `separator`; returns where it starts.

        The block is normalised; an empty one changes nothing.
        """
        block = normalise(block)
        if block:
            if self._parts:
                self._append(separator)
            self._append(block)
            self._stretch_page(self._length - len(block))
        return self._length - len(block)

    def add_heading(self, level: int, title: str) -> None:
        """Append a heading as a block of its own."""
        title = one_line(title)
        if title:
            start = self.add(title)
            self._headings.append(Heading(level, title, start, self._length))

    def add_table(self, rows: Sequence[Sequence[str]], *, header_rows: int | None = None) -> None:
        """Append a table, a row a line: `| Name | Price |`. Rows without text are left out.

        Args:
            rows: Cells of each row, from the left; white space in a cell becomes one space.
            header_rows: How many of the first rows name the columns; None if the file does not
                tell: then the first one does if it looks so.
        """
        rows = [row for row in rows if any(cell.strip() for cell in row)]
        if header_rows is None:
            header_rows = _header_rows(rows)
        lines: list[str] = []
        header = 0
        for number, row in enumerate(rows):
            cells = [one_line(cell) for cell in row]
            if any(cells):
                lines.append(f"| {' | '.join(cells)} |")
                header += number < header_rows
        if lines:
            start = self.add("\n".join(lines))
            header_end = start + len("\n".join(lines[:header]))
            self._tables.append(Table(start, self._length, header_end))

    def add_records(self, records: Iterable[Sequence[tuple[str, str]]]) -> None:
        """Append a table, a record a line: `Name: Basic; Price: 5`. Empty values are left out.

        Args:
            records: Of each, the names of its values with them.
        """
        lines = (
            "; ".join(
                f"{one_line(name)}: {one_line(value)}" for name, value in record if value.strip()
            )
            for record in records
        )
        text = "\n".join(line for line in lines if line)
        if text:
            start = self.add(text)
            self._tables.append(Table(start, self._length, start))

    def add_page(self, text: str, label: str | None) -> Page:
        """Append the next page as one block."""
        self.start_page(label)
        self.add(text)
        self._page_is_open = False
        return self._pages[-1]

    def start_page(self, label: str | None) -> None:
        """Let a new page begin with the next block: a slide, a sheet, a chapter."""
        self._pages.append(Page(len(self._pages) + 1, label, self._length, self._length))
        self._page_is_open = True

    def note(self, text: str) -> None:
        """Say something of the reading to the user; the same thing once."""
        if text not in self._notes:
            self._notes.append(text)

    def add_document(self, document: Document, *, below: int = 0) -> None:
        """Append another document, such as an attachment, with its headings, tables and notes.

        Args:
            document: The other document.
            below: The level of the heading under which all of its own stand.
        """
        start = self.add(document.text)
        self._headings += [
            replace(
                heading,
                level=heading.level + below,
                start=heading.start + start,
                end=heading.end + start,
            )
            for heading in document.headings
        ]
        self._tables += [
            Table(table.start + start, table.end + start, table.header_end + start)
            for table in document.tables
        ]
        for note in document.notes:
            self.note(note)

    def mark_heading(self, level: int, title: str, pages: Sequence[Page]) -> None:
        """Add a heading of which only the title is known, and the pages on which it may stand.

        One that is on none of them claims nothing.
        """
        title, text = one_line(title), self._text()
        last = self._headings[-1].end if self._headings else 0
        for pattern in _heading_patterns(title):
            for page in pages:
                # Chapters may have sections of the same title on one page.
                found = pattern.search(text, max(page.start, last), page.end)
                found = found or pattern.search(text, page.start, page.end)
                if found:
                    self._headings.append(Heading(level, title, *found.span()))
                    return

    def build(
        self,
        media_type: str,
        *,
        title: str | None = None,
        language: str | None = None,
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
            tables=tuple(self._tables),
            notes=tuple(self._notes),
        )

    def _stretch_page(self, start: int) -> None:
        """Let the page that is open hold the block that was just added."""
        if self._page_is_open:
            page = self._pages[-1]
            start = start if page.start == page.end else page.start
            self._pages[-1] = replace(page, start=start, end=self._length)

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _text(self) -> str:
        # Joined once and kept: each heading that is looked for needs the text.
        self._parts = ["".join(self._parts)] if self._parts else []
        return self._parts[0] if self._parts else ""


def _header_rows(rows: Sequence[Sequence[str]]) -> int:
    """How many of the first rows look as if they name the columns: 0, 1, or 2 where names span."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return 0
    names = [" ".join(cell.split()).casefold() for cell in rows[0]]
    if not all(names[1:]) or _has_figures(names):
        return 0
    if len(set(names)) == len(names):
        return 1
    below = [" ".join(cell.split()).casefold() for cell in rows[1]]
    pairs = set(zip(names, below, strict=False))
    spans = len(rows) > 2 and len(below) == len(names) == len(pairs)
    return 2 if spans and not _has_figures(below) else 0


def _has_figures(names: Sequence[str]) -> bool:
    """Whether some begin with a digit; several years name columns as words do."""
    figures = [name for name in names if name[:1].isdigit()]
    return bool(figures) and (len(figures) < 2 or not all(map(_YEAR.fullmatch, figures)))


def _heading_patterns(title: str) -> Iterator[re.Pattern[str]]:
    """Yields what the lines of a heading may look like, of which a table of contents has the title.

    Words may stand on several lines; spaces, hyphens and quotes may be spelled differently; the
    number may stand on the page only, or on a line of its own.
    """
    words = title.split()
    if not words or len(title) > MAX_TITLE:
        return
    shown = r"\s*".join(_VARIANTS.sub(_variant, re.escape(word)) for word in words)
    yield re.compile(rf"^(?:[A-Z]?[\d.]{{1,12}}[.:)]?[^\S\n]+)?{shown}$", re.MULTILINE)
    if _SECTION.fullmatch(words[0]):
        around = (r"(?:[^\W\d_]{1,20} )?", r"(?: ?\([^)\n]{1,30}\))*")  # Exhibit 2.1 (May 2022)
        yield re.compile(rf"^{around[0]}{re.escape(words[0])}{around[1]}$", re.MULTILINE)


def _variant(sign: re.Match[str]) -> str:
    return next(f"[{alike}]" for alike in _ALIKE if sign[0].removeprefix("\\") in alike)


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
