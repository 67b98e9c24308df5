"""What of an HTML page nobody sees, or is there to get about the site."""

import re

from lxml.html import HtmlElement

# fmt: off
_NO_TEXT = frozenset({
    "script", "style", "template", "noscript", "head", "title", "canvas", "iframe",
    "object", "audio", "video", "map", "datalist", "button", "nav", "rp",
})
# fmt: on
_TITLES = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary"})
_ROLES_OF_THE_SITE = frozenset({"navigation", "search", "menu", "menubar", "toolbar"})
_EDGES = frozenset({"aside", "footer", "header", "ul", "ol"})
_LINKS_SHARE = 0.6
"""A list, a sidebar or a footer of which so much is links leads elsewhere, and says nothing."""
_FEW_LINKS = 3
_PERMALINKS = frozenset({"¶", "#", "🔗", "§", "↩", "↩︎"})  # of generated pages
_LINE_NUMBERS = re.compile(r"\b(line-?nos?|line-?numbers?|gutter)\b", re.IGNORECASE)
_NO_NUMBERS = re.compile(r"[^\d\s]")
_UNSEEN = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|opacity:0(?:[^.\d]|\.0*(?:\D|$)|$)"
    r"|(?:^|;)(?:left|top|right|text-indent):-\d{3,}|margin-(?:left|top):-\d{4,}|(?:^|;)color:(?:transparent|rgba\([^)]*,0(?:\.0*)?\))"
    r"|clip:rect\((?:0|1px)(?:px)?[,0-9px]*\)|clip-path:(?:inset\((?:50|100)%|circle\(0)"
    r"|transform:[^;]*scale[xy]?\(0(?:\.0*)?[,)]"
)
_TINY = re.compile(r"font-size:(?:0(?:[^.\d]|$)|(?:0?\.\d+|1)(?:px|pt))")
_NO_SIZE = re.compile(r"(?:^|;)(?:max-)?(?:height|width):[01](?:px)?(?:;|$|!)")
_COLOURS = re.compile(r"(?:^|;)(color|background|background-color):([^;]+)")
_OF_ANOTHER = ("inherit", "initial", "unset", "revert", "currentcolor")
_WHITE = {"#fff": "white", "#ffffff": "white", "rgb(255,255,255)": "white"}


def is_hidden(element: HtmlElement) -> bool:
    """Whether an element is not part of what its page says."""
    return (
        (element.tag in _NO_TEXT and not _is_title(element))
        or _is_marked(element)
        or _is_unseen(element)
        or _leads_elsewhere(element)
    )


def _is_title(element: HtmlElement) -> bool:
    """Whether it is the title of a part that a click unfolds."""
    return element.tag == "button" and element.getparent().tag in _TITLES


def _is_marked(element: HtmlElement) -> bool:
    return (
        element.get("hidden") is not None
        or element.get("aria-hidden", "").lower() == "true"
        or element.get("role", "").lower() in _ROLES_OF_THE_SITE
        or (element.tag == "dialog" and element.get("open") is None)
        or (element.tag == "input" and element.get("type", "").lower() in ("hidden", "password"))
        or (element.tag == "a" and (element.text or "").strip() in _PERMALINKS)
        or "mw-editsection" in element.get("class", "")  # "[edit]" behind headings of MediaWiki
        or _is_line_numbers(element)
    )


def _is_line_numbers(element: HtmlElement) -> bool:
    """Whether it holds the numbers of lines of code; a class of that name may hold the code."""
    return (
        _LINE_NUMBERS.search(element.get("class", "")) is not None
        and _NO_NUMBERS.search("".join(element.itertext())) is None
    )


def _is_unseen(element: HtmlElement) -> bool:
    plain = _plain(element)
    if not plain:
        return False
    if _UNSEEN.search(plain) or ("overflow:hidden" in plain and _NO_SIZE.search(plain)):
        return True
    if _TINY.search(plain):  # newsletters have it around what has a size of its own
        inner = map(_plain, element.iterdescendants())
        return not any("font-size:" in each and not _TINY.search(each) for each in inner)
    colours = {
        name[:10]: _WHITE.get(value, value)
        for name, value in _COLOURS.findall(plain)
        if value not in _OF_ANOTHER
    }
    return "color" in colours and colours["color"] == colours.get("background")


def _plain(element: HtmlElement) -> str:
    """Its style without white space."""
    return "".join(element.get("style", "").lower().split())


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
