"""OpenDocument (.odt, .ods, .odp): text, sheets and slides of `content.xml` (OASIS ODF 1.3)."""

import lxml.etree as etree

from ingest.document import Document, DocumentBuilder
from ingest.errors import UnreadableError
from ingest.parsers.csv_table import add_rows
from ingest.parsers.inline import lowered, raised
from ingest.parsers.numbering import marker
from ingest.parsers.ooxml import Element, Package
from ingest.parsers.spreadsheet import tables_in
from ingest.sniff import Format

_NAMES = "urn:oasis:names:tc:opendocument:xmlns:"
_TEXT, _TABLE, _OFFICE, _DRAW, _STYLE, _FO, _NUMBER, _PRESENTATION = (
    f"{{{_NAMES}{name}:1.0}}"
    for name in (
        "text", "table", "office", "drawing", "style", "xsl-fo-compatible", "datastyle",
        "presentation",
    )
)  # fmt: skip
_SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_MAX_REPEATED = 1000
"""A cell or row is repeated so often at most: sheets end in a row that is repeated a million times,
and is empty."""
_CONTAINERS = {
    f"{_TEXT}{name}"
    for name in (
        "section", "index-body", "table-of-content", "alphabetical-index", "illustration-index",
        "table-index", "object-index", "user-index", "bibliography", "numbered-paragraph",
    )
}  # fmt: skip
_KINDS = {f"{_OFFICE}text": Format.ODT, f"{_OFFICE}spreadsheet": Format.ODS}
_FORMATS = {"a": "lower-alpha", "A": "upper-alpha", "i": "lower-roman", "I": "upper-roman"}


def parse(data: bytes) -> Document:
    """A text, a spreadsheet or a presentation.

    Raises:
        UnreadableError: The file is damaged, encrypted, or inflates to too much.
        NoTextError: It holds no text.
    """
    package = Package(data)
    content = package.part("content.xml")
    body = content.find(f"{_OFFICE}body") if content is not None else None
    if content is None or body is None or not len(body):
        msg = "no readable content.xml in it: damaged, or encrypted; save a copy without a password"
        raise UnreadableError(msg)
    builder = DocumentBuilder()
    reader = _Reader(builder, content, package.part("styles.xml"))
    kind = _KINDS.get(str(body[0].tag), Format.ODP)
    {Format.ODT: reader.text, Format.ODS: reader.sheets, Format.ODP: reader.slides}[kind](body[0])
    meta = package.part("meta.xml")
    title = meta.find(".//{http://purl.org/dc/elements/1.1/}title") if meta is not None else None
    return builder.build(kind, title=None if title is None else title.text)


