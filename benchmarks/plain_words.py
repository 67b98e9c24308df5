"""What is in a file, read as plainly as can be, for `benchmarks/readers.py`: words, rows, headings.

None of `ingest` is used: text nodes of Office files, DOM text of HTML, PDFium's own text for PDFs,
raw text for the rest.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lxml.etree as etree
import pypdfium2 as pdfium
from lxml import html

Element = Any
"""An element of lxml, which ships no types."""
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_DECLARED = re.compile(rb"charset=[\"']?([\w-]+)", re.IGNORECASE)


@dataclass(slots=True)
class Plain:
    """What is in a file.

    Attributes:
        lines: Its text, a paragraph each.
        rows: Of its tables, the cells of each that are not empty.
        headings: What it marks as such.
    """

    lines: list[str] = field(default_factory=list[str])
    rows: list[list[str]] = field(default_factory=list[list[str]])
    headings: list[str] = field(default_factory=list[str])


def plain(path: Path) -> Plain:
    """What is in a file, by its extension."""
    data = path.read_bytes()
    return {
        ".docx": _docx, ".pptx": _pptx, ".xlsx": _xlsx, ".html": _html, ".epub": _epub,
        ".pdf": _pdf, ".csv": _csv, ".md": _markdown,
    }[path.suffix](data)  # fmt: skip


def _parts(data: bytes, pattern: str) -> Iterator[Element]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in sorted(archive.namelist()):
            if re.fullmatch(pattern, name):
                yield etree.fromstring(archive.read(name))


def _shown(element: Element, paragraph: str, texts: tuple[str, ...]) -> list[str]:
    """The paragraphs below `element`: each its own text nodes, not those of one in it."""
    lines: list[str] = []
    for one in element.iter(paragraph):
        if next(one.iterancestors(_FALLBACK), None) is not None:
            continue
        words = [
            (node.text or "") if node.tag in texts else " "
            for node in one.iter(*texts, f"{_W}tab", f"{_W}br", f"{_A}br")
            if next(node.iterancestors(paragraph), None) is one
        ]
        lines.append("".join(words))
    return lines


def _docx(data: bytes) -> Plain:
    found = Plain()
    names = {
        style.get(f"{_W}styleId"): style.find(f"{_W}name").get(f"{_W}val", "").lower()
        for part in _parts(data, r"word/styles\.xml")
        for style in part.iter(f"{_W}style")
        if style.find(f"{_W}name") is not None
    }
    for part in _parts(
        data, r"word/(document|footnotes|endnotes|comments|header\d*|footer\d*)\.xml"
    ):
        found.lines += _shown(part, f"{_W}p", (f"{_W}t",))
        _add_rows(found, part, f"{_W}tr", f"{_W}tc", f"{_W}p", f"{_W}t")
        for paragraph in part.iter(f"{_W}p"):
            style = paragraph.find(f"{_W}pPr/{_W}pStyle")
            name = names.get(style.get(f"{_W}val"), "") if style is not None else ""
            if re.fullmatch(r"heading \d", name):
                found.headings += _shown(paragraph, f"{_W}p", (f"{_W}t",))[:1]
    return found


def _pptx(data: bytes) -> Plain:
    found = Plain()
    for part in _parts(data, r"ppt/(slides|notesSlides)/\w+\.xml"):
        for shape in part.iter(f"{_P}sp"):
            kind = shape.find(f".//{_P}ph")
            if kind is not None and kind.get("type") in ("title", "ctrTitle"):
                found.headings.append(" ".join(_shown(shape, f"{_A}p", (f"{_A}t",))))
        for field_text in part.iter(f"{_A}fld"):  # the number of the slide, as it was last
            for text in field_text.iter(f"{_A}t"):
                text.text = ""
        found.lines += _shown(part, f"{_A}p", (f"{_A}t",))
        _add_rows(found, part, f"{_A}tr", f"{_A}tc", f"{_A}p", f"{_A}t")
    return found


def _add_rows(found: Plain, part: Element, row: str, cell: str, paragraph: str, text: str) -> None:
    for each in part.iter(row):
        cells = [" ".join(_shown(one, paragraph, (text,))) for one in each.iterchildren(cell)]
        found.rows.append([one for one in cells if one.strip()])


def _xlsx(data: bytes) -> Plain:
    """Text cells alone: a number is shown in ways that its XML does not tell."""
    found = Plain()
    shared = [
        "".join(text.text or "" for text in entry.iter(f"{_S}t"))
        for part in _parts(data, r"xl/sharedStrings\.xml")
        for entry in part.iter(f"{_S}si")
    ]
    for sheet in _parts(data, r"xl/worksheets/\w+\.xml"):
        for row in sheet.iter(f"{_S}row"):
            cells: list[str] = []
            for cell in row.iter(f"{_S}c"):
                value = cell.findtext(f"{_S}v") or ""
                if cell.get("t") == "s":
                    cells.append(shared[int(value)])
                elif cell.get("t") in ("str", "inlineStr"):
                    cells.append(value or "".join(cell.itertext()))
            found.lines += cells
            found.rows.append([one for one in cells if one.strip()])
    return found


def _html(data: bytes) -> Plain:
    declared = _DECLARED.search(data[:4096])
    parser = html.HTMLParser(encoding=declared[1].decode() if declared else "utf-8")
    return _dom(html.document_fromstring(data, parser=parser))


def _epub(data: bytes) -> Plain:
    found = Plain()
    for part in _parts(data, r".*\.x?html"):
        page = _dom(html.document_fromstring(etree.tostring(part)))
        if not page.lines or "nav" in {
            str(tag.tag).rpartition("}")[2] for tag in part.iter("{*}nav")
        }:
            continue
        found.lines += page.lines
        found.rows += page.rows
        found.headings += page.headings
    return found


def _dom(root: Element) -> Plain:
    found = Plain()
    for element in list(root.iter("script", "style", "title", etree.Comment)):
        element.drop_tree()
    found.lines = [" ".join(root.itertext())]
    for row in root.iter("tr"):
        cells = [" ".join(cell.itertext()) for cell in row.iterchildren("td", "th")]
        if row.find(".//table") is None:
            found.rows.append([cell for cell in cells if cell.strip()])
    found.headings = [" ".join(e.itertext()) for e in root.iter("h1", "h2", "h3", "h4", "h5", "h6")]
    return found


def _pdf(data: bytes) -> Plain:
    document = pdfium.PdfDocument(data)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    return Plain([re.sub(r"[\x02\ufffe](\r?\n)?", "", text)])


def _csv(data: bytes) -> Plain:
    text = data.decode("utf-8-sig", errors="replace")
    sign = max(",;\t|", key=text.partition("\n")[0].count)
    rows = list(csv.reader(io.StringIO(text), delimiter=sign))
    return Plain([cell for row in rows for cell in row], [[c for c in row if c] for row in rows])


def _markdown(data: bytes) -> Plain:
    """Without addresses of links, tags and comments: they are not shown."""
    text = data.decode("utf-8-sig", errors="replace")
    text = re.sub(r"\A---\n.*?\n---\n|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(
        r"\]\([^)\s]*(?:\s[^)]*)?\)|^\[[^\]]+\]:.*$|</?[a-zA-Z][^<>]*>", "]", text, flags=re.M
    )
    prose = re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)
    rows = re.findall(r"^\s*\|(.+)\|\s*$", prose, flags=re.MULTILINE)
    return Plain(
        text.split("\n"),
        [[c for c in row.split("|") if c.strip()] for row in rows if not set(row) <= set("|-: ")],
        re.findall(r"^#{1,6} +(.+?)(?: *\{[^}]*\})?$", prose, flags=re.MULTILINE),
    )
