"""Questions and answers in JSON lines, checked line by line."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedder.errors import DataError
from embedder.jsonl import bad_line, read_objects


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
        DataError: The file cannot be read, is empty, or a line is wrong.
    """
    return [Question(line, text) for line, [text] in _texts(file, ["question"])]


def read_pairs(file: Path, *, hard_negatives: bool = False) -> tuple[list[Pair], int]:
    """The pairs to train on, and how many were left out because their answer is empty.

    Raises:
        DataError: The file cannot be read, nothing is left of it, or a line is wrong.
    """
    keys = ["question", "answer"]
    keys += ["negative_question", "negative_answer"] if hard_negatives else []
    read = [Pair(line, *texts) for line, texts in _texts(file, keys)]
    pairs = [pair for pair in read if pair.answer]
    if not pairs:
        msg = f"{file}: all {len(read)} answers are empty, there is nothing to train on"
        raise DataError(msg)
    return pairs, len(read) - len(pairs)


def digest(pairs: Sequence[Pair]) -> str:
    """16 hex digits that change when any text or the order changes."""
    content = hashlib.sha256()
    for pair in pairs:
        texts = [pair.question, pair.answer, pair.negative_question, pair.negative_answer]
        content.update(json.dumps(texts).encode())
    return content.hexdigest()[:16]


def _texts(file: Path, keys: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Each object's line and its texts under `keys`; only an answer may be empty."""
    for line, found in read_objects(file, keys):
        texts = [str(found[key]).strip() for key in keys]  # stripped as published
        for key, text in zip(keys, texts, strict=True):
            if not text and key != "answer":
                raise bad_line(file, line, f"a “{key}” that is not empty", "no text")
        yield line, texts
