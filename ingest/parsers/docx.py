"""Word (.docx): what the document shows, in its order."""

from collections.abc import Iterator

from ingest.document import Document, DocumentBuilder, one_line
from ingest.errors import UnreadableError
from ingest.parsers.docx_blocks import blocks, own, rows_of, shown_once, text_boxes
from ingest.parsers.docx_lists import Numbering, list_style
from ingest.parsers.docx_styles import Styles, W, is_on, outline_level, value
from ingest.parsers.docx_text import Notes, Reader
from ingest.parsers.margins import is_page_number, told_once
from ingest.parsers.ooxml import Element, Package, Part, attribute
from ingest.parsers.ooxml_chart import C, add_chart, diagram_lines
from ingest.sniff import Format

_DOCUMENT = "word/document.xml"
_PROPERTIES = "docProps/core.xml"
_MAX_SPAN = 200  # Word has 63 columns at most
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_INDENT = "  "


def parse(data: bytes) -> Document:
    """A Word document.

    Raises:
        UnreadableError: The file is damaged, no Word document, or inflates to too much.
        NoTextError: It holds no text.
    """
    package = Package(data)
    name = package.main_part(_DOCUMENT)
    main = package.part(name)
    if main is None or main.find(f"{W}body") is None:
        msg = f"a zip archive without a readable {_DOCUMENT}: not a Word document"
        raise UnreadableError(msg)
    builder = DocumentBuilder()
    _Word(package, name, builder).read(main)
    if package.is_damaged:
        builder.note("its XML is damaged: text may be missing")
    return builder.build(Format.DOCX, **_properties(package))


