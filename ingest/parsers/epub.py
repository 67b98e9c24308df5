"""EPUB: the chapters of a book in their reading order; a chapter is a page."""

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from ingest.document import Document, DocumentBuilder
from ingest.errors import UnreadableError
from ingest.parsers.html import add_blocks, blocks_of, declared_encoding
from ingest.parsers.ooxml import Element, Package
from ingest.parsers.text import decode
from ingest.sniff import Format

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_OPF = "{http://www.idpf.org/2007/opf}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_PAGES = ("application/xhtml+xml", "text/html")
_FONTS = "obfuscation"  # their encryption is not that of the text


def parse(data: bytes) -> Document:
    """A book.

    Raises:
        UnreadableError: The file is damaged, protected against copying, or inflates to too much.
        NoTextError: It holds no text.
    """
    package = Package(data)
    name, book = _book(package)
    encrypted = package.part(_ENCRYPTION)
    if encrypted is not None and _hides_text(encrypted):
        msg = "protected against copying (DRM): its text can be read in a reader of books alone"
        raise UnreadableError(msg)
    builder = DocumentBuilder()
    facts = {
        key: book.findtext(f".//{_DC}{key}") or ""
        for key in ("title", "creator", "date", "language", "publisher")
    }
    lines = (f"{word}: {facts[key]}" for word, key in _FACTS if facts[key])
    builder.add("\n".join(lines))
    folder = posixpath.dirname(name)
    for place in _chapters(book):
        source = package.raw(posixpath.normpath(posixpath.join(folder, place)))
        if source is None:
            builder.note(f"the chapter {posixpath.basename(place)} is missing in the file")
            continue
        blocks = list(blocks_of(decode(source, declared_encoding(source))))
        heading = next((block.text for block in blocks if block.level), None)
        builder.start_page(heading)
        add_blocks(blocks, builder)
    return builder.build(Format.EPUB, title=facts["title"], language=facts["language"])


_FACTS = (("Title", "title"), ("Author", "creator"), ("Publisher", "publisher"), ("Date", "date"))


def _book(package: Package) -> tuple[str, Element]:
    container = package.part(_CONTAINER)
    for root in container.iter("{*}rootfile") if container is not None else ():
        name = root.get("full-path") or ""
        book = package.part(name)
        if book is not None:
            return name, book
    msg = f"no readable book: {_CONTAINER} names none"
    raise UnreadableError(msg)


def _chapters(book: Element) -> Iterator[str]:
    """Yields the files of the chapters in reading order, those beside it too (notes, mostly)."""
    items = {item.get("id"): item for item in book.iter(f"{_OPF}item")}
    for reference in book.iter(f"{_OPF}itemref"):
        item = items.get(reference.get("idref"))
        if item is not None and item.get("media-type") in _PAGES:
            yield unquote(item.get("href") or "")


def _hides_text(encryption: Element) -> bool:
    methods = [method.get("Algorithm") or "" for method in encryption.iter("{*}EncryptionMethod")]
    return any(_FONTS not in method and not method.endswith("#RC") for method in methods)
