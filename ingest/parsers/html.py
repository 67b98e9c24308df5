"""HTML: the visible text of a page's main part, with its headings, lists and tables."""

import codecs
import re
from collections.abc import Iterator

import lxml.etree as etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from ingest.document import Document, DocumentBuilder
from ingest.errors import NoTextError, UnreadableError
from ingest.parsers.text import decode
from ingest.sniff import Format

MAIN_SHARE = 0.3
"""A `main` element with less of the page's text than this is taken for a mistake of its author."""

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([a-z0-9_.:-]+)""", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
# As browsers do: who declares one of these means its superset.
_SUPERSETS = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
}

# fmt: off
_HIDDEN = frozenset({
    "script", "style", "template", "noscript", "head", "title", "svg", "canvas", "iframe",
    "object", "audio", "video", "map", "button", "select", "option", "textarea", "input", "nav",
    "footer", "aside", "dialog",
})
_BLOCKS = frozenset({
    "address", "article", "blockquote", "body", "caption", "center", "dd", "details", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "form", "header", "hr", "html", "legend",
    "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul",
})
# fmt: on
_HIDDEN_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LAYOUT = ("table", "ul", "ol", "pre", "blockquote", *_HEADINGS)
_PERMALINKS = frozenset({"¶", "#", "🔗"})  # behind the headings of generated documentation
_SPACE = re.compile(r"\s+")


def parse(data: bytes) -> Document:
    """An HTML page.

    Raises:
        UnreadableError: The bytes are not text, or too much of it.
        NoTextError: Nothing is visible.
    """
    root = _tree(decode(data, _declared_encoding(data)))
    if root is None:
        msg = "no text"
        raise NoTextError(msg)
    builder = DocumentBuilder()
    listed = False
    for level, block in _blocks(_main(root)):
        if level:
            builder.add_heading(level, block)
        else:
            item = block.startswith(("- ", "| "))
            builder.add(block, separator="\n" if item and listed else "\n\n")
            listed = item
    return builder.build(
        Format.HTML,
        title=root.findtext(".//title"),
        language=root.get("lang") or root.get("xml:lang"),
    )


def visible_text(fragment: str) -> str:
    """The text of a piece of HTML, a block a line."""
    root = _tree(fragment)
    return "" if root is None else "\n".join(block for _, block in _blocks(root))


def _declared_encoding(data: bytes) -> str | None:
    found = _CHARSET.search(data[:4096])
    if found is None:
        return None
    try:
        name = codecs.lookup(found[1].decode("ascii")).name
        b" ".decode(name, errors="replace")
    except (LookupError, UnicodeError):  # unknown, or a codec like hex that gives no text
        return None
    # Whoever declares UTF-8 is often wrong; `decode` tries it first anyway. And bytes in which an
    # ASCII declaration can be found are not UTF-16.
    return None if name.startswith("utf-") else _SUPERSETS.get(name, name)


def _tree(text: str) -> HtmlElement | None:
    # huge_tree: libxml2 otherwise stops at a depth of 256 elements.
    parser = HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True)
    source = _XML_DECLARATION.sub("", text).replace("\x00", "")
    try:
        root = document_fromstring(source, parser=parser)
    except etree.ParserError:  # "Document is empty"
        return None
    for entry in parser.error_log:
        if entry.type_name == "ERR_RESOURCE_LIMIT":  # what comes after it would be lost silently
            raise UnreadableError(entry.message)
    return root


def _main(root: HtmlElement) -> HtmlElement:
    """The part that holds the page's own content, if the page marks one."""
    marked = root.xpath("//main | //*[@role='main']")
    articles = root.xpath("//article")
    main = marked[0] if marked else articles[0] if len(articles) == 1 else root
    return main if _length(main) >= MAIN_SHARE * _length(root) else root


def _length(root: HtmlElement) -> int:
    return sum(len(text) for _, text in _blocks(root))


class _Block:
    """The block of text that is being read."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self.level = 0
        self.bullet = ""
        self.preformatted = 0

    def add(self, text: str | None) -> None:
        self._words.append((text or "") if self.preformatted else _SPACE.sub(" ", text or ""))

    def add_line_break(self) -> None:
        self._words.append("\n")

    def take(self) -> Iterator[tuple[int, str]]:
        """Yields what was read, unless it is nothing, and starts anew."""
        text = "".join(self._words)
        self._words = []
        if not self.preformatted:
            text = "\n".join(line.strip() for line in text.split("\n")).strip("\n")
        if text.strip():
            yield self.level, self.bullet + text
            self.bullet = ""


def _blocks(root: HtmlElement) -> Iterator[tuple[int, str]]:
    """Yields (heading level or 0, text) in reading order; no recursion, however deep the page."""
    block = _Block()
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "end":
            yield from _close(block, element)
            block.add(element.tail if element is not root else None)
        elif element is not root and _is_hidden(element):
            walker.skip_subtree()
        elif element.tag == "tr" and next(element.iter(*_LAYOUT), None) is None:
            yield from block.take()
            yield from _row(element)
            walker.skip_subtree()
        else:
            yield from _open(block, element)
    yield from block.take()


def _open(block: _Block, element: HtmlElement) -> Iterator[tuple[int, str]]:
    if element.tag in _BLOCKS or element.tag in _HEADINGS:
        yield from block.take()
        block.level = _HEADINGS.get(element.tag, block.level)
    if element.tag == "li":
        block.bullet = "- "
    elif element.tag == "pre":
        block.preformatted += 1
    elif element.tag == "br":
        block.add_line_break()
    block.add(element.text)


def _close(block: _Block, element: HtmlElement) -> Iterator[tuple[int, str]]:
    if element.tag in _BLOCKS or element.tag in _HEADINGS:
        yield from block.take()
    if element.tag in _HEADINGS:
        block.level = 0
    elif element.tag == "li":
        block.bullet = ""
    elif element.tag == "pre":
        block.preformatted -= 1


def _row(row: HtmlElement) -> Iterator[tuple[int, str]]:
    """A row of a table of data, its cells on one line; tables for layout are read as blocks."""
    cells = [
        _SPACE.sub(" ", " ".join(text for _, text in _blocks(cell)))
        for cell in row
        if not _is_hidden(cell)
    ]
    if any(cells):
        yield 0, f"| {' | '.join(cells)} |"


def _is_hidden(element: HtmlElement) -> bool:
    return (
        element.tag in _HIDDEN
        or (element.tag == "a" and element.text in _PERMALINKS)
        or element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or element.get("role") in _HIDDEN_ROLES
        or _INVISIBLE.search(element.get("style", "")) is not None
    )
