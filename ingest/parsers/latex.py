"""LaTeX: read as the page that one would see, by way of HTML."""

import re

from ingest.document import Document, DocumentBuilder
from ingest.parsers.html import add_blocks, blocks_of, visible_text
from ingest.parsers.latex_page import LatexPage
from ingest.parsers.text import decode
from ingest.sniff import Format

_INCLUDES = re.compile(r"\\(?:input|include|subfile)\s*\{")


def parse(data: bytes) -> Document:
    """A LaTeX file: text, headings, lists, tables, code, and formulas as plain as may be.

    Macros that the file defines are put in. What it includes is not read.

    Raises:
        UnreadableError: The bytes are not text, or too much of it.
        NoTextError: It shows nothing.
    """
    source = decode(data).replace("\r\n", "\n")
    page = LatexPage(source)
    blocks = list(blocks_of(page.body()))
    builder = DocumentBuilder()
    title, *facts = (visible_text(page.fact(name)) for name in ("title", "author", "date"))
    if blocks:
        builder.add_heading(1, title)
        builder.add(
            "\n".join(" ".join(fact.split()).replace(" , ", ", ") for fact in facts if fact)
        )
    add_blocks(blocks, builder)
    if _INCLUDES.search(source):
        builder.note("files that it includes were not read")
    return builder.build(Format.LATEX, title=title)
