"""Markdown: read as the page that it becomes, front matter and code included."""

import re
import textwrap
import tomllib
from collections.abc import Sequence
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from ingest.document import Document, DocumentBuilder, one_line
from ingest.parsers import markdown_blocks, markdown_tables
from ingest.parsers.html import add_blocks, blocks_of
from ingest.parsers.html_blocks import BLOCK_TAGS
from ingest.parsers.text import decode
from ingest.sniff import Format

_FRONT_MATTER = re.compile(r"\n*---[ \t]*\n(?P<yaml>.*?\n)?(---|\.\.\.)[ \t]*(\n|\Z)", re.DOTALL)
_TOML = re.compile(r"\n*\+\+\+[ \t]*\n(?P<toml>.*?\n)?\+\+\+[ \t]*(\n|\Z)", re.DOTALL)
_ENTRY = re.compile(r"[A-Za-z_][\w-]*:(\s|\Z)")
_ATTRIBUTES = re.compile(r"[ \t]+\{[#.:][^{}\n]*\}[ \t]*$")
"""`{#id .class}` at the end of a heading (Pandoc, kramdown)."""
_COMMENT = re.compile(r"\{/\*[^*]*\*/\}")
"""As components have them (MDX)."""
_LINE_ATTRIBUTES = re.compile(r"^\{:[^{}\n]*\}$", re.MULTILINE)
"""`{: .class}` on a line of its own (kramdown)."""
_IMPORTS = re.compile(r"(?:import\b[^;'\"]*(?:'[^'\n]*'|\"[^\"\n]*\")[ \t]*;?\s*)+")
_SHOWN = re.compile(r"""\b(?:title|label|summary|caption|alt)=(?:"([^"]*)"|'([^']*)')""")
"""What components show of their attributes."""
_NAME = re.compile(r"\s*</?([A-Za-z][\w.-]*)")
_TAGS_ALONE = re.compile(r"\s*(?:</?[A-Za-z][^<>]*>\s*)+")
# fmt: off
_TAGS = BLOCK_TAGS | frozenset({
    "a", "abbr", "audio", "b", "base", "bdi", "bdo", "br", "button", "canvas", "cite", "code",
    "col", "colgroup", "del", "dfn", "dialog", "em", "embed", "font", "h1", "h2", "h3", "h4", "h5",
    "h6", "head", "i", "iframe", "img", "input", "ins", "kbd", "label", "link", "mark", "menu",
    "meta", "nav", "noscript", "object", "option", "param", "picture", "q", "rp", "rt", "ruby",
    "s", "samp", "script", "select", "small", "source", "span", "strike", "strong", "style", "sub",
    "sup", "svg", "template", "textarea", "time", "title", "tt", "u", "var", "video", "wbr",
})
# fmt: on
# fmt: off
_NO_FACTS = frozenset({
    "title", "lang", "language", "layout", "template", "permalink", "slug", "url",
    "redirect_from", "id", "uid", "weight", "order", "nav_order", "parent", "has_children",
    "draft", "published", "toc", "menu", "hide", "theme", "class", "css", "cssclass",
    "cssclasses", "image", "images", "cover", "thumbnail", "icon", "logo", "output", "format",
    "engine", "jupyter", "kernelspec", "execute", "bibliography", "csl", "header-includes",
    "geometry", "fontsize", "documentclass",
})
# fmt: on
"""Of a front matter, what tells a program how to show the page and not a reader what is on it."""
_NOTHING = ("", "~", "null", "true", "false")
_OF_A_SIDEBAR = ("sidebar", "nav", "toc", "hide_", "pagination")
_LONGEST_FACT = 2000
_MAX_DEPTH = 3
_DATA = re.compile(r"data:[\w/+.-]+(?:;[\w=-]+)*;base64,[A-Za-z0-9+/=]{32,}")
"""Bytes of a picture in the middle of a sentence."""


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
    metadata, body = _split_front_matter(source.replace("\r\n", "\n").replace("\r", "\n"))
    blocks = list(blocks_of(_page(body)))
    builder = DocumentBuilder()
    if any(block.text.strip() or block.rows for block in blocks):
        builder.add(_facts(metadata))
    add_blocks(blocks, builder)
    first = next((block for block in blocks if block.level), None)
    heading = first.text if first and first.level == 1 else None
    return builder.build(
        media_type,
        title=_entry(metadata, "title") or heading,
        language=_entry(metadata, "lang") or _entry(metadata, "language"),
    )


