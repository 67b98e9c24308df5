"""JSON lines, plain or gzipped, with errors that name the file and the line."""

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from embedder.errors import DataError

JsonObject = dict[str, object]


def find_file(folder: Path, *names: str) -> Path | None:
    """The first of `names` in `folder`, as it is or with `.gz` behind it."""
    files = [folder / f"{name}{end}" for name in names for end in ("", ".gz")]
    return next((file for file in files if file.is_file()), None)


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file, gzipped or not, with their numbers from 1; blank ones are left out.

    Raises:
        DataError: The file cannot be opened, or is neither UTF-8 nor what its name says.
    """
    number = 0
    try:
        opened = (gzip.open if file.suffix == ".gz" else open)(file, "rt", encoding="utf-8-sig")
        with opened as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise bad_line(file, number + 1, "text in UTF-8", "other bytes") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        msg = f"{file} is no complete gzip file: {error}"
        raise DataError(msg) from error
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise DataError(msg) from error


def read_objects(file: Path, texts: Sequence[str]) -> Iterator[tuple[int, JsonObject]]:
    """The JSON objects of `file`, one a line, with their line numbers.

    Args:
        file: JSON lines, with `.gz` at the end of its name if it is gzipped.
        texts: Fields that every object must have, as strings.

    Raises:
        DataError: A line is something else, or there is none; the text names the line.
    """
    expected = "a JSON object"
    if texts:
        expected += f" with {', '.join(f'“{field}”' for field in texts)} as text"
    empty = True
    for number, line in read_lines(file):
        empty = False
        try:
            found: object = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise bad_line(file, number, expected, line) from error
        if not isinstance(found, dict):
            raise bad_line(file, number, expected, line)
        found = cast("JsonObject", found)
        if any(not isinstance(found.get(field), str) for field in texts):
            raise bad_line(file, number, expected, line)
        yield number, found
    if empty:
        msg = f"{file} is empty: expected {expected} in each line"
        raise DataError(msg)


def bad_line(file: Path, number: int, expected: str, came: str) -> DataError:
    """The error for line `number` of `file`, which is `came`."""
    shown = came if len(came) <= 80 else came[:79] + "…"
    shown = "".join(character if character.isprintable() else " " for character in shown)
    return DataError(f"{file}, line {number}: expected {expected}, got {shown}")
