"""What lies upon the cells of a sheet: text boxes, described pictures, titles of charts."""

from collections.abc import Iterator

from ingest.document import one_line
from ingest.parsers.ooxml import Element, Package, attribute
from ingest.parsers.ooxml_chart import C, chart_title

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


def drawings(package: Package) -> dict[str, list[str]]:
    """Of each sheet by its name, what its drawings say, in the order of the file.

    Args:
        package: The workbook.
    """
    name = package.main_part("xl/workbook.xml")
    book, targets = package.part(name), package.targets(name)
    found: dict[str, list[str]] = {}
    for sheet in book.iter(f"{_MAIN}sheet") if book is not None else ():
        _, place = targets.get(attribute(sheet, "id") or "", ("", ""))
        drawing = package.target(place, "drawing") if place else None
        if drawing:
            found[sheet.get("name") or ""] = list(_lines(package, drawing))
    return found


def _lines(package: Package, name: str) -> Iterator[str]:
    part, targets = package.part(name), package.targets(name)
    for node in part.iter("{*}cNvPr", "{*}txBody", f"{C}chart") if part is not None else ():
        if node.tag == f"{C}chart":
            _, place = targets.get(attribute(node, "id") or "", ("", ""))
            chart = package.part(place) if place else None
            lines = [] if chart is None else [chart_title(chart)]
        elif node.tag.endswith("txBody"):
            lines = [_text(paragraph) for paragraph in node.iter(f"{_A}p")]
        else:
            described = one_line(node.get("descr") or "")
            lines = [f"[{described}]"] if described else []
        yield from filter(None, lines)


def _text(parent: Element) -> str:
    return one_line("".join(text.text or "" for text in parent.iter(f"{_A}t")))