class _Word:
    """Reads a document's parts into a builder."""

    def __init__(self, package: Package, name: str, builder: DocumentBuilder) -> None:
        self._package = package
        self._name = name
        self._builder = builder
        self._reader = Reader(Styles.of(self._part("styles")))
        self._numbering = Numbering.of(self._part("numbering"))
        self._footnotes = self._notes("footnotes", "footnote")
        self._endnotes = self._notes("endnotes", "endnote")
        self._comments = self._notes("comments", "comment")
        self._listed = False
        self._settings = self._part("settings")

    def read(self, main: Part) -> None:
        """Header lines, the body with its footnotes, endnotes, footer lines."""
        for kind, notes in (
            ("footnotePr", self._reader.footnotes),
            ("endnotePr", self._reader.endnotes),
        ):
            found = (value(each, "numFmt") for each in self._all_of(main, kind))
            notes.style = list_style(next(filter(None, found), "")) or notes.style
        self._builder.add(told_once(self._margins(main, "headerReference")))
        told = 0
        for block in blocks(main.find(f"{W}body")):
            self._block(block)
            told = self._tell_notes(self._reader.footnotes, self._footnotes, told)
            self._tell_comments()
        self._tell_notes(self._reader.endnotes, self._endnotes, 0)
        self._tell_comments()
        self._builder.add(told_once(self._margins(main, "footerReference")))

    def _all_of(self, main: Part, kind: str) -> Iterator[Element]:
        """Yields the elements of a kind that the sections have, then those of the settings."""
        yield from main.iter(f"{W}{kind}")
        if self._settings is not None:
            yield from self._settings.iter(f"{W}{kind}")

    def _part(self, kind: str) -> Part | None:
        target = self._package.target(self._name, kind)
        return self._package.part(target) if target else None

    def _block(self, block: Element) -> None:
        if block.tag == f"{W}tbl":
            cells = [list(own(row, "tc")) for row in rows_of(block)]
            if max(map(len, cells), default=0) < 2:  # it only places what is in it
                for inner in (inner for row in cells for cell in row for inner in blocks(cell)):
                    self._block(inner)
                return
            rows, header_rows = self._rows(block)
            self._builder.add_table(rows, header_rows=header_rows)
            self._listed = False
            return
        text, level, marker, depth = self._paragraph(block)
        if level:
            self._builder.add_heading(level, f"{marker} {text}" if text.strip() else "")
        elif marker and text.strip():
            indent = _INDENT * depth
            separator = "\n" if self._listed else "\n\n"
            self._builder.add(f"{indent}{marker} {text}", separator=separator)
        else:
            self._builder.add(text)
        self._listed = bool(marker) and not level
        for box in text_boxes(block):
            for inner in blocks(box):
                self._block(inner)
        self._drawings(block)

    def _drawings(self, paragraph: Element) -> None:
        """Put what charts and diagrams show below the paragraph in which they stand."""
        for drawn in paragraph.iter(f"{C}chart", f"{_DIAGRAM}relIds"):
            name = attribute(drawn, "id") or attribute(drawn, "dm") or ""
            _, target = self._package.targets(self._name).get(name, ("", ""))
            part = self._package.part(target) if target else None
            if part is not None and drawn.tag == f"{C}chart":
                add_chart(part, self._builder)
            elif part is not None:
                self._builder.add("\n".join(diagram_lines(part)))

    def _paragraph(self, paragraph: Element) -> tuple[str, int, str, int]:
        """Its text, level as a heading, number or bullet, and depth in its list."""
        properties = paragraph.find(f"{W}pPr")
        style = self._reader.styles.get(value(properties, "pStyle") or None)
        own = outline_level(properties)
        numbering = properties.find(f"{W}numPr") if properties is not None else None
        list_id = value(numbering, "numId") or style.list_id
        found = value(numbering, "ilvl")
        by_style = self._numbering.level_of(list_id or "", value(properties, "pStyle"))
        depth = style.list_level if by_style is None else by_style
        depth = int(found) if found.isdecimal() else depth
        text = self._reader.text(paragraph)
        # One without text has a number, too: a column of numbers is made of such.
        mark = properties.find(f"{W}rPr") if properties is not None else None
        is_gone = any(is_on(mark, name) for name in ("vanish", "del", "moveFrom"))
        is_counted = bool(text.strip()) or not is_gone
        marker = self._numbering.next_marker(list_id, depth) if list_id and is_counted else ""
        return text, style.level if own is None else own, marker, depth

    def _rows(self, table: Element) -> tuple[list[list[str]], int | None]:
        """Rows with spanned cells in each row and column that they span."""
        rows: list[list[str]] = []
        header, above = 0, dict[int, str]()
        for row in rows_of(table):
            properties = row.find(f"{W}trPr")
            before = value(properties, "gridBefore")
            cells = [""] * min(int(before), _MAX_SPAN) if before.isdecimal() else []
            for cell in own(row, "tc"):
                left = cells[-1] if cells else ""
                text, width = self._cell(cell, above.get(len(cells), ""), left)
                for _ in range(width):
                    above[len(cells)] = text
                    cells.append(text)
            header += header == len(rows) and bool(is_on(properties, "tblHeader"))
            rows.append(cells)
        width = max(map(len, rows), default=0)
        return [row + [""] * (width - len(row)) for row in rows], header or None

    def _cell(self, cell: Element, above: str, left: str) -> tuple[str, int]:
        properties = cell.find(f"{W}tcPr")
        span = value(properties, "gridSpan")
        width = min(max(int(span), 1), _MAX_SPAN) if span.isdecimal() else 1
        for name, beside in (("vMerge", above), ("hMerge", left)):
            merged = properties.find(f"{W}{name}") if properties is not None else None
            if merged is not None and merged.get(f"{W}val", "continue") == "continue":
                return beside, width
        lines: list[str] = []
        for paragraph in shown_once(cell, f"{W}p"):
            text, _, marker, _ = self._paragraph(paragraph)
            numbered = f"{marker} {text}" if marker not in ("", "-") else text
            lines += [one_line(line) for line in numbered.split("\n")]
        return "; ".join(line for line in lines if line), width

    def _notes(self, kind: str, name: str) -> dict[str, Element]:
        part = self._part(kind)
        found = part.iterfind(f"{W}{name}") if part is not None else ()
        return {note.get(f"{W}id", ""): note for note in found}

    def _tell_notes(self, notes: Notes, texts: dict[str, Element], told: int) -> int:
        """Put the notes from the `told`-th on below what refers to them."""
        while told < len(notes.marks):
            name, mark = list(notes.marks.items())[told]
            text = self._text_of(texts.get(name))
            if name in notes.own:  # it is typed in the note, too
                text = text.removeprefix(mark).strip()
            if text:
                self._builder.add(f"[{mark}] {text}")
                self._listed = False
            told += 1
        return told

    def _tell_comments(self) -> None:
        """Put the comments on what was just read below it, with who made them."""
        for name in self._reader.comments:
            comment = self._comments.get(name)
            text = self._text_of(comment)
            if comment is not None and text:
                author = one_line(comment.get(f"{W}author", ""))
                self._builder.add(f"Comment by {author}: {text}" if author else f"Comment: {text}")
                self._listed = False
        self._reader.comments.clear()

    def _text_of(self, note: Element | None) -> str:
        paragraphs = () if note is None else note.iter(f"{W}p")
        return one_line(" ".join(self._reader.text(paragraph) for paragraph in paragraphs))

    def _margins(self, main: Part, reference: str) -> Iterator[str]:
        """Yields the lines at the top or the bottom of pages; a row of a table is one."""
        targets = self._package.targets(self._name)
        for element in main.iter(f"{W}{reference}"):
            _, name = targets.get(attribute(element, "id") or "", ("", ""))
            part = self._package.part(name) if name and self._is_used(element) else None
            if part is not None:
                yield from self._margin_lines(part)

    def _margin_lines(self, parent: Element) -> Iterator[str]:
        for block in blocks(parent):
            if block.tag == f"{W}tbl":
                for row in rows_of(block):
                    yield " | ".join(filter(None, map(self._margin_cell, own(row, "tc"))))
            else:
                yield self._reader.text(block)
            for box in text_boxes(block):
                yield from self._margin_lines(box)

    def _margin_cell(self, cell: Element) -> str:
        """What it says, unless that is the number of the page; other figures are revisions."""
        text, _ = self._cell(cell, "", "")
        codes = " ".join(code.text or "" for code in cell.iter(f"{W}instrText"))
        codes += " ".join(each.get(f"{W}instr", "") for each in cell.iter(f"{W}fldSimple"))
        return "" if "PAGE" in codes and is_page_number(text) else text

    def _is_used(self, reference: Element) -> bool:
        """Whether pages have it: headers of first and of even pages may be switched off."""
        kind = reference.get(f"{W}type")
        if kind == "first":
            return bool(is_on(reference.getparent(), "titlePg"))
        return kind != "even" or bool(is_on(self._settings, "evenAndOddHeaders"))


def _properties(package: Package) -> dict[str, str | None]:
    part = package.part(_PROPERTIES)
    found = (
        {str(each.tag).rpartition("}")[2]: each.text for each in part if isinstance(each.tag, str)}
        if part is not None
        else {}
    )
    return {"title": found.get("title"), "language": found.get("language")}
