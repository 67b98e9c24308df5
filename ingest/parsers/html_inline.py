"""What the elements in a line of HTML show that is not their text: exponents, pictures, fields."""

import re

from lxml.html import HtmlElement

from ingest.parsers.html_math import linear
from ingest.parsers.inline import BARS, footnote_mark, lowered, raised

_NOTE = re.compile(r"\b(foot-?note|reference|noteref|citation)", re.IGNORECASE)
_SHIFT = re.compile(r"vertical-align\s*:\s*(sup|sub)", re.IGNORECASE)
_STYLED = frozenset({"span", "small", "font", "i", "em", "b", "a"})
_SHOWN_INPUTS = frozenset({"", "text", "number", "email", "tel", "url", "date", "time", "search"})


def whole(element: HtmlElement, before: str) -> str | None:
    """What stands for an element with all that is in it; None if its text is read.

    Args:
        element: Any.
        before: The text in front of it, its last few characters at least.
    """
    tag = str(element.tag)
    shift = _shift(element)
    if shift:
        return _shifted(element, shift, before)
    if tag == "a" and "noteref" in (element.get("epub:type") or element.get("role") or ""):
        return footnote_mark(plain(element), before)  # as in books (EPUB 3, DPUB-ARIA)
    if tag == "rt":  # how the characters before it are read
        return f"({plain(element)})"
    if element.get("role") == "img" and element.get("aria-label") and tag not in _SHOWN:
        return f" {element.get('aria-label')} "  # four stars of five, a tick
    # What is no text stands apart from the words beside it.
    shown = _SHOWN.get(tag)
    return f" {shown(element)} " if shown else None


def address(link: HtmlElement) -> str:
    """Whom a link writes to or calls, where its words do not say."""
    kind, _, address = link.get("href", "").partition(":")
    address = address.partition("?")[0].strip()
    if kind.lower() not in ("mailto", "tel") or not address or address in plain(link):
        return ""
    return f" ({address})"


def plain(element: HtmlElement) -> str:
    """All text in an element, on one line."""
    return " ".join("".join(element.itertext()).split())


def _shift(element: HtmlElement) -> str:
    """`sup` or `sub` of what is raised or lowered, by its name or its style."""
    if element.tag in ("sup", "sub"):
        return str(element.tag)
    found = _SHIFT.search(element.get("style", "")) if element.tag in _STYLED else None
    return found[1].lower() if found else ""


def _shifted(element: HtmlElement, shift: str, before: str) -> str:
    text = "".join(element.itertext())
    if _is_fraction(element):
        space = " " if shift == "sup" and before[-1:].isdigit() else ""
        return f"{space}{text.strip()}"
    if shift == "sub":
        return lowered(before, text)
    parent = element.getparent()
    links = [*element.iter("a"), *([parent] if parent is not None else [])]
    to_note = any(link.tag == "a" and link.get("href", "").startswith("#") for link in links)
    named = f"{element.get('class', '')} {element.get('id', '')}"
    is_note = to_note or _NOTE.search(named) is not None
    return raised(before, text, (element.tail or "")[:4], is_note=is_note)


def _is_fraction(element: HtmlElement) -> bool:
    """Whether it is the upper or the lower part of a fraction such as ½."""
    upper = element if element.tag == "sup" else element.getprevious()
    lower = None if upper is None else upper.getnext()
    if upper is None or lower is None or (upper.tag, lower.tag) != ("sup", "sub"):
        return False
    return (upper.tail or "").strip() in BARS and (plain(upper) + plain(lower)).isdecimal()


def _value(element: HtmlElement) -> str:
    kind = element.get("type", "").lower()
    if kind in ("checkbox", "radio"):
        return "[x]" if element.get("checked") is not None else "[ ]"
    return element.get("value", "") if kind in _SHOWN_INPUTS else ""


def _chosen(element: HtmlElement) -> str:
    options = list(element.iter("option"))
    chosen = [option for option in options if option.get("selected") is not None]
    return ", ".join(map(plain, chosen or options[:1]))


def _described(picture: HtmlElement) -> str:
    return picture.get("alt") or picture.get("title") or ""


def _drawn(drawing: HtmlElement) -> str:
    """The words in a drawing; those that name it, too, if it is a picture by itself."""
    names = ("title", "desc", "text") if drawing.get("role") == "img" else ("text",)
    return " ".join([drawing.get("aria-label", ""), *map(plain, drawing.iter(*names))])


_SHOWN = {
    "img": _described,
    "svg": _drawn,
    "math": linear,
    "input": _value,
    "select": _chosen,
    "textarea": plain,
}
