"""Word (.docx): headings, paragraphs, lists and tables in the document's order."""

import io
import re
import zipfile
from collections.abc import Iterator

import docx
import lxml.etree as etree
from docx.document import Document as WordDocument
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

from ingest.document import Document, DocumentBuilder, one_line
from ingest.errors import UnreadableError
from ingest.sniff import Format

MAX_XML_BYTES = 128 * 2**20
"""Of all XML parts together, inflated. An 872-page handbook has 5.5 MB, a zip bomb gigabytes."""

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)


def parse(data: bytes) -> Document:
    """A Word document.

    Raises:
        UnreadableError: The file is damaged, no Word document, or inflates to too much.
        NoTextError: It holds no text.
    """
    _check_archive(data)
    try:
        document = docx.Document(io.BytesIO(data))
    except (OpcError, KeyError, ValueError, etree.XMLSyntaxError, zipfile.BadZipFile) as error:
        msg = f"damaged: no readable Word document ({error})"
        raise UnreadableError(msg) from error
    builder = DocumentBuilder()
    _read(document, builder)
    properties = document.core_properties
    return builder.build(Format.DOCX, title=properties.title, language=properties.language or None)


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            sizes = {part.filename: part.file_size for part in archive.infolist()}
    except zipfile.BadZipFile as error:
        msg = f"damaged: not a complete zip archive ({error})"
        raise UnreadableError(msg) from error
    if "word/document.xml" not in sizes:
        msg = "a zip archive without word/document.xml: not a Word document"
        raise UnreadableError(msg)
    inflated = sum(size for name, size in sizes.items() if name.endswith((".xml", ".rels")))
    if inflated > MAX_XML_BYTES:
        msg = (
            f"its XML inflates from {len(data):,} to {inflated:,} bytes, the limit is "
            f"{MAX_XML_BYTES:,}: a zip bomb, or split it"
        )
        raise UnreadableError(msg)


def _read(document: WordDocument, builder: DocumentBuilder) -> None:
    levels = _heading_levels(document)
    listed = False
    for block in _blocks(document.element.body):
        if block.tag == qn("w:tbl"):
            builder.add("\n".join(_rows(block)))
            continue
        text = _text(block)
        style = block.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        level = levels.get(style.get(qn("w:val"))) if style is not None else None
        if level:
            builder.add_heading(level, text)
            continue
        item = block.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None
        bullet = "- " if item and text.strip() else ""
        builder.add(bullet + text, separator="\n" if item and listed else "\n\n")
        listed = item


def _heading_levels(document: WordDocument) -> dict[str, int]:
    """Style id -> heading level. Ids are translated ("berschrift1"), the built-in names are not."""
    levels: dict[str, int] = {}
    for style in document.styles:
        name = (style.name or "").lower()
        found = _HEADING.fullmatch(name)
        if found:
            levels[style.style_id] = int(found[1])
        elif name == "title":
            levels[style.style_id] = 1
    return levels


def _blocks(body: BaseOxmlElement) -> Iterator[BaseOxmlElement]:
    """Yields paragraphs and tables, those in content controls too, which python-docx leaves out."""
    walker = etree.iterwalk(body, events=("start",), tag=(qn("w:p"), qn("w:tbl")))
    for _, element in walker:
        walker.skip_subtree()
        yield element


def _rows(table: BaseOxmlElement) -> Iterator[str]:
    """A line a row. A table in a cell becomes part of that cell."""
    for row in table.iterfind(qn("w:tr")):
        cells = [
            one_line(" ".join(_text(paragraph) for paragraph in cell.iter(qn("w:p"))))
            for cell in row.iter(qn("w:tc"))
            if next(cell.iterancestors(qn("w:tr"))) is row
        ]
        if any(cells):
            yield f"| {' | '.join(cells)} |"


def _text(paragraph: BaseOxmlElement) -> str:
    """What a paragraph shows: insertions yes, deletions and field codes no, equations as text."""
    words: list[str] = []
    nodes = paragraph.iter(qn("w:t"), qn("m:t"), qn("w:tab"), qn("w:br"), qn("w:cr"))
    for node in nodes:
        if node.tag in (qn("w:t"), qn("m:t")):
            words.append(node.text or "")
        elif node.getparent().tag == qn("w:r"):  # w:tab is also a tab stop in w:pPr
            words.append("\t" if node.tag == qn("w:tab") else "\n")
    return "".join(words)
