"""Source code and configuration, as it is written; functions and classes are its headings."""

import re

from ingest.document import Document, Heading, check_length, normalise
from ingest.parsers.text import decode
from ingest.sniff import Format

_MODIFIERS = "export|default|public|private|protected|static|abstract|async|pub|final|open|override"
_KINDS = "def|class|function|func|fn|fun|interface|struct|enum|trait|impl|module|type|object"
_DEFINITION = re.compile(
    rf"^(?P<indent>[ \t]{{0,16}})(?:(?:{_MODIFIERS})[ \t]+){{0,5}}(?:{_KINDS})[ \t]+"
    r"(?P<name>[\w.$:<>*&\[\]() ,]{1,80})",
    re.MULTILINE,
)
_SECTION = re.compile(r"^\[{1,2}(?P<name>[^\[\]\n]{1,80})\]{1,2}[ \t]*$", re.MULTILINE)


def parse(data: bytes) -> Document:
    """A file of source code, or of settings.

    Raises:
        UnreadableError: The bytes are not text, or too much of it.
        NoTextError: There is nothing but white space.
    """
    return read_source(decode(data), Format.CODE)


def read_source(source: str, media_type: Format) -> Document:
    """Source that is text already; raises as `parse` does."""
    text = normalise(source)
    check_length(text)
    found = [
        Heading(
            level=1 + len(match["indent"].expandtabs(4)) // 2,
            title=match["name"].split("(")[0].strip(" :"),
            start=match.start(),
            end=match.start(),
        )
        for match in _DEFINITION.finditer(text)
    ]
    found += [
        Heading(1, match["name"], match.start(), match.start()) for match in _SECTION.finditer(text)
    ]
    headings = (heading for heading in found if heading.title)
    return Document(
        text=text,
        media_type=media_type,
        headings=tuple(sorted(headings, key=lambda heading: heading.start)),
    )
