"""An HTML page as blocks in reading order: headings, paragraphs, items of lists, tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import lxml.etree as etree
from lxml.html import HtmlElement

from ingest.parsers.html_hidden import is_hidden
from ingest.parsers.html_inline import address, whole
from ingest.parsers.html_styles import GENERATED
from ingest.parsers.html_tables import is_layout, read_rows
from ingest.parsers.numbering import STYLES, marker

# fmt: off
BLOCK_TAGS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr",
    "html", "legend", "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "ul",
})
# fmt: on
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = ("ol", "ul", "menu", "dir")
_STYLES = {"a": "lower-alpha", "A": "upper-alpha", "i": "lower-roman", "I": "upper-roman"}
_STYLE = re.compile(r"list-style(?:-type)?\s*:([^;]+)", re.IGNORECASE)
_NO_NUMBERS = ("none", "disc", "circle", "square")
_NAMES = {
    "loweralpha": "lower-alpha",
    "upperalpha": "upper-alpha",
    "lowerroman": "lower-roman",
    "upperroman": "upper-roman",
}
"""Classes of the lists that Docutils and Sphinx write; their style sheets are other files."""
_GENERATED = re.compile(rf"(?:^|;){GENERATED}:([^;]+)")
_CONTENT = re.compile(r"(?P<counter>counters?)\((?P<of>[^)]*)\)|\"[^\"]*\"|'[^']*'")
_SPACE = re.compile(r"[ \t\n\r\f]+")
_PRESERVED = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)\b(?!-line)", re.IGNORECASE)
_STRUCK, _STRIKE = frozenset({"del", "s", "strike"}), "~~"
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page that stands by itself.

    Attributes:
        text: Its text; empty for a table.
        level: 1 to 6 of a heading, else 0.
        follows: Whether it goes on what is before it: the next item of a list, the next line.
        rows: The cells of a table.
        header_rows: How many of them name the columns, None if the page does not tell.
    """

    text: str = ""
    level: int = 0
    follows: bool = False
    rows: list[list[str]] = field(default_factory=list[list[str]])
    header_rows: int | None = None


@dataclass(slots=True)
class _List:
    style: str
    number: int
    step: int


def read_blocks(root: HtmlElement) -> Iterator[Block]:
    """Yields what is visible below `root`; no recursion, however deep the page."""
    reader = _Reader()
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "end":
            yield from reader.close(element)
            reader.add(element.tail if element is not root else None)
        elif element is not root and is_hidden(element):
            walker.skip_subtree()
        elif element.tag == "table" and not is_layout(element):
            yield from reader.table(element)
            walker.skip_subtree()
        elif reader.add_whole(element):
            walker.skip_subtree()
        else:
            yield from reader.open(element)
    yield from reader.take()


