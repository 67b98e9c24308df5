r"""Tables of Rich Text Format, where a row is the cells that end before its `\row`."""

from bisect import bisect_right
from dataclasses import dataclass, field

_MERGED = ("clmrg", "clvmrg")  # with the cell to the left, with the one above
_SAME_EDGE = 60
"""Twips, a millimetre: edges of cells that are so near are one."""


@dataclass(slots=True)
class _Row:
    texts: list[str] = field(default_factory=list[str])
    edges: list[int] = field(default_factory=list[int])  # at the right of each cell, in twips
    merges: list[str] = field(default_factory=list[str])

    def cells(self, columns: list[int], above: list[str]) -> list[str]:
        """The texts, each in all columns that its cell covers."""
        cells: list[str] = []
        for place, text in enumerate(self.texts):
            merge = self.merges[place] if place < len(self.merges) else ""
            if merge == "clmrg" and cells:
                text = cells[-1]
            elif merge == "clvmrg" and len(cells) < len(above):
                text = above[len(cells)]
            end = bisect_right(columns, self.edges[place]) if columns else place + 1
            cells += [text] * max(end - len(cells), 1)
        return cells


@dataclass(slots=True)
class TableReader:
    """Collects the rows of one table after the other."""

    _rows: list[_Row] = field(default_factory=list[_Row])
    _cells: list[str] = field(default_factory=list[str])
    _paragraphs: list[str] = field(default_factory=list[str])
    _defined: _Row = field(default_factory=_Row)
    _merge: str = ""
    _header_rows: int = 0
    _is_header: bool = False

    @property
    def is_in_a_row(self) -> bool:
        """Whether a row has begun and not ended."""
        return bool(self._cells or self._paragraphs)

    def define(self, word: str, number: int | None) -> None:
        r"""Take up what a control word says of the row and its cells; any other is ignored."""
        if word == "trowd":
            self._defined, self._merge, self._is_header = _Row(), "", False
        elif word == "trhdr":
            self._is_header = True
        elif word in _MERGED:
            self._merge = word
        elif word == "cellx":
            self._defined.merges.append(self._merge)
            self._defined.edges.append(number or 0)
            self._merge = ""

    def add(self, paragraph: str, *, ends_cell: bool) -> None:
        """Add a paragraph to the cell."""
        self._paragraphs.append(paragraph)
        if ends_cell:
            self._cells.append("; ".join(each for each in self._paragraphs if each.strip()))
            self._paragraphs = []

    def end_row(self) -> None:
        """Let the next cell begin a new row."""
        self._header_rows += self._is_header and self._header_rows == len(self._rows)
        self._rows.append(_Row(self._cells, self._defined.edges, self._defined.merges))
        self._cells, self._paragraphs = [], []

    def take(self) -> tuple[list[list[str]], int | None]:
        """The rows of the table, and how many name the columns, None if it does not say."""
        if self._cells or self._paragraphs:
            self.add("", ends_cell=True)
            self.end_row()
        rows: list[list[str]] = []
        columns = self._columns()
        for row in self._rows:
            rows.append(row.cells(columns, rows[-1] if rows else []))
        header_rows = self._header_rows
        self._rows, self._header_rows = [], 0
        return rows, header_rows or None

    def _columns(self) -> list[int]:
        """The right edges of the columns; none where the rows do not tell all of theirs."""
        if any(len(row.edges) != len(row.texts) for row in self._rows):
            return []
        if max((len(row.texts) for row in self._rows), default=0) < 2:  # it only places text
            return []
        columns: list[int] = []
        for edge in sorted({edge for row in self._rows for edge in row.edges}):
            if not columns or edge - columns[-1] > _SAME_EDGE:
                columns.append(edge)
        return columns
