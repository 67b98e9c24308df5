"""Rows and columns of a sheet that somebody hid."""

from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet


class Hidden:
    """The hidden rows and columns of a sheet.

    What is filtered away or folded into a group counts as shown: a click on the sheet brings it.
    """

    def __init__(self, sheet: Worksheet) -> None:
        filtered = _filtered(sheet)
        self._rows = {
            number
            for number, row in sheet.row_dimensions.items()
            if row.hidden and not row.outlineLevel and number not in filtered
        }
        self._columns = {
            number
            for column in sheet.column_dimensions.values()
            if column.hidden and not column.outlineLevel
            for number in range(column.min or 0, (column.max or 0) + 1)
        }
        self._met: dict[str, set[int]] = {"row": set(), "column": set()}

    def holds(self, row: int, column: int, text: str) -> bool:
        """Whether a cell is hidden; `told` counts those that have a text."""
        for kind, number, hidden in (("row", row, self._rows), ("column", column, self._columns)):
            if number in hidden:
                if text:
                    self._met[kind].add(number)
                return True
        return False

    def told(self) -> str:
        """What was met that is hidden: `2 hidden rows, 1 hidden column`; empty if nothing was."""
        counts = {kind: len(met) for kind, met in self._met.items() if met}
        return ", ".join(f"{n} hidden {kind}{'s' * (n > 1)}" for kind, n in counts.items())


def _filtered(sheet: Worksheet) -> set[int]:
    """Rows that a filter, which is set, may have hidden."""
    tables = (table.autoFilter for table in sheet.tables.values())
    areas = [
        CellRange(each.ref)
        for each in (sheet.auto_filter, *tables)
        if each is not None and each.ref and each.filterColumn
    ]
    return {row for area in areas for row in range(area.min_row, area.max_row + 1)}
