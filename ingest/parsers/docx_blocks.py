"""The parts of a Word document in order: paragraphs, tables, rows, cells, text boxes."""

from collections.abc import Iterator

import lxml.etree as etree

from ingest.parsers.docx_styles import W, is_on
from ingest.parsers.ooxml import Element

_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_GONE = ("del", "moveFrom")


def blocks(body: Element | None) -> Iterator[Element]:
    """Yields paragraphs and tables, also those in content controls."""
    if body is None:
        return
    walker = etree.iterwalk(body, events=("start",), tag=(f"{W}p", f"{W}tbl"))
    found: list[Element] = []
    for _, element in walker:
        walker.skip_subtree()
        found.append(element)
    for element, after in zip(found, [*found[1:], None], strict=False):
        if after is not None and after.tag == f"{W}p" and _ends_in_deletion(element):
            # A deleted end of a paragraph makes it the beginning of the next.
            place = int(after.find(f"{W}pPr") is not None)
            for child in reversed([each for each in element if each.tag != f"{W}pPr"]):
                after.insert(place, child)
        else:
            yield element


def _ends_in_deletion(element: Element) -> bool:
    mark = element.find(f"{W}pPr/{W}rPr") if element.tag == f"{W}p" else None
    return mark is not None and any(mark.find(f"{W}{name}") is not None for name in _GONE)


def text_boxes(paragraph: Element) -> Iterator[Element]:
    """Yields the text boxes at a paragraph."""
    for box in shown_once(paragraph, f"{W}txbxContent"):
        around = [str(each.tag).removeprefix(W) for each in box.iterancestors()]
        if "txbxContent" not in around and not set(_GONE) & set(around):
            yield box


def shown_once(parent: Element, tag: str) -> Iterator[Element]:
    """Yields elements below `parent`, but not what stands for others in old programs."""
    walker = etree.iterwalk(parent, events=("start",), tag=(tag, _FALLBACK))
    for _, element in walker:
        if element.tag == _FALLBACK:
            walker.skip_subtree()
        else:
            yield element


def rows_of(table: Element) -> Iterator[Element]:
    """Its rows without those that are deleted or hidden."""
    for row in own(table, "tr"):
        properties = row.find(f"{W}trPr")
        if not is_on(properties, "del") and not is_on(properties, "hidden"):
            yield row


def own(parent: Element, name: str) -> Iterator[Element]:
    """Rows of a table or cells of a row: those in content controls too, no inner tables'."""
    inner = f"{W}tbl"
    walker = etree.iterwalk(parent, events=("start",), tag=(f"{W}{name}", inner))
    for _, element in walker:
        if element is parent:
            continue
        walker.skip_subtree()
        if element.tag != inner:
            yield element
