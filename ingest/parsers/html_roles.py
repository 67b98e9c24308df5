"""Tables, headings and lists that a page builds from plain elements, by what it says they are."""

import re

from lxml.html import HtmlElement

# WAI-ARIA 1.2, and the table model of CSS 2.2.
_ROLES = {
    "table": "table", "grid": "table", "treegrid": "table", "rowgroup": "tbody", "row": "tr",
    "cell": "td", "gridcell": "td", "columnheader": "th", "rowheader": "th", "list": "ul",
    "listitem": "li",
}  # fmt: skip
_DISPLAYS = {
    "table": "table", "table-row-group": "tbody", "table-header-group": "thead",
    "table-footer-group": "tfoot", "table-row": "tr", "table-cell": "td", "list-item": "li",
}  # fmt: skip
_DISPLAY = re.compile(r"display\s*:\s*([a-z-]+)", re.IGNORECASE)
_PLAIN = frozenset({"div", "span", "p", "section", "a", "label", "strong", "b"})


def name_by_role(root: HtmlElement) -> None:
    """Give plain elements the names of what they are: `<div role="row">` becomes `<tr>`."""
    for element in root.iter(*_PLAIN):
        role = element.get("role", "").lower()
        if role == "heading":
            level = element.get("aria-level", "2")
            element.tag = f"h{level if level in '123456' and level else '6'}"
            continue
        display = _DISPLAY.search(element.get("style", ""))
        name = _ROLES.get(role) or (_DISPLAYS.get(display[1].lower()) if display else None)
        if name == "li" and element.getparent().tag not in ("ul", "ol"):
            continue
        if name:
            element.tag = name
