"""Equations of Office Open XML in one line of text."""

from collections.abc import Callable

from ingest.parsers.docx_styles import W
from ingest.parsers.formula import accented, fraction, function, root, scripts
from ingest.parsers.ooxml import Element

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"


def linear(node: Element) -> str:
    """The equation as text; it may be nested as deep as Python allows."""
    written = _WRITTEN.get(str(node.tag).removeprefix(M))
    if written:
        return written(node)
    if node.tag == f"{M}t":
        return node.text or ""
    if node.tag in (f"{W}del", f"{W}moveFrom"):
        return ""
    return "".join(map(linear, node))


def _part(node: Element, name: str) -> str:
    child = node.find(f"{M}{name}")
    return "" if child is None else linear(child)


def _fraction(node: Element) -> str:
    kind = node.find(f"{M}fPr/{M}type")
    if kind is not None and kind.get(f"{M}val") == "noBar":  # n over k
        return f"binom({_part(node, 'num')}, {_part(node, 'den')})"
    return fraction(_part(node, "num"), _part(node, "den"))


def _root(node: Element) -> str:
    return root(_part(node, "e"), _part(node, "deg"))


def _scripts(node: Element) -> str:
    return scripts(_part(node, "e"), _part(node, "sub"), _part(node, "sup"))


def _before(node: Element) -> str:
    """Scripts in front: ^4_2He."""
    return scripts("", _part(node, "sub"), _part(node, "sup")) + _part(node, "e")


def _limit(node: Element) -> str:
    low = node.tag == f"{M}limLow"
    limit = _part(node, "lim")
    return scripts(_part(node, "e"), limit if low else "", "" if low else limit)


def _function(node: Element) -> str:
    return function(_part(node, "fName"), _part(node, "e"))


def _accent(node: Element) -> str:
    name = str(node.tag).removeprefix(M)
    sign = node.find(f"{M}{name}Pr/{M}chr")
    default = {"acc": "\u0302", "bar": "\u0305"}.get(name, "")  # a hat, a bar
    return accented(_part(node, "e"), default if sign is None else sign.get(f"{M}val", ""))


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
    written = "∫" if sign is None else sign.get(f"{M}val", "")
    return function(scripts(written, low, high), _part(node, "e"))


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
    "sPre": _before,
    "limLow": _limit,
    "limUpp": _limit,
    "func": _function,
    "acc": _accent,
    "bar": _accent,
    "d": _delimited,
    "nary": _sum,
    "m": _rows,
    "eqArr": _rows,
}
