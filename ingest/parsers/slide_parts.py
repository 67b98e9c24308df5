"""What a slide says beside its shapes: numbers of lists, diagrams, comments (ECMA-376, part 1)."""

from collections.abc import Iterator
from typing import Any

import lxml.etree as etree

from ingest.document import one_line
from ingest.parsers.numbering import marker
from ingest.parsers.ooxml import Element, attribute
from ingest.parsers.ooxml_chart import diagram_lines

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_STYLES = {"alphaLc": "lower-alpha", "alphaUc": "upper-alpha", "romanLc": "lower-roman",
           "romanUc": "upper-roman"}  # fmt: skip
_AROUND = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})"}


def numbered(kind: str, count: int) -> str:
    """The number of an item: `2.`, `b)`.

    Args:
        kind: As a slide calls it: `arabicPeriod`, `alphaLcParenR`.
        count: 1 is the first.
    """
    around = next((end for end in _AROUND if kind.endswith(end)), "")
    style = _STYLES.get(kind.removesuffix(around), "decimal")
    return _AROUND.get(around, "{}").format(marker(style, count))


def diagram(shape: Any) -> list[str]:  # noqa: ANN401
    """The words of a diagram (SmartArt), a line each; they are in a part of their own."""
    lines: list[str] = []
    for ids in shape.element.iter("{*}relIds"):
        data = _related(shape.part, attribute(ids, "dm") or "")
        lines += [] if data is None else diagram_lines(data)
    return lines


def comments(part: Any) -> Iterator[str]:  # noqa: ANN401
    """Yields a line for each comment on a slide, in both forms that PowerPoint has written."""
    for relation in part.rels.values():
        if relation.reltype.endswith("/comments") and not relation.is_external:
            found = _related(part, relation.rId)
            for comment in found.iter("{*}cm") if found is not None else ():
                words = " ".join(each.text or "" for each in comment.iterchildren("{*}text"))
                words = one_line(words) or _text(comment)
                if words:
                    yield f"Comment: {words}"


def _related(part: Any, name: str) -> Element | None:  # noqa: ANN401
    try:
        data = part.related_part(name).blob
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        return etree.fromstring(data, parser)
    except (KeyError, ValueError, AttributeError, etree.XMLSyntaxError):
        return None


def _text(parent: Element) -> str:
    return one_line("".join(text.text or "" for text in parent.iter(f"{_A}t")))
