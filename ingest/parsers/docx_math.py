"""Equations of Office Open XML in one line: (a + b)/2, √(x), x^2."""

from collections.abc import Callable

from ingest.parsers.ooxml import Element

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"


def linear(node: Element) -> str:
    """The equation as text; it may be nested as deep as Python allows."""
    written = _WRITTEN.get(str(node.tag).removeprefix(M))
    if written:
        return written(node)
    if node.tag == f"{M}t":
        return node.text or ""
    return "".join(map(linear, node))


def _part(node: Element, name: str) -> str:
    child = node.find(f"{M}{name}")
    return "" if child is None else linear(child)


def _grouped(text: str) -> str:
    return text if text.isalnum() or (text[:1] == "(" and text[-1:] == ")") else f"({text})"


def _fraction(node: Element) -> str:
    kind = node.find(f"{M}fPr/{M}type")
    if kind is not None and kind.get(f"{M}val") == "noBar":  # n over k
        return f"binom({_part(node, 'num')}, {_part(node, 'den')})"
    return f"{_grouped(_part(node, 'num'))}/{_grouped(_part(node, 'den'))}"


def _root(node: Element) -> str:
    return f"{_part(node, 'deg')}√({_part(node, 'e')})"


def _scripts(node: Element) -> str:
    low, high = _part(node, "sub"), _part(node, "sup")
    lowered = f"_{_grouped(low)}" if low else ""
    return _part(node, "e") + lowered + (f"^{_grouped(high)}" if high else "")


def _delimited(node: Element) -> str:
    signs = {"begChr": "(", "endChr": ")", "sepChr": "|"}
    for name in signs:
        found = node.find(f"{M}dPr/{M}{name}")
        if found is not None:
            signs[name] = found.get(f"{M}val", "")
    inside = signs["sepChr"].join(map(linear, node.findall(f"{M}e")))
    return f"{signs['begChr']}{inside}{signs['endChr']}"


def _sum(node: Element) -> str:
    sign = node.find(f"{M}naryPr/{M}chr")
    low, high = _part(node, "sub"), _part(node, "sup")
    bounds = (f"_{_grouped(low)}" if low else "") + (f"^{_grouped(high)}" if high else "")
    return f"{'∫' if sign is None else sign.get(f'{M}val', '')}{bounds} {_part(node, 'e')}"


def _rows(node: Element) -> str:
    rows = node.findall(f"{M}mr") or node.findall(f"{M}e")
    return "; ".join(
        ", ".join(map(linear, row)) if row.tag == f"{M}mr" else linear(row) for row in rows
    )


_WRITTEN: dict[str, Callable[[Element], str]] = {
    "f": _fraction,
    "rad": _root,
    "sSup": _scripts,
    "sSub": _scripts,
    "sSubSup": _scripts,
    "d": _delimited,
    "nary": _sum,
    "m": _rows,
    "eqArr": _rows,
}
