"""reStructuredText: read as the page that docutils makes of it.

What only Sphinx knows is read, too: the words of a directive below its name, those of a role in
their line. Files that a text includes are not read.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, cast

from docutils import nodes
from docutils.core import publish_doctree, publish_from_doctree
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.languages import en
from docutils.utils import new_document

from ingest.document import Document, DocumentBuilder
from ingest.parsers.html import add_blocks, blocks_of
from ingest.parsers.text import decode
from ingest.sniff import Format

_SETTINGS = {
    "_disable_config": True,  # else a docutils.conf where we run would count
    "file_insertion_enabled": False,
    "halt_level": 5,
    "line_length_limit": 16_000_000,
    "math_output": "LaTeX",
    "raw_enabled": False,
    "report_level": 5,
}
_DIRECTIVE = re.compile(
    r"^[ \t]*\.\.[ \t]+([a-zA-Z][\w.+-]*(?::[a-zA-Z][\w.+-]*)*)::", re.MULTILINE
)
_ROLE = re.compile(r":([a-zA-Z][\w.+-]*(?::[a-zA-Z][\w.+-]*)*):`|`:([a-zA-Z][\w.+:-]*):")
_INCLUDES = re.compile(r"^[ \t]*\.\.[ \t]+(?:include|literalinclude)::", re.MULTILINE)
_FOR_PROGRAMS = frozenset(
    "contents currentmodule default-role highlight index literalinclude module sectionauthor "
    "tabularcolumns toctree".split()
)
"""Directives that say nothing to a reader."""
_LITERAL = frozenset("doctest graphviz ipython mermaid prompt testcode testoutput".split())
_TARGET = re.compile(r"\s*<[^<>]*>\Z")
_NUMBERED = ("pep", "rfc")
_HEADER = re.compile(r"\A(?:[A-Z][\w-]*:[ \t].*\n(?:[ \t]+\S.*\n)*){2,}(?=[ \t]*\n)")
"""Lines as a mail has them, with which a PEP begins."""
_ENTRY = re.compile(r"^(?=[A-Z])", re.MULTILINE)


def parse(data: bytes) -> Document:
    """A reStructuredText file.

    Raises:
        UnreadableError: The bytes are not text, or too much of it.
        NoTextError: It holds no text.
    """
    source = decode(data)
    header = _HEADER.match(source)
    if header:
        source = _ENTRY.sub(":", header[0]) + source[header.end() :]
    _learn(source)
    tree = publish_doctree(source, settings_overrides=_SETTINGS)
    for note in tree.findall(_is_note):
        _label(note)
    page = publish_from_doctree(tree, writer="html5", settings_overrides=_SETTINGS)
    builder = DocumentBuilder()
    add_blocks(blocks_of(page.decode()), builder)
    if _INCLUDES.search(source):
        builder.note("files that it includes were not read")
    return builder.build(Format.RESTRUCTURED, title=tree.get("title"))


def _is_note(node: nodes.Node) -> bool:
    return isinstance(node, nodes.footnote | nodes.citation)


def _label(note: nodes.Element) -> None:
    """Put the number of a note into the line of its words."""
    label = note.pop(0)
    words = note.children[0] if note.children else None
    if isinstance(words, nodes.paragraph):
        words.insert(0, nodes.Text(f"[{label.astext()}] "))


def _learn(source: str) -> None:
    """Let docutils know the directives and roles that a text uses and it does not know."""
    for name in {name.lower() for name in _DIRECTIVE.findall(source)}:
        directives.register_directive(name, _tolerant(name) if name in en.directives else _Words)
    for before, after in set(_ROLE.findall(source)):
        name = (before or after).lower()
        if name not in en.roles or name in _NUMBERED:
            roles.register_local_role(name, cast("Any", _role))


class _Options(dict[str, Callable[[str], object]]):
    """Accepts any option, as it is written."""

    def __missing__(self, _name: str) -> Callable[[str], object]:
        return directives.unchanged


@cache
def _tolerant(name: str) -> type[Directive]:
    """A directive of docutils that takes the options that Sphinx gives it, too."""
    language = cast("Any", en)
    found = cast("type[Directive]", directives.directive(name, language, new_document(""))[0])
    options = _Options(found.option_spec or {}, name=directives.unchanged)
    return type(found.__name__, (found,), {"option_spec": options})


class _Words(Directive):
    """The words of a directive, below its name."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = _Options(name=directives.unchanged)

    def run(self) -> Sequence[nodes.Node]:
        if self.name in _FOR_PROGRAMS:
            return []
        said = " ".join(self.arguments)
        if self.name in _LITERAL:
            code = "\n".join([*self.arguments, *self.content])
            return [nodes.literal_block(code, code)]
        words, messages = self.state.inline_text(f"{self.name}: {said}", self.lineno)
        told = nodes.container()
        told += nodes.paragraph("", "", *words)
        self.state.nested_parse(self.content, self.content_offset, told)
        return [told, *messages]


def _role(
    name: str, _raw: str, text: str, *_rest: object, **_options: object
) -> tuple[list[nodes.Node], list[nodes.Node]]:
    """`title <target>` is its title, `~package.module.Name` the name alone."""
    shown = _TARGET.sub("", nodes.unescape(text)).removeprefix("!")
    if name.lower() in _NUMBERED and shown[:1].isdigit():
        shown = f"{name.upper()} {shown}"
    if shown.startswith("~"):
        shown = shown.rpartition(".")[2].removeprefix("~")
    return [nodes.inline("", shown)], []
