"""PowerPoint (.pptx): a slide is a page, with its tables, its notes and what its charts show."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import lxml.etree as etree
import pptx
from pptx.exc import PackageNotFoundError

from ingest.document import Document, DocumentBuilder
from ingest.errors import UnreadableError
from ingest.parsers.docx_math import M, linear
from ingest.parsers.inline import SUB, SUPER, marked
from ingest.parsers.ooxml import Package
from ingest.parsers.ooxml_chart import add_chart
from ingest.parsers.slide_parts import comments, diagram, numbered
from ingest.sniff import Format

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_COMPATIBLE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SAME_HEIGHT = 180_000
"""English Metric Units, half a centimetre: shapes placed by hand are seldom at one height."""
_MAX_NESTED = 50  # groups of shapes in groups


def parse(data: bytes) -> Document:
    """A presentation.

    Raises:
        UnreadableError: The file is damaged, no presentation, or inflates to too much.
        NoTextError: It holds no text.
    """
    Package(data).check_size("ppt/")
    try:
        presentation = pptx.Presentation(io.BytesIO(data))
        slides = list(presentation.slides)
    except (
        PackageNotFoundError, KeyError, ValueError, AttributeError, etree.XMLSyntaxError,
        zipfile.BadZipFile, SyntaxError,
    ) as error:  # fmt: skip
        msg = f"damaged: no readable presentation ({error})"
        raise UnreadableError(msg) from error
    builder = DocumentBuilder()
    for number, slide in enumerate(slides, start=1):
        builder.start_page(None)
        if slide.element.get("show") == "0":
            builder.note(f"slide {number} is hidden in the presentation, and was read")
        _read(slide, builder)
    return builder.build(Format.PPTX, title=presentation.core_properties.title or None)


def _read(slide: Any, builder: DocumentBuilder) -> None:  # noqa: ANN401
    _unwrap(slide.element)
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        builder.add_heading(1, " ".join(_lines(title.text_frame)))
    for shape in _shapes(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            _read_shape(shape, builder)
    for comment in comments(slide.part):
        builder.add(comment)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = "\n".join(_lines(slide.notes_slide.notes_text_frame)).strip()
        builder.add(f"Notes: {notes}" if notes else "")


def _unwrap(slide: Any) -> None:  # noqa: ANN401
    """Put shapes that not every program can show, those with equations mostly, in their place."""
    for either in slide.findall(f".//{_COMPATIBLE}AlternateContent"):
        chosen = either.find(f"{_COMPATIBLE}Choice")
        parent = either.getparent()
        if chosen is not None and str(parent.tag).endswith(("}spTree", "}grpSp")):
            parent[parent.index(either) : parent.index(either) + 1] = list(chosen)


def _is_shown(shape: Any) -> bool:  # noqa: ANN401
    """Whether it is on the slide, and not its number."""
    hidden = shape.element.xpath("./*/p:cNvPr/@hidden")
    numbers = shape.element.xpath("./p:nvSpPr/p:nvPr/p:ph[@type='sldNum']")
    return not {"1", "true"} & set(hidden) and not numbers


def _shapes(shapes: Any, depth: int = 0) -> Iterator[Any]:  # noqa: ANN401
    """Yields shapes from the top down, those of a group where the group is."""
    placed = sorted(
        shapes, key=lambda shape: (round((shape.top or 0) / _SAME_HEIGHT), shape.left or 0)
    )
    for shape in placed:
        if not _is_shown(shape):
            continue
        if hasattr(shape, "shapes") and depth < _MAX_NESTED:
            yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _read_shape(shape: Any, builder: DocumentBuilder) -> None:  # noqa: ANN401
    if getattr(shape, "has_table", False):
        builder.add_table(_rows(shape.table), header_rows=1 if shape.table.first_row else None)
    elif getattr(shape, "has_chart", False):
        add_chart(shape.chart.element, builder)
    elif shape.has_text_frame:
        builder.add("\n".join(_lines(shape.text_frame)))
    else:
        drawn = [text.text or "" for text in shape.element.iter(f"{_A}t")]
        builder.add("\n".join(drawn or diagram(shape)))
    described = shape.element.xpath(".//p:cNvPr/@descr")
    builder.add(f"[{described[0]}]" if described and described[0].strip() else "")


def _rows(table: Any) -> list[list[str]]:  # noqa: ANN401
    """Rows of cells; a merged cell stands in each place that it covers."""
    rows: list[list[str]] = []
    for r, row in enumerate(table.rows):
        cells: list[str] = []
        for c, cell in enumerate(row.cells):
            if cell.is_spanned:
                left = c > 0 and (
                    table.cell(r, c - 1).is_spanned or table.cell(r, c - 1).span_width > 1
                )
                cells.append(cells[-1] if left else rows[-1][c] if rows else "")
            else:
                cells.append("; ".join(line for line in _lines(cell.text_frame) if line.strip()))
        rows.append(cells)
    return rows


def _lines(frame: Any) -> Iterator[str]:  # noqa: ANN401
    """Yields a line a paragraph, indented and numbered as its bullets are."""
    counts: dict[int, int] = {}
    for paragraph in frame.paragraphs:
        level, text = paragraph.level, _text(paragraph)
        numbering = paragraph._p.find(f"{_A}pPr/{_A}buAutoNum")
        has_bullet = level or paragraph._p.find(f"{_A}pPr/{_A}buChar") is not None
        counts = {place: count for place, count in counts.items() if place <= level}
        if numbering is None:
            counts.pop(level, None)
        elif text.strip():
            start = numbering.get("startAt", "1")
            counts[level] = counts.get(level, int(start) - 1 if start.isdecimal() else 0) + 1
            text = f"{numbered(numbering.get('type', ''), counts[level])} {text}"
        bullet = "- " if has_bullet and numbering is None and text.strip() else ""
        yield f"{'  ' * (level - 1) if level else ''}{bullet}{text}"


def _text(paragraph: Any) -> str:  # noqa: ANN401
    return marked(_pieces(paragraph._p))


def _pieces(paragraph: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """Yields (`SUPER`, `SUB` or nothing, text)."""
    for node in paragraph.iter(f"{_A}t", f"{_A}br", f"{M}oMath"):
        if node.tag != f"{_A}t":
            yield "", "\n" if node.tag == f"{_A}br" else linear(node)
            continue
        properties = node.getparent().find(f"{_A}rPr")
        shift = int(properties.get("baseline", "0") or 0) if properties is not None else 0
        yield SUPER if shift > 0 else SUB if shift else "", node.text or ""
