"""HTML: the visible text of a page's main part, with its headings, lists and tables."""

import codecs
import re
from collections.abc import Iterable

import lxml.etree as etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from ingest.document import Document, DocumentBuilder, one_line
from ingest.errors import NoTextError, UnreadableError
from ingest.parsers.html_blocks import Block, read_blocks
from ingest.parsers.html_hidden import is_hidden
from ingest.parsers.html_roles import name_by_role
from ingest.parsers.html_styles import apply_sheets
from ingest.parsers.text import decode
from ingest.sniff import Format

MAIN_SHARE = 0.5
"""A `main` element with less of the page's text than this is taken for a mistake of its author."""

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([a-z0-9_.:-]+)""", re.IGNORECASE)
_META_CHARSET = re.compile(
    rb"""<meta[^>]{0,400}?charset\s*=\s*["']?\s*([a-z0-9_.:-]+)""", re.IGNORECASE
)
_HEAD = 65_536
"""Bytes in which the head of a page, long comments and scripts included, declares its encoding."""
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

_EDGES = ("aside", "footer", "header", "nav")
_AUTHORS = ("author", "dc.creator", "dcterms.creator", "article:author")
_DATES = ("date", "article:published_time", "dc.date", "dcterms.date", "dcterms.created")


def parse(data: bytes) -> Document:
    """An HTML page.

    Raises:
        UnreadableError: The bytes are not text, or too much of it.
        NoTextError: Nothing is visible.
    """
    root = _tree(decode(data, declared_encoding(data)))
    if root is None:
        msg = "no text"
        raise NoTextError(msg)
    builder = DocumentBuilder()
    _add_facts(root, builder)
    _add_main(root, builder)
    return builder.build(
        Format.HTML,
        title=root.findtext(".//title"),
        language=root.get("lang") or root.get("xml:lang"),
    )


def add_blocks(blocks: Iterable[Block], builder: DocumentBuilder) -> None:
    """Append `blocks` to a document."""
    for block in blocks:
        if block.rows:
            builder.add_table(block.rows, header_rows=block.header_rows)
        elif block.level:
            builder.add_heading(block.level, block.text)
        else:
            builder.add(block.text, separator="\n" if block.follows else "\n\n")


def blocks_of(source: str) -> Iterable[Block]:
    """What is visible of a page or a piece of one.

    Raises:
        UnreadableError: It is too large for the reader of HTML.
    """
    root = _tree(source)
    return () if root is None else read_blocks(root)


def visible_text(fragment: str) -> str:
    """The text of a piece of HTML, a block a line."""
    lines: list[str] = []
    for block in blocks_of(fragment):
        rows = (f"| {' | '.join(map(one_line, row))} |" for row in block.rows)
        lines += rows if block.rows else [block.text]
    return "\n".join(lines)


def declared_encoding(data: bytes) -> str | None:
    """The encoding that a page declares, if it may be true."""
    found = _CHARSET.search(data[:1024]) or _META_CHARSET.search(data[:_HEAD])
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
            raise UnreadableError("nested too deeply")
    name_by_role(root)
    apply_sheets(root)
    return root


def _add_facts(root: HtmlElement, builder: DocumentBuilder) -> None:
    """Author and date, for which people ask, and which a page often gives in its head alone."""
    facts = {
        (meta.get("name") or meta.get("property") or "").lower(): one_line(meta.get("content", ""))
        for meta in root.iter("meta")
    }
    shown = " ".join("".join(root.itertext()).split())
    lines: list[str] = []
    for word, names in (("Author", _AUTHORS), ("Date", _DATES)):
        value = next((facts[name] for name in names if facts.get(name)), "")
        if value and value not in shown and not value.startswith("http"):
            lines.append(f"{word}: {value}")
    builder.add("\n".join(lines))


def _add_main(root: HtmlElement, builder: DocumentBuilder) -> None:
    """The parts that the page marks as its own, if they are most of it, else all."""
    _lift_titles(root)
    marked = [each for each in root.xpath("//main | //*[@role='main']") if not is_hidden(each)]
    everything = list(read_blocks(root))
    if len(marked) == 1:
        parts = [list(read_blocks(part)) for part in _own_parts(root, marked[0])]
        own = [block for part in parts for block in part]
        inside, all_of_it = _length(own), _length(everything)
        if inside >= MAIN_SHARE * all_of_it:
            if all_of_it - inside > inside // 10:
                left = all_of_it - inside
                builder.note(f"{left:,} characters beside the page's main part were left out")
            everything = own
    add_blocks(everything, builder)


def _lift_titles(root: HtmlElement) -> None:
    """Take the title out of a header that else holds links to other pages, as in Wikipedia."""
    for header in root.xpath("//main//header | //article//header"):
        title = next(header.iter("h1"), None)
        if title is not None and is_hidden(header) and not is_hidden(title):
            title.tail = None
            header.addprevious(title)


def _own_parts(root: HtmlElement, main: HtmlElement) -> list[HtmlElement]:
    """The main part with the sections and the title beside it, in order."""
    titles = () if next(main.iter("h1"), None) is not None else ("h1",)
    around = {*main.iterancestors()}
    parts: list[HtmlElement] = []
    for element in root.iter("section", "article", *titles, str(main.tag)):
        above = {*element.iterancestors()}
        is_left_out = (
            element in around
            or not above.isdisjoint(parts)
            or any(map(is_hidden, (element, *above)))
            or (element.tag not in titles and any(e.tag in _EDGES for e in above - around))
        )
        if element is main or not is_left_out:
            parts.append(element)
    return [part for part in parts if part is main or main not in part.iterancestors()]


def _length(blocks: Iterable[Block]) -> int:
    return sum(
        len(block.text) + sum(len(cell) for row in block.rows for cell in row) for block in blocks
    )
