"""OpenDocument (.odt, .ods, .odp): text, sheets and slides of `content.xml` (OASIS ODF 1.3)."""

from collections.abc import Iterator

from ingest.document import Document, DocumentBuilder
from ingest.errors import UnreadableError
from ingest.parsers.csv_table import add_rows
from ingest.parsers.margins import told_once
from ingest.parsers.odf_lists import Numbers
from ingest.parsers.odf_names import DRAW, OFFICE, PRESENTATION, TABLE, TEXT, Styles
from ingest.parsers.odf_tables import header_rows, is_hidden, rows_of
from ingest.parsers.odf_text import Reader
from ingest.parsers.ooxml import Element, Package
from ingest.parsers.spreadsheet import tables_in
from ingest.sniff import Format

_CONTAINERS = {
    f"{TEXT}{name}"
    for name in (
        "section", "index-body", "table-of-content", "alphabetical-index", "illustration-index",
        "table-index", "object-index", "user-index", "bibliography", "numbered-paragraph",
    )
}  # fmt: skip
_KINDS = {f"{OFFICE}text": Format.ODT, f"{OFFICE}spreadsheet": Format.ODS}
_MAX_LEVEL = 10  # of lists; ODF has no more


def parse(data: bytes) -> Document:
    """A text, a spreadsheet or a presentation.

    Raises:
        UnreadableError: The file is damaged, encrypted, or inflates to too much.
        NoTextError: It holds no text.
    """
    package = Package(data)
    content = package.part("content.xml")
    body = content.find(f"{OFFICE}body") if content is not None else None
    if content is None or body is None or not len(body):
        msg = "no readable content.xml in it: damaged, or encrypted; save a copy without a password"
        raise UnreadableError(msg)
    styles = Styles()
    for part in (package.part("styles.xml"), content):
        if part is not None:
            styles.learn(part)
    builder = DocumentBuilder()
    reader = _Body(builder, Reader(package, styles))
    kind = _KINDS.get(str(body[0].tag), Format.ODP)
    {Format.ODT: reader.pages, Format.ODS: reader.sheets, Format.ODP: reader.slides}[kind](body[0])
    meta = package.part("meta.xml")
    title = meta.find(".//{http://purl.org/dc/elements/1.1/}title") if meta is not None else None
    return builder.build(kind, title=None if title is None else title.text)


