"""Markdown: the text stays as it was written; front matter and HTML tags go."""

import re
from itertools import pairwise
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.document import Document, Heading, check_length, normalise, one_line
from ingest.parsers.html import visible_text
from ingest.parsers.text import decode
from ingest.sniff import Format

_FRONT_MATTER = re.compile(r"---[ \t]*\n(?P<yaml>.*?\n)?(---|\.\.\.)[ \t]*(\n|\Z)", re.DOTALL)
_DATA_URI = re.compile(r"\(\s*<?data:[^)]*\)")
_ANCHOR = re.compile(r"<a\s[^>]*>\s*</a>\s*")
_ATTRIBUTES = re.compile(r"\s*(\{[^{}]*\}|#+)\s*$")


def parse(data: bytes) -> Document:
    """A Markdown file.

    Raises:
        UnreadableError: The bytes are not text, or too much of it.
        NoTextError: There is nothing but white space or front matter.
    """
    return read(decode(data), Format.MARKDOWN)


def read(source: str, media_type: Format) -> Document:
    """Markdown that is text already.

    Raises:
        UnreadableError: It is too much.
        NoTextError: See `parse`.
    """
    metadata, source = _split_front_matter(normalise(source))
    # Neither pictures that are embedded as base64 nor targets of links are text.
    source = _ANCHOR.sub("", _DATA_URI.sub("()", source))
    markdown = MarkdownIt("commonmark").enable("table")
    text = normalise(_without_html(source, markdown.parse(source)))
    check_length(text)
    headings = _headings(text, markdown.parse(text))
    first = headings[0].title if headings and headings[0].level == 1 else None
    return Document(
        text=text,
        media_type=media_type,
        title=_entry(metadata, "title") or first,
        language=_entry(metadata, "lang") or _entry(metadata, "language"),
        headings=headings,
    )


def _split_front_matter(source: str) -> tuple[dict[str, Any], str]:
    found = _FRONT_MATTER.match(source)
    if found is None:
        return {}, source
    try:
        metadata = yaml.safe_load(found["yaml"] or "")
    except (yaml.YAMLError, ValueError):  # ValueError: a date like 2024-13-45
        metadata = None
    return metadata if isinstance(metadata, dict) else {}, source[found.end() :]


def _entry(metadata: dict[str, Any], key: str) -> str | None:
    value = metadata.get(key)
    return (one_line(value) or None) if isinstance(value, str) else None


def _without_html(source: str, tokens: list[Token]) -> str:
    """The source with each block of HTML replaced by its visible text."""
    lines = source.split("\n")
    kept: list[str] = []
    done = 0
    for token in tokens:
        if token.type == "html_block" and token.level == 0 and token.map:
            start, end = token.map
            kept += [*lines[done:start], visible_text(token.content), ""]
            done = end
    return "\n".join([*kept, *lines[done:]])


def _headings(text: str, tokens: list[Token]) -> tuple[Heading, ...]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    headings: list[Heading] = []
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            title = _ATTRIBUTES.sub("", one_line(_plain(inline)))
            first, after = token.map
            start, end = starts[first], min(starts[after] - 1, len(text))
            if title:
                headings.append(Heading(int(token.tag[1]), title, start, end))
    return tuple(headings)


def _plain(inline: Token) -> str:
    """The words of a heading without emphasis, links and tags."""
    children = inline.children or []
    words = (child.content for child in children if child.type in ("text", "code_inline"))
    breaks = "".join(words)
    return breaks or inline.content
