"""The text of a passage as HTML: its tables as tables, what is quoted marked.

Text comes out of documents without markup of its own; only rows of tables are written as lines of
cells between bars (`ingest.document`). Everything is escaped here, as in `app.page.markup`.
"""

import html
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from app.answering.sentences import Span

_ROW = re.compile(r"\|(?: [^\n]*)? \|")
_BAR = " | "


def passage_html(text: str, marks: Sequence[Span] = (), header: str = "") -> str:
    """`text`, with `<mark>` round each of `marks`.

    Args:
        text: Of a passage, or a part of one.
        marks: In order, without overlaps.
        header: Of the table with whose rows it begins, as a row; another is not shown.
    """
    parts: list[str] = []
    for is_table, lines in groupby(_lines(text), key=lambda line: _is_row(line.of(text))):
        spans = list(lines)
        rows = [_cells(text, span) for span in spans] if is_table else []
        if len({len(row) for row in rows}) == 1:  # a bar within a cell cannot be told from others
            head = header if spans[0].start == 0 else ""
            parts.append(_table(text, rows, marks, head))
        else:
            parts.append(_marked(text, _between_tables(text, spans), marks))
    return "".join(parts)


def whole_rows(text: str, span: Span) -> Span:
    """`span`, made larger where it would cut a row of a table."""
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end
    first = start if text.startswith("| ", start) else span.start
    last_line = text.rfind("\n", 0, span.end) + 1
    return Span(first, end if text.startswith("| ", last_line) else span.end)


def _lines(text: str) -> Iterator[Span]:
    return (Span(*line.span()) for line in re.finditer(r"[^\n]*\n|[^\n]+", text))


def _between_tables(text: str, lines: Sequence[Span]) -> Span:
    """All of `lines` but the blank ones at the border of a table, which has a margin of its own."""
    start, end = lines[0].start, lines[-1].end
    part = text[start:end]
    first = start + len(part) - len(part.lstrip("\n")) if start else start
    last = end - len(part) + len(part.rstrip("\n")) if end < len(text) else end
    return Span(first, max(first, last))


def _is_row(line: str) -> bool:
    return _ROW.fullmatch(line.rstrip()) is not None


def _cells(text: str, line: Span) -> list[Span]:
    """Where the cells of a row stand, without the bars."""
    row = line.of(text).rstrip()
    cells: list[Span] = []
    position = len("| ")
    for cell in row[position : -len(" |")].split(_BAR) if len(row) > len("|  |") else [""]:
        cells.append(Span(line.start + position, line.start + position + len(cell)))
        position += len(cell) + len(_BAR)
    return cells


def _table(text: str, rows: Sequence[Sequence[Span]], marks: Sequence[Span], header: str) -> str:
    head = ""
    if _is_row(header):
        names = [html.escape(cell.of(header)) for cell in _cells(header, Span(0, len(header)))]
        head = "<thead>" + _row([f'<th scope="col">{name}</th>' for name in names]) + "</thead>"
    body = [_row([f"<td>{_marked(text, cell, marks)}</td>" for cell in row]) for row in rows]
    return (
        f'<div class="duet-scroll" tabindex="0"><table class="duet-table">{head}'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _row(cells: Sequence[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _marked(text: str, part: Span, marks: Sequence[Span]) -> str:
    """A part of `text`, with what of `marks` lies in it."""
    pieces: list[str] = []
    position = part.start
    for mark in marks:
        start, end = max(mark.start, part.start), min(mark.end, part.end)
        if start < end:
            pieces.append(html.escape(text[position:start]))
            pieces.append(f"<mark>{html.escape(text[start:end])}</mark>")
            position = end
    return "".join([*pieces, html.escape(text[position : part.end])])