class _Reader:
    def __init__(self) -> None:
        self._words: list[str] = []
        self._lists: list[_List] = []
        self._level = 0
        self._marker = ""
        self._listed = False
        self._preformatted = 0

    def add(self, text: str | None) -> None:
        if not text:
            return
        self._words.append(text if self._preformatted else _SPACE.sub(" ", text))

    def take(self) -> Iterator[Block]:
        """Yields what was read, unless it is nothing, and starts anew."""
        text = "".join(self._words)
        self._words = []
        if not self._preformatted:
            text = "\n".join(_SPACE.sub(" ", line).strip() for line in text.split("\n")).strip("\n")
        if not text.strip():
            return
        follows = self._listed and bool(self._lists)
        if self._lists:
            indent = _INDENT * (len(self._lists) - 1)
            first = self._marker or " " * len(_INDENT)
            text = f"{indent}{first}" + text.replace("\n", f"\n{indent}{_INDENT}")
        elif self._marker:  # the words of a definition
            text, follows = self._marker + text, True
        yield Block(text, self._level, follows)
        self._marker, self._listed = "", bool(self._lists)

    def open(self, element: HtmlElement) -> Iterator[Block]:
        tag, is_preformatted = str(element.tag), _is_preformatted(element)
        if self._preformatted and tag in BLOCK_TAGS and not is_preformatted:
            self._break_line()
        elif tag in BLOCK_TAGS or tag in _HEADINGS:
            yield from self.take()
            self._level = _HEADINGS.get(tag, self._level)
        if tag in _LISTS:
            self._listed = self._listed and bool(self._lists)
            self._lists.append(_numbering(element))
        elif tag == "li":
            self._marker = self._next_marker(element)
        elif tag == "dd":
            self._marker = _INDENT
        elif tag == "br":
            self._words.append("\n")
        elif tag in _STRUCK:
            self._words.append(_STRIKE)
        self._preformatted += is_preformatted
        self.add(element.text)

    def close(self, element: HtmlElement) -> Iterator[Block]:
        tag, is_preformatted = str(element.tag), _is_preformatted(element)
        if self._preformatted and tag in BLOCK_TAGS and not is_preformatted:
            self._break_line()
        elif tag in BLOCK_TAGS or tag in _HEADINGS:
            yield from self.take()
        if tag in _HEADINGS:
            self._level = 0
        elif tag in _LISTS and self._lists:
            self._lists.pop()
        elif tag in ("li", "dd"):
            self._marker = ""
        elif tag in _STRUCK:
            self._words.append(_STRIKE)
        elif tag == "a":
            self.add(address(element))
        self._preformatted -= is_preformatted

    def table(self, table: HtmlElement) -> Iterator[Block]:
        """Yields a table of data, after its caption."""
        yield from self.take()
        for caption in table.iterchildren("caption"):
            yield Block(_on_one_line(caption))
        rows = read_rows(table, _on_one_line)
        yield Block(rows=rows.cells, header_rows=rows.header_rows)
        self._listed = False

    def add_whole(self, element: HtmlElement) -> bool:
        """Add an element that shows something other than its text; False if it is none."""
        shown = whole(element, "".join(self._words[-8:])[-40:])
        if shown is not None:
            self._words.append(shown)
        return shown is not None

    def _next_marker(self, item: HtmlElement) -> str:
        if not self._lists:
            return "- "
        of = self._lists[-1]
        value = item.get("value", "").strip()
        of.number = int(value) if value.isdecimal() and len(value) < 9 else of.number + of.step
        generated = _GENERATED.search(item.get("style", ""))
        shown = _generated(generated[1], [each.number for each in self._lists]) if generated else ""
        if shown:
            return f"{shown} "
        return f"{marker(of.style, of.number)}. " if of.style else "- "

    def _break_line(self) -> None:
        if self._words and not self._words[-1].endswith("\n"):
            self._words.append("\n")


def _numbering(element: HtmlElement) -> _List:
    if element.tag != "ol":
        return _List("", 0, 1)
    declared = _STYLE.search(element.get("style", ""))
    words = declared[1].lower().split() if declared else ()
    named = (_NAMES[name] for name in element.get("class", "").split() if name in _NAMES)
    style = _STYLES.get(element.get("type", "")) or next(named, "decimal")
    style = next((word for word in words if word in (*_NO_NUMBERS, *STYLES)), style)
    start = element.get("start", "").strip()
    items = sum(1 for _ in element.iterchildren("li"))
    is_reversed = element.get("reversed") is not None
    first = int(start) if start.lstrip("-").isdecimal() and len(start) < 9 else 0
    if not start:
        first = items if is_reversed else 1
    step = -1 if is_reversed else 1
    return _List("" if style in _NO_NUMBERS else style, first - step, step)


def _generated(content: str, numbers: list[int]) -> str:
    """The number that a style sheet writes before an item: `1.2`, `Step 3:`; else nothing.

    Args:
        content: As in the sheet: `counters(item, ".") " "`, `"Step " counter(step) ":"`.
        numbers: Those of the item and of the items around it, the outermost first.
    """
    shown, counts = "", 0
    for part in _CONTENT.finditer(content):
        if not part["counter"]:
            shown += part[0][1:-1]
            continue
        counts += 1
        style = part["of"].rpartition(",")[2].strip().lower()
        counted = numbers if part["counter"] == "counters" else numbers[-1:]
        shown += ".".join(marker(style if style in STYLES else "decimal", n) for n in counted)
    return shown.strip() if counts else ""


def _on_one_line(element: HtmlElement) -> str:
    """What a cell shows; its lines and the items of its lists are kept apart."""
    lines = (line.strip() for block in read_blocks(element) for line in block.text.split("\n"))
    return "; ".join(line.removeprefix("- ") for line in lines if line)


def _is_preformatted(element: HtmlElement) -> bool:
    tag, style = element.tag, element.get("style", "")
    return tag == "pre" or (tag in BLOCK_TAGS and _PRESERVED.search(style) is not None)
