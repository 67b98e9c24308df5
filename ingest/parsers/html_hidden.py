"""What of an HTML page nobody sees, or is there to get about the site."""

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

# fmt: off
_NO_TEXT = frozenset({
    "script", "style", "template", "noscript", "head", "title", "canvas", "iframe",
    "object", "audio", "video", "map", "datalist", "button", "nav", "rp",
})
# fmt: on
_ROLES_OF_THE_SITE = frozenset({"navigation", "search", "menu", "menubar", "toolbar"})
_EDGES = frozenset({"aside", "footer", "header", "ul", "ol"})
_LINKS_SHARE = 0.6
"""A list, a sidebar or a footer of which so much is links leads elsewhere, and says nothing."""
_FEW_LINKS = 3
_PERMALINKS = frozenset({"¶", "#", "🔗", "§"})  # behind the headings of generated documentation
_LINE_NUMBERS = re.compile(r"\b(line-?nos?|line-?numbers?|gutter)\b", re.IGNORECASE)
_UNSEEN = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|font-size:0(?:[^.\d]|$)|opacity:0(?:[^.\d]|\.0*(?:\D|$)|$)"
    r"|(?:left|top|right|text-indent):-\d{3,}"
    r"|font-size:(?:0?\.\d+|1)(?:px|pt)|(?:^|;)color:(?:transparent|rgba\([^)]*,0(?:\.0*)?\))"
    r"|clip:rect\((?:0|1px)(?:px)?[,0-9px]*\)|clip-path:(?:inset\((?:50|100)%|circle\(0)"
    r"|transform:[^;]*scale[xy]?\(0(?:\.0*)?[,)]"
)
_NO_SIZE = re.compile(r"(?:^|;)(?:max-)?(?:height|width):[01](?:px)?(?:;|$|!)")
_COLOURS = re.compile(r"(?:^|;)(color|background|background-color):([^;]+)")
_WHITE = {"#fff": "white", "#ffffff": "white", "rgb(255,255,255)": "white"}
_SIMPLE_SELECTOR = re.compile(r"(?:[a-z][a-z0-9]*)?[.#][\w-]+")


class Hidden:
    """Tells which elements of a page are not part of what it says.

    Args:
        root: The page; rules of its style sheets that hide a class or an id are obeyed.
    """

    def __init__(self, root: HtmlElement) -> None:
        self._selectors = {
            selector
            for sheet in root.iter("style")
            for selectors, style in _rules(sheet.text or "")
            if _is_unseen(style)
            for selector in selectors
        }

    def __contains__(self, element: HtmlElement) -> bool:
        return (
            element.tag in _NO_TEXT
            or _is_marked(element)
            or _is_unseen(element.get("style", ""))
            or self._is_hidden_by_rule(element)
            or _leads_elsewhere(element)
        )

    def _is_hidden_by_rule(self, element: HtmlElement) -> bool:
        if not self._selectors:
            return False
        names = [f".{name}" for name in element.get("class", "").split()]
        names += [f"#{element.get('id')}"] if element.get("id") else []
        return any(
            name in self._selectors or f"{element.tag}{name}" in self._selectors for name in names
        )


def _is_marked(element: HtmlElement) -> bool:
    return (
        element.get("hidden") is not None
        or element.get("aria-hidden", "").lower() == "true"
        or element.get("role", "").lower() in _ROLES_OF_THE_SITE
        or (element.tag == "dialog" and element.get("open") is None)
        or (element.tag == "input" and element.get("type", "").lower() in ("hidden", "password"))
        or (element.tag == "a" and (element.text or "").strip() in _PERMALINKS)
        or (element.tag != "body" and _LINE_NUMBERS.search(element.get("class", "")) is not None)
    )


def _is_unseen(style: str) -> bool:
    plain = "".join(style.lower().split())
    if _UNSEEN.search(plain) or ("overflow:hidden" in plain and _NO_SIZE.search(plain)):
        return True
    colours = {name[:10]: _WHITE.get(value, value) for name, value in _COLOURS.findall(plain)}
    return "color" in colours and colours["color"] == colours.get("background")


def _rules(sheet: str) -> Iterator[tuple[list[str], str]]:
    """Yields (selectors, declarations) of the rules at the top of a style sheet, not of @media."""
    depth, start = 0, 0
    selectors = ""
    for place, character in enumerate(sheet):
        if character == "{":
            if not depth:
                selectors, start = sheet[start:place].lower(), place + 1
            depth += 1
        elif character == "}" and depth:
            depth -= 1
            if not depth:
                if "@" not in selectors:
                    yield _simple(selectors), sheet[start:place]
                start = place + 1


def _simple(selectors: str) -> list[str]:
    parts = (part.strip() for part in selectors.split(","))
    return [part for part in parts if _SIMPLE_SELECTOR.fullmatch(part)]


def _leads_elsewhere(element: HtmlElement) -> bool:
    """Whether it is a list of links beside the text, and not one that the text makes."""
    if element.tag not in _EDGES:
        return False
    links = list(element.iter("a"))
    if len(links) < _FEW_LINKS or (element.tag in ("ul", "ol") and not _is_of_the_site(element)):
        return False
    linked = sum(len(" ".join(link.itertext()).strip()) for link in links)
    return linked > _LINKS_SHARE * len(" ".join("".join(element.itertext()).split()))


_OF_THE_SITE = re.compile(r"\b(nav|navbar|menu|breadcrumbs?|pagination|social|share)\b", re.I)


def _is_of_the_site(element: HtmlElement) -> bool:
    return _OF_THE_SITE.search(f"{element.get('class', '')} {element.get('id', '')}") is not None
