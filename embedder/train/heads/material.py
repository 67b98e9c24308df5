"""What a head is trained on: questions, passages that they are to find, and what means alike."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedder.errors import DataError
from embedder.jsonl import read_objects


@dataclass(frozen=True, slots=True)
class Material:
    """Texts, each once, and what is said of them, by their places.

    Attributes:
        questions: Texts to search with.
        passages: Texts to be found.
        pairs: A question and its passage, `[pairs, 2]`.
        groups: Questions that mean the same, two or more in each group.
    """

    questions: Sequence[str]
    passages: Sequence[str]
    pairs: NDArray[np.int64]
    groups: Sequence[NDArray[np.int64]]


def read_material(file: Path) -> Material:
    """The rows of a file; see `HeadPlan.data`.

    Raises:
        DataError: The file cannot be read, or a line is wrong.
    """
    questions: dict[str, int] = {}
    passages: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    groups: dict[str, list[int]] = defaultdict(list)
    for _, row in read_objects(file, ["question"]):
        question = questions.setdefault(str(row["question"]).strip(), len(questions))
        if "group" in row:
            groups[str(row["group"])].append(question)
        if "answer" in row:
            passage = passages.setdefault(str(row["answer"]).strip(), len(passages))
            pairs.append((question, passage))
    if not pairs:
        msg = f"{file}: expected rows with a “question” and an “answer”, found none"
        raise DataError(msg)
    alike = [np.array(places) for places in groups.values() if len(set(places)) > 1]
    return Material(list(questions), list(passages), np.array(pairs), alike)
