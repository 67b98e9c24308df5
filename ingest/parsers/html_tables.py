"""Tables of an HTML page: cells that span several rows or columns stand in each of them."""

from collections.abc import Callable
from dataclasses import dataclass

from lxml.html import HtmlElement

from ingest.parsers.html_hidden import is_hidden

MAX_SPAN = 200
"""A cell is repeated so often at most; a page may claim 65,534 (HTML's limit)."""
_PARTS = ("thead", "tbody", "tfoot")
_BLOCKS = ("pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6")
_LONGEST = 2000
"""Characters of a cell: with more it is a part of the page."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A table as rows of cells.

    Attributes:
        cells: Each row from the left, all as wide as the widest.
        header_rows: How many of the first rows name the columns; None if the page does not tell.
    """

    cells: list[list[str]]
    header_rows: int | None


def is_layout(table: HtmlElement) -> bool:
    """Whether a table only places things on the page."""
    if table.get("role", "").lower() in ("presentation", "none"):
        return True
    if next(table.iterdescendants("table"), None) is not None:
        return True
    if next(table.iterdescendants(*_BLOCKS), None) is not None and not _names_columns(table):
        return True
    rows = [row for group in _groups(table) for row in group]
    return max(map(len, rows), default=0) < 2


def _names_columns(table: HtmlElement) -> bool:
    """Whether it has headers, and cells that are no whole pages."""
    return next(table.iterdescendants("th"), None) is not None and all(
        len("".join(cell.itertext())) <= _LONGEST for cell in table.iterdescendants("td", "th")
    )


def read_rows(table: HtmlElement, text: Callable[[HtmlElement], str]) -> Rows:
    """The rows of a table of data.

    Args:
        table: Without another table in it.
        text: What a cell shows.
    """
    grid: list[list[str]] = []
    header, in_header = 0, True
    for group in _groups(table):
        below: dict[int, tuple[int, str]] = {}  # column -> rows its cell still covers, and text
        for row in group:
            cells: list[str] = []
            for cell in row:
                _fill_from_above(cells, below)
                shown, rows = text(cell), _span(cell, "rowspan")
                for _ in range(_span(cell, "colspan")):
                    if rows > 1:
                        below[len(cells)] = (rows - 1, shown)
                    cells.append(shown)
            _fill_from_above(cells, below)
            in_header = in_header and _is_header(row)
            header += in_header
            grid.append(cells)
    width = max(map(len, grid), default=0)
    return Rows([row + [""] * (width - len(row)) for row in grid], header or None)


def _fill_from_above(cells: list[str], below: dict[int, tuple[int, str]]) -> None:
    while len(cells) in below:
        column = len(cells)
        rows, shown = below.pop(column)
        cells.append(shown)
        if rows > 1:
            below[column] = (rows - 1, shown)


def _groups(table: HtmlElement) -> list[list[list[HtmlElement]]]:
    """Cells by row by group of rows, which no cell leaves: head first, foot last."""
    head, body, foot = [], [], []
    places = {"thead": head, "tfoot": foot}
    is_loose = False  # whether rows stand in no group; those in sequence are one
    for child in table:
        rows = [child] if child.tag == "tr" else child.iterchildren("tr")
        cells = [_cells(row) for row in rows if not is_hidden(row)]
        cells = [row for row in cells if row]
        if child.tag == "tr" and is_loose:
            body[-1] += cells
        elif child.tag == "tr" or child.tag in _PARTS:
            places.get(str(child.tag), body).append(cells)
        is_loose = child.tag == "tr"
    return [*head, *body, *foot]


def _cells(row: HtmlElement) -> list[HtmlElement]:
    return [cell for cell in row.iterchildren("td", "th") if not is_hidden(cell)]


def _is_header(row: list[HtmlElement]) -> bool:
    parent = row[0].getparent().getparent()
    if parent is not None and parent.tag == "thead":
        return True
    named = [
        cell.tag == "th" for cell in row if cell.tag == "th" or "".join(cell.itertext()).strip()
    ]
    return bool(named) and all(named)


def _span(cell: HtmlElement, name: str) -> int:
    value = cell.get(name, "1").strip()
    if value == "0" and name == "rowspan":  # down to the end of its group
        return MAX_SPAN
    return min(max(int(value), 1), MAX_SPAN) if value.isdecimal() and len(value) < 9 else 1
