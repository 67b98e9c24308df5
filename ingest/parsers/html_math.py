"""Formulas of MathML in one line of text (MathML Core)."""

from collections.abc import Callable, Sequence

from lxml.html import HtmlElement

from ingest.parsers.formula import accented, fraction, function, root, scripts

_SPACED = frozenset("=+−±×÷<>≤≥≠≈→⇒∈·")
_APPLY = "\u2061"
"""Invisible: between a function's name and what it is of."""


def linear(node: HtmlElement) -> str:
    """The formula as its author wrote it, in TeX mostly, else from its parts."""
    for annotation in node.iter("{*}annotation"):
        if "tex" in annotation.get("encoding", "").lower():
            return _plain(annotation)
    return " ".join((node.get("alttext") or _written(node)).split())


def _written(node: HtmlElement) -> str:
    tag = str(node.tag).rpartition("}")[2]
    if tag.startswith("annotation"):
        return ""
    parts = [child for child in node if isinstance(child.tag, str)]
    if tag in _WRITTEN and len(parts) >= _LEAST.get(tag, 1):
        return _WRITTEN[tag]([_written(part) for part in parts])
    if parts:
        return "".join(map(_written, parts))
    text = _plain(node)
    if tag == "mo":
        return " " if text == _APPLY else f" {text} " if text in _SPACED else text
    return text


def _over(parts: Sequence[str]) -> str:
    base, sign = parts[:2]
    return scripts(base, high=sign) if any(map(str.isalnum, sign)) else accented(base, sign)


def _under(parts: Sequence[str]) -> str:
    base = scripts(parts[0], parts[1])
    return function(base, "") if parts[0].strip().isalpha() else base


def _fenced(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)})"


_WRITTEN: dict[str, Callable[[Sequence[str]], str]] = {
    "mfrac": lambda parts: fraction(*parts[:2]),
    "msqrt": lambda parts: root("".join(parts)),
    "mroot": lambda parts: root(*parts[:2]),
    "msub": lambda parts: scripts(*parts[:2]),
    "msup": lambda parts: scripts(parts[0], high=parts[1]),
    "msubsup": lambda parts: scripts(*parts[:3]),
    "munder": _under,
    "mover": _over,
    "munderover": lambda parts: f"{scripts(*parts[:3])} ",
    "mfenced": _fenced,
    "mtable": "; ".join,
    "mtr": ", ".join,
}
_LEAST = {
    "mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2,
    "msubsup": 3, "munderover": 3,
}  # fmt: skip


def _plain(element: HtmlElement) -> str:
    return " ".join("".join(element.itertext()).split())
