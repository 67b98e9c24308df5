"""Markdown: the text stays as it was written; what no reader sees of it goes."""

import re
from itertools import pairwise
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.document import Document, Heading, Table, check_length, normalise, one_line
from ingest.parsers.markdown_html import without_html
from ingest.parsers.text import decode
from ingest.sniff import Format

_FRONT_MATTER = re.compile(r"---[ \t]*\n(?P<yaml>.*?\n)?(---|\.\.\.)[ \t]*(\n|\Z)", re.DOTALL)
_ENTRY = re.compile(r"[A-Za-z_][\w-]*:(\s|\Z)")
_ATTRIBUTES = re.compile(r"\s*(\{[^{}]*\}|#+)\s*$")
_FACTS = (
    "subtitle", "author", "authors", "date", "updated", "version", "status", "description",
    "summary", "abstract", "category", "categories", "tags", "keywords", "license",
)  # fmt: skip
"""Of a front matter, what people ask for; the rest of it tells a program how to show the page."""
_LONGEST_FACT = 2000


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
    markdown = MarkdownIt("commonmark").enable("table")
    body = normalise(without_html(source, markdown.parse(source)))
    check_length(body)
    text = normalise(f"{_facts(metadata)}\n\n{body}")
    tokens = markdown.parse(text)
    starts = _line_starts(text)
    headings = _headings(text, tokens, starts)
    first = headings[0].title if headings and headings[0].level == 1 else None
    return Document(
        text=text,
        media_type=media_type,
        title=_entry(metadata, "title") or first,
        language=_entry(metadata, "lang") or _entry(metadata, "language"),
        headings=headings,
        tables=_tables(text, tokens, starts),
    )


def _split_front_matter(source: str) -> tuple[dict[str, Any], str]:
    """The front matter, if the file begins with one; two rules with text between are none."""
    found = _FRONT_MATTER.match(source)
    if found is None:
        return {}, source
    try:
        metadata = yaml.safe_load(found["yaml"] or "")
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date like 2024-13-45
        metadata = None
    rest = source[found.end() :]
    if isinstance(metadata, dict) or not found["yaml"]:
        return metadata or {}, rest
    if _ENTRY.match(found["yaml"]):  # meant as one, and damaged
        return {}, f"{found['yaml']}\n{rest}"
    return {}, source


def _entry(metadata: dict[str, Any], key: str) -> str | None:
    value = metadata.get(key)
    return (one_line(value) or None) if isinstance(value, str) else None


def _facts(metadata: dict[str, Any]) -> str:
    """A line for each entry that people ask for."""
    lines: list[str] = []
    for name in _FACTS:
        value = metadata.get(name)
        values = value if isinstance(value, list) else [value]
        told = ", ".join(one_line(str(each)) for each in values if each not in (None, "", {}, []))
        if told:
            lines.append(f"{name}: {told[:_LONGEST_FACT]}")
    return "\n".join(lines)


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _headings(text: str, tokens: list[Token], starts: list[int]) -> tuple[Heading, ...]:
    headings: list[Heading] = []
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            title = _ATTRIBUTES.sub("", one_line(_plain(inline)))
            first, after = token.map
            start, end = starts[first], min(starts[after] - 1, len(text))
            if title:
                headings.append(Heading(int(token.tag[1]), title, start, end))
    return tuple(headings)


def _tables(text: str, tokens: list[Token], starts: list[int]) -> tuple[Table, ...]:
    tables: list[Table] = []
    for token in tokens:
        if token.type == "table_open" and token.map:
            first, after = token.map
            header = first + 2  # the names, and the rule below them
            end = min(starts[after] - 1, len(text))
            tables.append(Table(starts[first], end, min(starts[header] - 1, end)))
    return tuple(tables)


def _plain(inline: Token) -> str:
    """The words of a heading without emphasis, links and tags."""
    children = inline.children or []
    words = (child.content for child in children if child.type in ("text", "code_inline"))
    breaks = "".join(words)
    return breaks or inline.content
