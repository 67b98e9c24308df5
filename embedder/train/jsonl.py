"""JSON lines in, checked row by row: an error names the file and the line."""

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from embedder.errors import TrainingDataError


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and its line in the file, from 1."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A question with its answer, where given a negative of each, and its line in the file."""

    line: int
    question: str
    answer: str
    negative_question: str | None = None
    negative_answer: str | None = None


def read_questions(file: Path) -> list[Question]:
    """The questions of JSON lines with the key `question`.

    Raises:
        TrainingDataError: The file cannot be read, is empty, or a line is wrong.
    """
    return [Question(line, _text(file, line, row, "question")) for line, row in _rows(file)]


def read_pairs(file: Path, *, hard_negatives: bool = False) -> tuple[list[Pair], int]:
    """The rows to train on, and how many were left out because their answer is empty.

    Raises:
        TrainingDataError: The file cannot be read, nothing is left of it, or a line is wrong.
    """
    keys = ["question", "answer"]
    keys += ["negative_question", "negative_answer"] if hard_negatives else []
    pairs: list[Pair] = []
    empty = 0
    for line, row in _rows(file):
        texts = [_text(file, line, row, key, empty=key == "answer") for key in keys]
        if texts[1]:
            pairs.append(Pair(line, *texts))
        else:
            empty += 1
    if not pairs:
        msg = f"{file}: all {empty} answers are empty, there is nothing to train on"
        raise TrainingDataError(msg)
    return pairs, empty


def digest(pairs: Sequence[Pair]) -> str:
    """16 hex digits that change when any text or the order changes."""
    content = hashlib.sha256()
    for pair in pairs:
        texts = [pair.question, pair.answer, pair.negative_question, pair.negative_answer]
        content.update(json.dumps(texts).encode())
    return content.hexdigest()[:16]


def _rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object of each line that is not blank."""
    found = False
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    found = True
                    yield number, _row(file, number, line)
    except (OSError, EOFError) as error:
        msg = f"{file} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise TrainingDataError(msg) from error
    if not found:
        msg = f"{file} is empty: expected a JSON object on each line"
        raise TrainingDataError(msg)


def _row(file: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        msg = f"{file}, line {number}: not JSON ({error})"
        raise TrainingDataError(msg) from error
    if not isinstance(row, dict):
        msg = f"{file}, line {number}: expected a JSON object, found {type(row).__name__}"
        raise TrainingDataError(msg)
    return cast("dict[str, Any]", row)


def _text(file: Path, line: int, row: dict[str, Any], key: str, *, empty: bool = False) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        found = f"found {type(value).__name__}" if key in row else f"it has {', '.join(row)}"
        msg = f"{file}, line {line}: expected a text under {key!r}, {found or 'it has nothing'}"
        raise TrainingDataError(msg)
    text = value.strip()  # as published
    if not text and not empty:
        msg = f"{file}, line {line}: {key!r} is empty"
        raise TrainingDataError(msg)
    return text