def _split_front_matter(source: str) -> tuple[dict[str, Any], str]:
    """The front matter, if the file begins with one; two rules with text between are none."""
    toml = _TOML.match(source)
    if toml is not None:
        try:
            return tomllib.loads(toml["toml"] or "", parse_float=str), source[toml.end() :]
        except tomllib.TOMLDecodeError:
            return {}, source
    found = _FRONT_MATTER.match(source)
    if found is None:
        return {}, source
    try:
        # Values as they are written: 1.10 is a version, 0421 a number to call, 12:30 a time.
        metadata = yaml.load(found["yaml"] or "", yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError):
        metadata = None
    rest = source[found.end() :]
    if isinstance(metadata, dict) or not found["yaml"]:
        return metadata or {}, rest
    if _ENTRY.match(found["yaml"]):  # meant as one, and damaged
        return {}, f"{found['yaml']}\n{rest}"
    return {}, source


def _entry(metadata: dict[str, Any], key: str) -> str | None:
    value = metadata.get(key)
    return (_told(value) or None) if isinstance(value, str) else None


def _facts(metadata: dict[str, Any]) -> str:
    """A line for each entry that people may ask for."""
    lines: list[str] = []
    for name, value in metadata.items():
        if str(name).lower() in _NO_FACTS or str(name).lower().startswith(_OF_A_SIDEBAR):
            continue
        told = _told(value)
        if told and not told.startswith("/"):  # the address of a page
            lines.append(f"{name}: {told[:_LONGEST_FACT]}")
    return "\n".join(lines)


def _told(value: Any, depth: int = 0) -> str:  # noqa: ANN401
    """A value of a front matter in one line; switches say nothing to a reader."""
    if value is None or isinstance(value, bool) or depth > _MAX_DEPTH:
        return ""
    if isinstance(value, list):
        return ", ".join(filter(None, (_told(each, depth + 1) for each in value)))
    if isinstance(value, dict):
        told = ((name, _told(each, depth + 1)) for name, each in value.items())
        return ", ".join(f"{name}: {each}" for name, each in told if each)
    told = one_line(str(value))
    return "" if told.lower() in _NOTHING else told


def _page(source: str) -> str:
    """Markdown as HTML."""
    markdown = MarkdownIt("commonmark").enable("table")
    # Links lead nowhere here, and pictures written as base64 are to go like others.
    markdown.validateLink = lambda url: True
    markdown_blocks.enable(markdown)
    markdown_tables.enable(markdown)
    markdown.core.ruler.before("inline", "for programs", _take_out)
    markdown.add_render_rule("html_block", _html_block)
    markdown.add_render_rule("html_inline", _html_inline)
    return markdown.render(source)


def _take_out(state: StateCore) -> None:
    """Pictures as letters, comments of components, attributes of headings; code is left alone."""
    opened = ""
    for token in state.tokens:
        if token.type == "inline":
            token.content = _DATA.sub("", _COMMENT.sub("", token.content))
            token.content = _LINE_ATTRIBUTES.sub("", token.content)
            if opened == "paragraph_open" and _IMPORTS.fullmatch(token.content):
                token.content = ""
            if opened == "heading_open":
                token.content = _ATTRIBUTES.sub("", token.content)
        opened = token.type


def _html_block(
    _renderer: RendererProtocol, tokens: Sequence[Token], idx: int, *_rest: object
) -> str:
    """HTML for the reader of HTML, Markdown between the tags of components, or a placeholder."""
    content = tokens[idx].content
    found = _NAME.match(content)
    if found is None or found[1].lower() in _TAGS:
        return content
    if not found[1][0].isupper():
        return f"<p>{escapeHtml(content)}</p>"
    return _page(_without_components(content))


def _without_components(content: str) -> str:
    """The Markdown between the tags of components, with the titles that these show."""
    parts: list[str] = []
    lines: list[str] = []
    for number, line in enumerate([*content.split("\n"), "</>"]):
        # The first is a tag alone, whatever its attributes hold.
        if number and line != "</>" and not _TAGS_ALONE.fullmatch(line):
            lines.append(line)
            continue
        parts += [textwrap.dedent("\n".join(lines))]
        parts += [double or single for double, single in _SHOWN.findall(line)]
        lines = []
    return "\n\n".join(parts)


def _html_inline(
    _renderer: RendererProtocol, tokens: Sequence[Token], idx: int, *_rest: object
) -> str:
    """HTML for the reader of HTML, or a placeholder such as `<your-key>`, which is text."""
    content = tokens[idx].content
    found = _NAME.match(content)
    is_markup = found is None or found[1].lower() in _TAGS or found[1][0].isupper()
    return content if is_markup else escapeHtml(content)
