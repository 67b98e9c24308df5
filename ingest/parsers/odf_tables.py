"""Tables of OpenDocument: cells that span several rows or columns stand in each of them."""

from collections.abc import Callable

from ingest.parsers.odf_names import TABLE
from ingest.parsers.ooxml import Element

_MAX_REPEATED = 1000
"""A cell or row is repeated so often at most: sheets end in a row that is repeated a million times,
and is empty."""
_MAX_SPAN = 200


def rows_of(table: Element, text: Callable[[Element], str]) -> list[list[str]]:
    """The rows of a table from the top, all as wide as the widest; hidden ones are left out.

    Args:
        table: Its inner tables are part of their cells.
        text: What a cell shows.
    """
    rows: list[list[str]] = []
    covered: dict[tuple[int, int], str] = {}
    for row in table.iter(f"{TABLE}table-row"):
        if next(row.iterancestors(f"{TABLE}table")) is not table or is_hidden(row):
            continue
        cells: list[str] = []
        for cell in row.iterchildren(f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
            for _ in range(_count(cell, "columns-repeated", _MAX_REPEATED)):
                place = len(rows), len(cells)
                shown = text(cell) or covered.get(place, "")
                cells.append(shown)
                if cell.tag == f"{TABLE}table-cell" and shown:
                    covered |= dict.fromkeys(_spanned(cell, place), shown)
        rows += [cells] * (_count(row, "rows-repeated", _MAX_REPEATED) if any(cells) else 1)
    width = max(map(len, rows), default=0)
    hidden = _hidden_columns(table)
    return [
        [cell for place, cell in enumerate(row + [""] * (width - len(row))) if place not in hidden]
        for row in rows
    ]


def is_hidden(node: Element) -> bool:
    """Whether somebody hid a row or a column; one folded into a group is a click away."""
    parent = node.getparent()
    is_folded = parent is not None and str(parent.tag).endswith("-group")
    return node.get(f"{TABLE}visibility") == "collapse" and not is_folded


def header_rows(table: Element) -> int | None:
    """How many of the first rows name the columns; None if the table does not tell."""
    header = table.find(f"{TABLE}table-header-rows")
    return None if header is None else len(header)


def _hidden_columns(table: Element) -> set[int]:
    hidden: set[int] = set()
    place = 0
    for column in table.iter(f"{TABLE}table-column"):
        if next(column.iterancestors(f"{TABLE}table")) is table:
            count = _count(column, "columns-repeated", _MAX_REPEATED)
            hidden.update(range(place, place + count) if is_hidden(column) else ())
            place += count
    return hidden


def _spanned(cell: Element, place: tuple[int, int]) -> list[tuple[int, int]]:
    height, width = (_count(cell, f"{of}-spanned", _MAX_SPAN) for of in ("rows", "columns"))
    row, column = place
    return [(row + down, column + right) for down in range(height) for right in range(width)]


def _count(element: Element, what: str, limit: int) -> int:
    count = element.get(f"{TABLE}number-{what}", "1")
    return min(int(count) if count.isdecimal() and len(count) < 9 else 1, limit)
