"""Tables that Pandoc writes as they look: with lines of dashes over columns, or as a grid."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

from docutils.parsers.rst.tableparser import GridTableParser, TableMarkupError
from docutils.statemachine import StringList
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

_COLUMNS = re.compile(r" *-{2,}(?: +-{2,})+ *")
_ACROSS = re.compile(r" {0,3}-{6,} *")
_GRID = re.compile(r"\+(?:[-=:]+\+)+ *")
_MOST_LINES = 1000
"""Of a table between lines of dashes: its end is looked for from each line that may begin one."""
_Cell = tuple[int, int, str]
"""More rows, more columns, words."""


def enable(markdown: MarkdownIt) -> None:
    """Let a reader of Markdown know them."""
    markdown.block.ruler.before("hr", "drawn table", _drawn)


def _drawn(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if silent or state.level or state.is_code_block(start):
        return False
    lines = _Lines(state, end)
    found = _grid(lines, start) or _by_columns(lines, start)
    if found is None:
        return False
    stop, header, body = found
    token = state.push("html_block", "", 0)
    token.content = (
        f"<table><thead>{_rows(state, header, 'th')}</thead>"
        f"<tbody>{_rows(state, body, 'td')}</tbody></table>"
    )
    token.map = [start, stop]
    state.line = stop
    return True


class _Lines:
    """The lines of a text by their numbers; beyond the last one they are empty."""

    def __init__(self, state: StateBlock, end: int) -> None:
        self._state = state
        self.end = end

    def __getitem__(self, number: int) -> str:
        if number >= self.end:
            return ""
        return self._state.src[self._state.bMarks[number] : self._state.eMarks[number]]

    def until(self, start: int, pattern: re.Pattern[str]) -> int:
        """The first line from `start` on that fits `pattern`; `end` if none near does."""
        last = min(self.end, start + _MOST_LINES)
        return next((n for n in range(start, last) if pattern.fullmatch(self[n])), self.end)

    def between(self, start: int, stop: int) -> list[str]:
        return [self[number] for number in range(start, stop)]


_Found = tuple[int, list[list[_Cell]], list[list[_Cell]]]
"""The line behind a table, rows of its header, other rows."""


def _by_columns(lines: _Lines, start: int) -> _Found | None:
    first, second = lines[start], lines[start + 1]
    if _ACROSS.fullmatch(first):
        rule = start + 1
        while lines[rule].strip() and not _ACROSS.fullmatch(lines[rule]):
            if _COLUMNS.fullmatch(lines[rule]):
                break
            rule += 1
        stop = lines.until(rule + 1, _ACROSS)
        header = lines.between(start + 1, rule)
    elif _COLUMNS.fullmatch(first):
        rule = start
        stop = lines.until(start + 1, re.compile(f"{re.escape(first)}|{_ACROSS.pattern}"))
        header = []
    elif first.strip() and _COLUMNS.fullmatch(second):
        rule = stop = start + 1
        while lines[stop].strip():
            stop += 1
        rows = [[line] for line in lines.between(rule + 1, stop)]
        return stop, _cut(second, [[first]]), _cut(second, rows)
    else:
        return None
    if not _COLUMNS.fullmatch(lines[rule]) or stop == lines.end:
        return None
    body = lines.between(rule + 1, stop)
    return stop + 1, _cut(lines[rule], [header] if header else []), _cut(lines[rule], _parted(body))


def _grid(lines: _Lines, start: int) -> _Found | None:
    if not _GRID.fullmatch(lines[start]):
        return None
    stop = start
    while lines[stop].startswith(("+", "|")):
        stop += 1
    drawn = [
        line.rstrip().replace(":", "=" if "=" in line else "-") if line[0] == "+" else line.rstrip()
        for line in lines.between(start, stop)
    ]
    try:
        _, header, body = cast("Any", GridTableParser()).parse(StringList(drawn, "table"))
    except TableMarkupError:
        return None
    return stop, _cells(header), _cells(body)


def _cells(rows: Iterable[Iterable[Any]]) -> list[list[_Cell]]:
    """Cells as Docutils gives them; None where one of another row or column stands."""
    return [
        [(down, right, " ".join(words)) for down, right, _, words in filter(None, row)]
        for row in rows
    ]


def _cut(rule: str, rows: Iterable[Sequence[str]]) -> list[list[_Cell]]:
    """Cells from the lines of each row, where the dashes over them begin."""
    starts = [dashes.start() for dashes in re.finditer("-+", rule)]
    ends = [*starts[1:], None]
    starts[0] = 0
    return [
        [
            (0, 0, " ".join(line[start:end].strip() for line in lines).strip())
            for start, end in zip(starts, ends, strict=True)
        ]
        for lines in rows
    ]


def _parted(lines: list[str]) -> list[list[str]]:
    """The lines of each row: with empty lines between rows, a row may have several."""
    if all(line.strip() for line in lines):
        return [[line] for line in lines]
    rows: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            rows[-1].append(line)
        elif rows[-1]:
            rows.append([])
    return [row for row in rows if row]


def _rows(state: StateBlock, rows: list[list[_Cell]], tag: str) -> str:
    return "".join(
        "<tr>"
        + "".join(
            f'<{tag} rowspan="{down + 1}" colspan="{right + 1}">'
            f"{state.md.renderInline(words, state.env)}</{tag}>"
            for down, right, words in row
        )
        + "</tr>"
        for row in rows
    )
