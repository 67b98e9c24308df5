"""XML of any kind: its text in order, headings by their names, values after theirs."""

from collections.abc import Iterator

import lxml.etree as etree

from ingest.document import Document, DocumentBuilder, one_line
from ingest.errors import UnreadableError
from ingest.parsers.code import read_source
from ingest.parsers.ooxml import Element
from ingest.parsers.text import decode
from ingest.sniff import Format

_HEADINGS = frozenset({"title", "head", "heading", "article-title"})
_MAX_ATTRIBUTES = 20


def parse(data: bytes) -> Document:
    """An XML file. Neither entities nor other files that it names are read.

    Raises:
        UnreadableError: The bytes are not text, or too much of it.
        NoTextError: No element has text or attributes.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        document = read_source(decode(data), Format.XML)
        note = "no valid XML: read as it is written"
        return Document(
            text=document.text, media_type=Format.XML, headings=document.headings, notes=(note,)
        )
    if root.getroottree().docinfo.internalDTD is not None and _has_entities(root):
        msg = "it defines entities of its own, which are not read: save it with their text in place"
        raise UnreadableError(msg)
    builder = DocumentBuilder()
    above: Element | None = None
    walker = etree.iterwalk(root, events=("start",))
    for _, element in walker:
        if not isinstance(element.tag, str):
            continue
        shown = _shown(element)
        if shown is None:
            continue
        walker.skip_subtree()
        name = _name(element)
        if name in _HEADINGS:
            builder.add_heading(min(6, 1 + _depth(element)), shown)
        else:
            builder.add(
                _told(element, shown), separator="\n" if above is element.getparent() else "\n\n"
            )
        above = None if _is_mixed(element) or name in _HEADINGS else element.getparent()
    return builder.build(Format.XML)


def _has_entities(root: Element) -> bool:
    return any(entity.tag is etree.Entity for entity in root.iter(etree.Entity))


def _name(element: Element) -> str:
    return etree.QName(element).localname


def _is_mixed(element: Element) -> bool:
    """Whether it is a piece of running text, with elements in it."""
    if not len(element):
        return False
    return bool((element.text or "").strip()) or any(
        (child.tail or "").strip() for child in element
    )


def _shown(element: Element) -> str | None:
    """Its text, if it is told as a whole; None if its children are told."""
    if len(element) and not _is_mixed(element):
        return None
    return one_line("".join(_texts(element)))


def _texts(element: Element) -> Iterator[str]:
    for text in element.itertext():
        yield str(text)


def _told(element: Element, shown: str) -> str:
    facts = [f"{etree.QName(key).localname}: {value}" for key, value in element.attrib.items()]
    if _is_mixed(element) or _name(element) in ("p", "para", "text", "body"):
        return shown
    told = f" ({', '.join(facts[:_MAX_ATTRIBUTES])})" if facts else ""
    return (
        f"{_name(element)}{told}: {shown}" if shown else f"{_name(element)}{told}" if facts else ""
    )


def _depth(element: Element) -> int:
    return sum(_name(up) in ("sec", "section", "div", "chapter") for up in element.iterancestors())