class _Body:
    """Reads what a file shows into a builder."""

    def __init__(self, builder: DocumentBuilder, reader: Reader) -> None:
        self._builder = builder
        self._reader = reader
        self._headings = Numbers(reader.styles.outline)
        self._lists: dict[str, Numbers] = {}  # by style, and by id: a later list may go on

    def pages(self, body: Element) -> None:
        """A text, between the lines at the top and those at the bottom of its pages."""
        self._margins("header")
        self.text(body)
        self._margins("footer")

    def text(self, body: Element) -> None:
        """A text's paragraphs, headings, lists and tables, in order."""
        for node in body:
            self._block(node)

    def sheets(self, body: Element) -> None:
        """Each sheet as a page."""
        for sheet in body.iterfind(f"{TABLE}table"):
            name = sheet.get(f"{TABLE}name") or ""
            if sheet.get(f"{TABLE}style-name") in self._reader.styles.hidden:
                self._builder.note(f"the hidden sheet “{name}” was left out")
                continue
            if any(map(is_hidden, sheet.iter(f"{TABLE}table-row", f"{TABLE}table-column"))):
                self._builder.note(f"left out of the sheet “{name}”: hidden rows or columns")
            self._builder.start_page(name or None)
            self._builder.add_heading(1, name)
            for table in tables_in(rows_of(sheet, self._cell)):
                add_rows(table, self._builder)
            for box in sheet.iterfind(f"{TABLE}shapes"):
                self._frame(box, heading=False)

    def slides(self, body: Element) -> None:
        """Each slide as a page, its notes at its end."""
        for slide in body.iterfind(f"{DRAW}page"):
            self._builder.start_page(None)
            notes = slide.find(f"{PRESENTATION}notes")
            for frame in slide:
                if frame.tag == f"{OFFICE}annotation":
                    self._builder.add(self._reader.comment(frame))
                elif frame is not notes:
                    is_title = frame.get(f"{PRESENTATION}class") in ("title", "subtitle")
                    self._frame(frame, heading=is_title)
            lines = () if notes is None else notes.iter(f"{TEXT}p")
            words = [self._reader.shown(line) for line in lines]
            told = "\n".join(word for word in words if word.strip())
            self._builder.add(f"Notes: {told}" if told else "")

    def _margins(self, kind: str) -> None:
        margins = self._reader.styles.margins.get(kind, ())
        self._builder.add(told_once(line for each in margins for line in self._margin_lines(each)))

    def _margin_lines(self, margin: Element) -> Iterator[str]:
        """Yields the lines of a header or footer; a row of a table is one."""
        for node in margin.iter(f"{TEXT}p", f"{TEXT}h", f"{TABLE}table"):
            if node.tag == f"{TABLE}table":
                for row in rows_of(node, self._cell):
                    yield " | ".join(filter(None, dict.fromkeys(row)))
            elif not _is_in_a_table(node):
                yield self._reader.shown(node)

    def _frame(self, frame: Element, *, heading: bool) -> None:
        for node in frame.iter(f"{TEXT}p", f"{TEXT}h", f"{TEXT}list", f"{TABLE}table"):
            if _is_in_a_table(node) or any(up.tag == f"{TEXT}list" for up in node.iterancestors()):
                continue
            if node.tag == f"{TABLE}table":
                self._builder.add_table(rows_of(node, self._cell), header_rows=header_rows(node))
            elif node.tag == f"{TEXT}list" and not heading:
                self._list(node)
            elif heading:
                self._builder.add_heading(1, self._reader.shown(node))
            else:
                self._builder.add(self._reader.shown(node), separator="\n")

    def _block(self, node: Element) -> None:
        tag = str(node.tag)
        if tag == f"{TEXT}h":
            self._heading(node)
        elif tag == f"{TEXT}p":
            self._paragraph(node)
        elif tag == f"{TEXT}list":
            self._list(node)
        elif tag == f"{TABLE}table":
            self._builder.add_table(rows_of(node, self._cell), header_rows=header_rows(node))
        elif (tag in _CONTAINERS and node.get(f"{TEXT}display") != "none") or tag.startswith(DRAW):
            self.text(node)
        self._tell_beside()

    def _paragraph(self, node: Element) -> None:
        if self._reader.styles.is_title(node.get(f"{TEXT}style-name", "")):
            self._builder.add_heading(1, self._reader.shown(node))
        else:
            self._builder.add(self._reader.shown(node))

    def _heading(self, node: Element, mark: str = "") -> None:
        level = node.get(f"{TEXT}outline-level", "1")
        depth = int(level) if level.isdecimal() else 1
        words = self._reader.shown(node)
        if words.strip() and node.get(f"{TEXT}is-list-header") != "true":
            own = self._headings.next_mark(depth, node.get(f"{TEXT}start-value", ""))
            mark = mark or own.removeprefix("-")
        self._builder.add_heading(depth, f"{mark} {words}" if mark and words.strip() else words)

    def _list(self, node: Element) -> None:
        """Adds the items, a line each, and the headings that have their numbers from a list."""
        is_first = True
        for depth, mark, child in self._items(node):
            words = self._reader.shown(child)
            if not words.strip():
                continue
            if child.tag == f"{TEXT}h":
                self._heading(child, mark.removeprefix("-").strip())
                continue
            indented = f"{'  ' * depth}{mark or ' '} {words}"
            self._builder.add(indented, separator="\n\n" if is_first else "\n")
            is_first = False

    def _items(self, node: Element, depth: int = 0, above: Numbers | None = None, style: str = ""
    ) -> Iterator[tuple[int, str, Element]]:  # fmt: skip
        """Yields (depth, mark, paragraph) of a list; the mark once an item."""
        style = node.get(f"{TEXT}style-name") or style
        numbers = self._numbers(node, style) if above is None else above
        for item in node.iterchildren(f"{TEXT}list-item", f"{TEXT}list-header"):
            mark = ""
            if item.tag == f"{TEXT}list-item" and not _only_holds_a_list(item):
                mark = numbers.next_mark(depth + 1, item.get(f"{TEXT}start-value", ""))
            for child in item:
                if child.tag == f"{TEXT}list" and depth < _MAX_LEVEL:
                    yield from self._items(child, depth + 1, numbers, style)
                elif child.tag in (f"{TEXT}p", f"{TEXT}h"):
                    yield depth, mark, child
                    mark = ""
        if above is not None:
            numbers.leave(depth + 1)

    def _numbers(self, node: Element, style: str) -> Numbers:
        """The count of a list: that of an earlier one which it goes on."""
        continued = node.get(f"{TEXT}continue-list", "")
        if node.get(f"{TEXT}continue-numbering") == "true":
            continued = continued or style
        levels = self._reader.styles.lists.get(style, {})
        numbers = self._lists.get(continued) or Numbers(levels)
        self._lists[style] = numbers
        self._lists[node.get("{http://www.w3.org/XML/1998/namespace}id", style)] = numbers
        return numbers

    def _cell(self, cell: Element) -> str:
        lines: list[str] = []
        for child in cell:
            if child.tag == f"{OFFICE}annotation":
                lines.append(f"[{self._reader.comment(child)}]")
            elif child.tag == f"{TEXT}list":
                for _, mark, line in self._items(child):
                    lines.append(f"{mark.removeprefix('-')} {self._reader.shown(line)}")
            else:
                inner = [child] if child.tag in (f"{TEXT}p", f"{TEXT}h") else []
                inner = inner or child.iter(f"{TEXT}p", f"{TEXT}h")
                lines += [self._reader.shown(line) for line in inner]
        shown = "; ".join(line.strip() for line in lines if line.strip())
        return shown or cell.get(f"{OFFICE}value") or ""

    def _tell_beside(self) -> None:
        """Adds the boxes and notes of what was just read."""
        boxes, self._reader.boxes = self._reader.boxes, []
        notes, self._reader.notes = self._reader.notes, []
        for box in boxes:
            self.text(box)
        for note in notes:
            self._builder.add(note)


def _is_in_a_table(node: Element) -> bool:
    return next(node.iterancestors(f"{TABLE}table"), None) is not None


def _only_holds_a_list(item: Element) -> bool:
    """Whether an item is there for the list in it alone: then it has no number of its own."""
    return len(item) > 0 and all(child.tag == f"{TEXT}list" for child in item)