class _Reader:
    def __init__(self, builder: DocumentBuilder, content: Element, styles: Element | None) -> None:
        self._builder = builder
        self._shifts: dict[str, str] = {}
        self._hidden: set[str] = set()
        self._lists: dict[str, dict[str, Element]] = {}
        for part in (styles, content):
            if part is not None:
                self._learn(part)
        self._notes: list[str] = []

    def text(self, body: Element, depth: int = 0) -> None:
        """A text's paragraphs, headings, lists and tables, in order."""
        for node in body:
            self._block(node, depth)

    def sheets(self, body: Element) -> None:
        """Each sheet as a page."""
        for sheet in body.iterfind(f"{_TABLE}table"):
            name = sheet.get(f"{_TABLE}name") or ""
            self._builder.start_page(name or None)
            self._builder.add_heading(1, name)
            for table in tables_in(self._rows(sheet)):
                add_rows(table, self._builder)

    def slides(self, body: Element) -> None:
        """Each slide as a page, its notes at its end."""
        for slide in body.iterfind(f"{_DRAW}page"):
            self._builder.start_page(None)
            notes = slide.find(f"{_PRESENTATION}notes")
            for frame in slide:
                if frame is not notes:
                    is_title = frame.get(f"{_PRESENTATION}class") in ("title", "subtitle")
                    self._frame(frame, heading=is_title)
            words = [] if notes is None else [self._shown(p) for p in notes.iter(f"{_TEXT}p")]
            told = "\n".join(word for word in words if word.strip())
            self._builder.add(f"Notes: {told}" if told else "")

    def _frame(self, frame: Element, *, heading: bool) -> None:
        for node in frame.iter(f"{_TEXT}p", f"{_TEXT}h", f"{_TABLE}table"):
            if any(up.tag == f"{_TABLE}table" for up in node.iterancestors()):
                continue
            if node.tag == f"{_TABLE}table":
                self._builder.add_table(self._rows(node))
            elif heading:
                self._builder.add_heading(1, self._shown(node))
            else:
                self._builder.add(self._shown(node), separator="\n")

    def _learn(self, part: Element) -> None:
        for style in part.iter(f"{_STYLE}style"):
            name = style.get(f"{_STYLE}name", "")
            for properties in style.iterfind(f"{_STYLE}text-properties"):
                position = properties.get(f"{_STYLE}text-position", "")
                if (
                    position.startswith(("super", "sub"))
                    or position[:1].isdigit()
                    or position[:1] == "-"
                ):
                    low = position.startswith(("sub", "-"))
                    if not position.startswith("0%"):
                        self._shifts[name] = "sub" if low else "super"
                if properties.get(f"{_TEXT}display") == "none":
                    self._hidden.add(name)
        for style in part.iter(f"{_TEXT}list-style"):
            levels = {level.get(f"{_TEXT}level", "1"): level for level in style}
            self._lists[style.get(f"{_STYLE}name", "")] = levels

    def _block(self, node: Element, depth: int) -> None:
        tag = str(node.tag)
        if tag == f"{_TEXT}h":
            level = node.get(f"{_TEXT}outline-level", "1")
            self._builder.add_heading(int(level) if level.isdecimal() else 1, self._shown(node))
        elif tag == f"{_TEXT}p":
            self._builder.add(self._shown(node))
        elif tag == f"{_TEXT}list":
            self._list(node, 0, "", first=True)
        elif tag == f"{_TABLE}table":
            self._builder.add_table(self._rows(node), header_rows=_header_rows(node))
        elif tag in _CONTAINERS or tag.startswith(_DRAW):
            self.text(node, depth + 1)
        self._tell_notes()

    def _list(self, node: Element, depth: int, style: str, *, first: bool) -> bool:
        """Adds the items; returns whether the next one is still the first."""
        style = node.get(f"{_TEXT}style-name") or style
        level = self._lists.get(style, {}).get(str(depth + 1))
        numbered = level is not None and level.tag == f"{_TEXT}list-level-style-number"
        start = level.get(f"{_TEXT}start-value", "1") if numbered and level is not None else "1"
        count = int(start) if start.isdecimal() else 1
        for item in node.iterfind(f"{_TEXT}list-item"):
            own = item.get(f"{_TEXT}start-value", "")
            count = int(own) if own.isdecimal() else count
            mark = self._mark(level, count) if numbered else "-"
            for child in item:
                if child.tag == f"{_TEXT}list":
                    first = self._list(child, depth + 1, style, first=first)
                else:
                    words = self._shown(child)
                    if words.strip():
                        separator = "\n\n" if first else "\n"
                        self._builder.add(f"{'  ' * depth}{mark} {words}", separator=separator)
                        first, mark = False, " "
            count += 1
        return first

    def _mark(self, level: Element | None, count: int) -> str:
        if level is None:
            return "-"
        style = level.get(f"{_STYLE}num-format", "1")
        written = marker(_FORMATS.get(style, "decimal"), count)
        suffix = level.get(f"{_STYLE}num-suffix", ".")
        return f"{level.get(f'{_STYLE}num-prefix', '')}{written}{suffix}"

    def _rows(self, table: Element) -> list[list[str]]:
        rows: list[list[str]] = []
        for row in table.iter(f"{_TABLE}table-row"):
            if next(row.iterancestors(f"{_TABLE}table")) is not table:
                continue
            cells: list[str] = []
            for cell in row:
                shown = self._cell(cell, cells, rows)
                count = _repeated(cell, "columns", empty=not shown)
                width = _repeated(cell, "columns-spanned", empty=not shown)
                cells += [shown] * max(count, width if shown else 1)
                if width > 1 and shown:
                    cells = cells[: len(cells)]
            rows += [cells] * _repeated(row, "rows", empty=not any(cells))
        width = max((len(row) for row in rows), default=0)
        return [row + [""] * (width - len(row)) for row in rows]

    def _cell(self, cell: Element, cells: list[str], rows: list[list[str]]) -> str:
        if cell.tag == f"{_TABLE}covered-table-cell":
            return rows[-1][len(cells)] if rows and len(cells) < len(rows[-1]) and not cells else ""
        words = (self._shown(line) for line in cell.iter(f"{_TEXT}p", f"{_TEXT}h"))
        shown = "; ".join(word.strip() for word in words if word.strip())
        return shown or cell.get(f"{_OFFICE}value") or ""

    def _shown(self, paragraph: Element) -> str:
        """What a paragraph shows; notes are kept for after it."""
        text = paragraph.text or ""
        walker = etree.iterwalk(paragraph, events=("start", "end"))
        for event, node in walker:
            if event == "end":
                text += (node.tail or "") if node is not paragraph else ""
            elif node is not paragraph:
                whole = self._whole(node, text)
                text += (node.text or "") if whole is None else whole
                if whole is not None:
                    walker.skip_subtree()
        return text

    def _whole(self, node: Element, before: str) -> str | None:
        """What stands for an element with all that is in it; None if its text is read."""
        tag, style = str(node.tag), node.get(f"{_TEXT}style-name", "")
        if tag == f"{_TEXT}s":
            count = node.get(f"{_TEXT}c", "1")
            return " " * min(int(count) if count.isdecimal() else 1, 100)
        if tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
            return "\t" if tag.endswith("tab") else "\n"
        if tag == f"{_TEXT}note":
            return self._note(node)
        if tag == f"{_TEXT}span" and style in self._hidden:
            return ""
        if tag == f"{_TEXT}span" and style in self._shifts:
            words = "".join(node.itertext())
            return (
                raised(before, words) if self._shifts[style] == "super" else lowered(before, words)
            )
        if tag in (f"{_OFFICE}annotation", f"{_TEXT}tracked-changes", f"{_TEXT}ruby-text"):
            return ""
        if tag in (f"{_SVG}title", f"{_SVG}desc"):
            return f" [{node.text}] " if node.text else ""
        return None

    def _note(self, node: Element) -> str:
        mark = "".join(node.find(f"{_TEXT}note-citation").itertext()).strip()
        words = " ".join(self._shown(line) for line in node.iter(f"{_TEXT}p"))
        self._notes.append(f"[{mark}] {words}")
        return f" [{mark}]"

    def _tell_notes(self) -> None:
        for note in self._notes:
            self._builder.add(note)
        self._notes = []


def _header_rows(table: Element) -> int | None:
    header = table.find(f"{_TABLE}table-header-rows")
    return None if header is None else len(header)


def _repeated(element: Element, what: str, *, empty: bool) -> int:
    name = f"number-{what}" if what.endswith("spanned") else f"number-{what}-repeated"
    count = element.get(f"{_TABLE}{name}", "1")
    found = int(count) if count.isdecimal() and len(count) < 9 else 1
    return min(found, 1 if empty and what == "rows" else _MAX_REPEATED)
