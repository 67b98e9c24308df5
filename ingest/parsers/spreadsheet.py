"""Excel workbooks: a sheet is a page, its tables as a reader sees their values."""

import io
import zipfile
from collections.abc import Iterator

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from ingest.document import Document, DocumentBuilder
from ingest.errors import UnreadableError
from ingest.parsers.csv_table import add_rows
from ingest.parsers.ooxml import Package
from ingest.parsers.sheet_cells import told
from ingest.parsers.sheet_drawings import drawings
from ingest.parsers.sheet_hidden import Hidden
from ingest.sniff import Format

MAX_CELLS = 2_000_000
"""Of a workbook: with more it is a data base, and days of embedding."""
MAX_EMPTY_ROWS = 10_000
"""After so many rows without a value a sheet is over: some are formatted down to the last row."""


def parse(data: bytes) -> Document:
    """A workbook (.xlsx, .xlsm).

    Raises:
        UnreadableError: The file is damaged, has more than `MAX_CELLS`, or needs a password.
        NoTextError: No cell of a sheet that is shown has a value.
    """
    package = Package(data)
    package.check_size("xl/")
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), data_only=True, rich_text=True)
    except (
        InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, SyntaxError,
    ) as error:  # fmt: skip
        msg = f"damaged: no readable workbook ({error})"
        raise UnreadableError(msg) from error
    builder = DocumentBuilder()
    uncounted = _formulas(data) if package.holds(b"<f") else 0
    if uncounted:
        builder.note(f"{uncounted:,} formulas have no value stored: save it in Excel once")
    cells, drawn = 0, drawings(package)
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            builder.note(f"the hidden sheet “{sheet.title}” was left out")
            continue
        builder.start_page(sheet.title)
        builder.add_heading(1, sheet.title)
        grid, hidden = _grid(sheet)
        if hidden:
            builder.note(f"left out of the sheet “{sheet.title}”: {hidden}")
        cells += sum(map(len, grid))
        if cells > MAX_CELLS:
            msg = f"more than {MAX_CELLS:,} cells: index a part of it, as CSV for example"
            raise UnreadableError(msg)
        for table in tables_in(grid):
            add_rows(table, builder)
        builder.add("\n".join(drawn.get(sheet.title, ())))
    return builder.build(Format.XLSX, title=book.properties.title)


def tables_in(grid: list[list[str]]) -> Iterator[list[list[str]]]:
    """Yields the parts of a sheet that empty rows keep apart, without their empty columns.

    A line of its own above a table (its title) is a part, too.
    """
    part: list[list[str]] = []
    for row in [*grid, []]:
        if any(cell.strip() for cell in row):
            part.append(row)
        elif part:
            yield from _without_title(part)
            part = []


def _formulas(data: bytes) -> int:
    """How many formulas have no result: programs that do not calculate leave them so."""
    written, results = (
        openpyxl.load_workbook(io.BytesIO(data), data_only=only, read_only=True)
        for only in (False, True)
    )
    return sum(
        isinstance(formula, str) and formula.startswith("=") and value is None
        for sheet in written.sheetnames
        for formulas, values in zip(
            written[sheet].iter_rows(values_only=True),
            results[sheet].iter_rows(values_only=True),
            strict=False,
        )
        for formula, value in zip(formulas, values, strict=False)
    )


def _grid(sheet: Worksheet) -> tuple[list[list[str]], str]:
    """The shown cells of a sheet by row, and what was hidden (`2 hidden rows`).

    A merged value stands in each cell that it covers.
    """
    merged = {
        (row, column): (area.min_row, area.min_col)
        for area in sheet.merged_cells.ranges
        if (area.max_row - area.min_row + 1) * (area.max_col - area.min_col + 1) <= MAX_EMPTY_ROWS
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
    }
    hidden = Hidden(sheet)
    values: dict[tuple[int, int], str] = {}
    grid: list[list[str]] = []
    empty = 0
    for number, row in enumerate(sheet.iter_rows(), start=sheet.min_row):
        cells: list[str] = []
        for column, cell in enumerate(row, start=sheet.min_column):
            place = (number, column)
            values[place] = told(cell)
            shown = values.get(merged.get(place, place), "")
            if not hidden.holds(number, column, shown):
                cells.append(shown)
        empty = 0 if any(cells) else empty + 1
        if empty > MAX_EMPTY_ROWS:
            break
        if cells:
            grid.append(cells)
    return grid, hidden.told()


def _without_title(part: list[list[str]]) -> Iterator[list[list[str]]]:
    used = [place for place in range(max(map(len, part))) if any(_at(row, place) for row in part)]
    rows = [[_at(row, place) for place in used] for row in part]
    while rows and len({cell for cell in rows[0] if cell}) == 1 and len(used) > 1:
        title = next(cell for cell in rows.pop(0) if cell)
        yield [[title]]
    if rows:
        yield rows


def _at(row: list[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""
