"""JSON and JSON Lines: each value after its path, lists of alike objects as tables."""

import json
from collections.abc import Iterator
from typing import Any

from ingest.document import Document, DocumentBuilder, check_length, normalise
from ingest.parsers.csv_table import MAX_COLUMNS
from ingest.parsers.text import decode
from ingest.sniff import Format

MAX_DEPTH = 50
"""Deeper values stand on one line."""
MAX_VALUE = 20_000
"""Characters of a value without a space: a picture or a key, and no text."""

Value = Any
"""What `json.loads` returns."""


def parse(data: bytes) -> Document:
    """A JSON file, or one of a JSON value a line; what is neither is read as text.

    Raises:
        UnreadableError: The bytes are not text, or too much of it.
        NoTextError: There is no value.
    """
    text = normalise(decode(data))
    check_length(text)
    builder = DocumentBuilder()
    media_type = Format.JSON
    try:
        _add(json.loads(text), builder)
    except (ValueError, RecursionError):
        media_type = Format.JSON_LINES
        if not _add_lines(text, builder):
            builder = DocumentBuilder()
            builder.note("no valid JSON: read as text")
            builder.add(text)
    return builder.build(media_type)


def _add_lines(text: str, builder: DocumentBuilder) -> bool:
    try:
        values = [json.loads(line) for line in text.split("\n") if line.strip()]
    except (ValueError, RecursionError):
        return False
    _add(values, builder)
    return True


def _add(value: Value, builder: DocumentBuilder) -> None:
    """Append a value: no recursion, a hostile file is nested deep."""
    waiting: list[tuple[tuple[str, ...], Value]] = [((), value)]
    lines: list[str] = []
    while waiting:
        path, value = waiting.pop()
        children = _children(value) if len(path) < MAX_DEPTH else []
        if _is_table(value):
            _flush(lines, builder)
            builder.add(".".join(path) + ":" if path else "")
            _add_table(value, builder)
        elif children:
            if len(path) <= 1:
                _flush(lines, builder)
            waiting += [((*path, name), child) for name, child in reversed(children)]
        elif told := _told(value, builder):
            lines.append(f"{'.'.join(path)}: {told}" if path else told)
    _flush(lines, builder)


def _flush(lines: list[str], builder: DocumentBuilder) -> None:
    builder.add("\n".join(lines))
    lines.clear()


def _children(value: Value) -> list[tuple[str, Value]]:
    if isinstance(value, dict):
        return [(str(name), child) for name, child in value.items()]
    if isinstance(value, list) and any(isinstance(child, dict | list) for child in value):
        return [(str(place), child) for place, child in enumerate(value, start=1)]
    return []


def _is_table(value: Value) -> bool:
    if not isinstance(value, list) or len(value) < 2:
        return False
    return all(
        isinstance(row, dict) and row and not any(map(_children, row.values())) for row in value
    )


def _add_table(rows: list[dict[str, Value]], builder: DocumentBuilder) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_told(row.get(name), builder) for name in names] for row in rows]
    if len(names) > MAX_COLUMNS:
        builder.add_records(list(zip(names, row, strict=True)) for row in cells)
    else:
        builder.add_table([names, *cells], header_rows=1)


def _leaves(value: Value) -> Iterator[str]:
    """Yields what is nested too deep for a path of its own."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list | dict):
            inner = value if isinstance(value, list) else value.values()
            waiting += reversed(list(inner))
        elif value is not None:
            yield str(value)


def _told(value: Value, builder: DocumentBuilder) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(child, list | dict) for child in value):
        return ", ".join(_told(child, builder) for child in value)
    if isinstance(value, list | dict):
        return " ".join(_leaves(value))
    text = str(value)
    if len(text) > MAX_VALUE and " " not in text:
        builder.note("values of more than 20,000 characters without a space were left out")
        return ""
    return text
