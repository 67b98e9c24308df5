"""CSV and its kin: one table, its values as written."""

import csv
import re
from collections.abc import Iterator

from ingest.document import Document, DocumentBuilder, check_length, normalise
from ingest.errors import UnreadableError
from ingest.parsers.text import decode
from ingest.sniff import Format

_DELIMITERS = ",;\t|"
_DECLARED = re.compile(r"sep=(.)\n")
"""How a file tells Excel what separates its values."""
_SAMPLE_LINES = 50
MAX_COLUMNS = 6
"""With more columns a value is far from its column's name, and nobody counts bars: then each value
stands after that name."""


def parse(data: bytes) -> Document:
    """A table of separated values; what separates them is found out.

    Raises:
        UnreadableError: The bytes are not text, or too much of it.
        NoTextError: There is nothing but separators.
    """
    notes: list[str] = []
    text = normalise(decode(data, notes=notes))
    check_length(text)
    builder = DocumentBuilder()
    for note in notes:
        builder.note(note)
    declared = _DECLARED.match(text)
    sign = declared[1] if declared else delimiter(text)
    rows = _rows(text[declared.end() :] if declared else text, sign)
    facts, rows = _without_facts(rows)
    builder.add("\n".join(" ".join(filter(str.strip, row)) for row in facts))
    add_rows(rows, builder)
    return builder.build(Format.CSV)


def delimiter(text: str) -> str:
    """The sign that cuts most of the first lines into the same number of values, more than one."""
    lines = [line for line in text.split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES] if line.strip()]

    def regularity(sign: str) -> tuple[int, int]:
        counts = [sum(1 for _ in _values(line, sign)) for line in lines]
        usual = max(set(counts), key=counts.count, default=1)
        return (counts.count(usual) if usual > 1 else 0, usual)

    return max(_DELIMITERS, key=regularity)


def add_rows(rows: list[list[str]], builder: DocumentBuilder) -> None:
    """Append rows as a table; one of many columns with the column's name before each value."""
    if len(rows) == 1 and len(rows[0]) == 1:  # a title
        builder.add(rows[0][0])
        return
    names = rows[0] if rows else []
    if len(rows) < 2 or len(names) <= MAX_COLUMNS or not all(map(str.strip, names[1:])):
        builder.add_table(rows)
        return
    builder.add_records(
        [
            (names[place] if place < len(names) else str(place + 1), value)
            for place, value in enumerate(row)
        ]
        for row in rows[1:]
    )


def _without_facts(rows: list[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
    """What an empty row parts from the table below it, if it is narrower: a title, an account."""
    widths = [sum(bool(value.strip()) for value in row) for row in rows]
    empty = widths.index(0) if 0 in widths else 0
    below = next((place for place in range(empty, len(rows)) if widths[place]), 0)
    if not 0 < empty < below or max(widths[:empty]) >= widths[below]:
        return [], rows
    return rows[:empty], rows[below:]


def _values(line: str, sign: str) -> Iterator[str]:
    try:
        yield from next(csv.reader([line], delimiter=sign), [])
    except csv.Error:
        yield line


def _rows(text: str, sign: str) -> list[list[str]]:
    """The rows; a quote that is never closed does not swallow the rest of the file."""
    csv.field_size_limit(len(text) + 1)
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), delimiter=sign))
    except csv.Error as error:
        msg = f"damaged: no readable table of separated values ({error})"
        raise UnreadableError(msg) from error
    if text.count('"') % 2:  # one is never closed
        rows = [list(_values(line, sign)) for line in text.split("\n")]
    return rows
