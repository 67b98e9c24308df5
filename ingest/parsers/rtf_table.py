r"""Tables of Rich Text Format, where a row is the cells that end before its `\row`."""

from dataclasses import dataclass, field

_MERGED = ("clmrg", "clvmrg")  # with the cell to the left, with the one above


@dataclass(slots=True)
class TableReader:
    """Collects the rows of one table after the other."""

    _rows: list[list[str]] = field(default_factory=list[list[str]])
    _cells: list[str] = field(default_factory=list[str])
    _paragraphs: list[str] = field(default_factory=list[str])
    _merges: list[str] = field(default_factory=list[str])
    _merge: str = ""
    _header_rows: int = 0
    _is_header: bool = False

    @property
    def is_in_a_row(self) -> bool:
        """Whether a row has begun and not ended."""
        return bool(self._cells or self._paragraphs)

    def define(self, word: str) -> None:
        r"""Take up what a control word says of the row and its cells; any other is ignored."""
        if word == "trowd":
            self._merges, self._merge, self._is_header = [], "", False
        elif word == "trhdr":
            self._is_header = True
        elif word in _MERGED:
            self._merge = word
        elif word == "cellx":
            self._merges.append(self._merge)
            self._merge = ""

    def add(self, paragraph: str, *, ends_cell: bool) -> None:
        """Add a paragraph to the cell."""
        self._paragraphs.append(paragraph)
        if ends_cell:
            self._cells.append("; ".join(each for each in self._paragraphs if each.strip()))
            self._paragraphs = []

    def end_row(self) -> None:
        """Let the next cell begin a new row."""
        cells: list[str] = []
        above = self._rows[-1] if self._rows else []
        for place, text in enumerate(self._cells):
            merge = self._merges[place] if place < len(self._merges) else ""
            if merge == "clmrg" and cells:
                text = cells[-1]
            elif merge == "clvmrg" and place < len(above):
                text = above[place]
            cells.append(text)
        self._header_rows += self._is_header and self._header_rows == len(self._rows)
        self._rows.append(cells)
        self._cells, self._paragraphs = [], []

    def take(self) -> tuple[list[list[str]], int | None]:
        """The rows of the table, and how many name the columns, None if it does not say."""
        if self._cells or self._paragraphs:
            self.add("", ends_cell=True)
            self.end_row()
        rows, header_rows = self._rows, self._header_rows
        self._rows, self._header_rows = [], 0
        return rows, header_rows or None
