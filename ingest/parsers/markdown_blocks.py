"""Blocks that Docusaurus, MkDocs and Pandoc know and CommonMark does not: boxes, tabs, notes."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

_NOTE = re.compile(r"\[\^[^\]\s]+\]:")
_FENCE = re.compile(r":{3,}[ \t]*(?:\{?(?P<kind>[A-Za-z][\w-]*)\}?)?(?P<title>.*)")
"""`:::tip Title`, `:::note[Title]`, `::: {.callout-note}`, and `:::` at the end."""
_BOX = re.compile(
    r"""(?:(?:!!!|\?\?\?\+?)[ \t]+(?P<kind>[\w-]+)(?:[ \t]+[\w-]+)*|===[!+]?(?=[ \t]+"))"""
    r"""(?:[ \t]+"(?P<title>[^"]*)")?"""
)
"""`!!! note "Title"` and `=== "Title of a tab"`, with indented lines below."""
_ATTRIBUTES = re.compile(r"\{[^{}]*\}")
_INDENT = 4


def enable(markdown: MarkdownIt) -> None:
    """Let a reader of Markdown know them."""
    rules = markdown.block.ruler
    rules.before("reference", "note", _note, {"alt": ["paragraph", "reference"]})
    rules.before("hr", "fenced box", _fenced_box, {"alt": ["paragraph", "list"]})
    rules.before("hr", "indented box", _indented_box, {"alt": ["paragraph", "list"]})
    markdown.inline.ruler.before("escape", "comment", _comment)


def _note(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The text of a footnote as a paragraph; else `[^1]: Ibid.` is the address of a link."""
    place = state.bMarks[start] + state.tShift[start]
    if state.is_code_block(start) or not _NOTE.match(state.src, place):
        return False
    if silent:
        return True
    others = state.md.block.ruler.getRules("paragraph")
    stop = start + 1
    while stop < end and not state.isEmpty(stop):
        is_indented = state.is_code_block(stop)
        if not is_indented and any(rule(state, stop, end, True) for rule in others):
            break
        stop += 1
    state.line = stop
    _add(state, start, state.getLines(start, stop, state.blkIndent, False).strip())
    return True


def _fenced_box(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    found = None if state.is_code_block(start) else _FENCE.fullmatch(_line(state, start))
    if found is None:
        return False
    if not silent:
        title = _ATTRIBUTES.sub("", found["title"]).strip(" \t[]:")
        _add(state, start, _title(found["kind"], title))
        state.line = start + 1
    return True


def _indented_box(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    found = None if state.is_code_block(start) else _BOX.fullmatch(_line(state, start))
    if found is None:
        return False
    if silent:
        return True
    stop = start + 1
    while stop < end and (state.isEmpty(stop) or state.sCount[stop] >= state.blkIndent + _INDENT):
        stop += 1
    _add(state, start, _title(found["kind"], found["title"]))
    last, state.lineMax = state.lineMax, stop
    state.blkIndent += _INDENT
    state.level += 1  # there is a limit
    state.md.block.tokenize(state, start + 1, stop)
    state.blkIndent -= _INDENT
    state.level -= 1
    state.lineMax, state.line = last, stop
    return True


def _comment(state: StateInline, silent: bool) -> bool:
    """Leave out `%%what Obsidian does not show%%`."""
    source, start = state.src, state.pos
    end = source.find("%%", start + 2) if source.startswith("%%", start) else -1
    around = source[max(start - 1, 0) : start] + source[end + 2 : end + 3]
    if silent or end < 0 or around.strip():
        return False
    state.pos = end + 2
    return True


def _title(kind: str | None, title: str | None) -> str:
    """`Note: Title`; a tab has no kind."""
    return ": ".join(filter(None, ((kind or "").capitalize(), title)))


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]].rstrip()


def _add(state: StateBlock, line: int, words: str) -> None:
    """Add a paragraph."""
    state.push("paragraph_open", "p", 1)
    token = state.push("inline", "", 0)
    token.content = words
    token.map, token.children = [line, line + 1], []
    state.push("paragraph_close", "p", -1)
