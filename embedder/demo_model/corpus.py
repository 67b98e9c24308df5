"""The training text: documents as lists of paragraphs, and question-answer rows."""

import gzip
import json
import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedder.errors import DuetError

Paragraphs = list[str]

_SENTENCE_END = re.compile(
    r"(?<=[.!?])[\"”’)]*\s+(?=[\"“‘(]*[A-Z0-9])"
    r"|\s*\n\s*\n\s*"  # paragraphs
    r"|\n(?:[-*] |(?=\|))"  # items of a list, rows of a table
)


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question with the text that answers it.

    `context` is empty where the source has none; `answer` is empty where the context holds none.
    `source` names where it is from.
    """

    question: str
    context: str
    answer: str
    source: str = ""


def read_documents(folder: Path) -> list[Paragraphs]:
    """Read every `*.txt` and `*.txt.xz` of `folder`.

    One paragraph a line, a blank line between documents. Paragraphs under 40 characters
    (headings, stray formulas) are left out.

    Raises:
        DuetError: `folder` holds no such file.
    """
    files = sorted([*folder.glob("*.txt"), *folder.glob("*.txt.xz")])
    if not files:
        msg = f"expected *.txt or *.txt.xz files in {folder}, found none"
        raise DuetError(msg)
    return [document for file in files for document in _documents_of(file)]


def read_questions(file: Path) -> list[QuestionRow]:
    """Read question rows.

    Either JSON lines (optionally gzipped) with `question`, `context`, `answer` and, where it is
    known, `source`; or SelQA's `*.json`, a list of questions, each with the sentences of a section
    and the places of those that answer it.
    """
    if file.suffix == ".json":
        return [_selection(row) for row in json.loads(file.read_text())]
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        QuestionRow(r["question"], r["context"], r["answer"], r.get("source", "")) for r in rows
    ]


def read_utterances(folder: Path) -> list[list[str]]:
    """Read Rasa NLU training files: what people say to a machine, grouped by intent, no text twice.

    Raises:
        DuetError: `folder` holds no `*.json`.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        msg = f"expected Rasa NLU *.json files in {folder}, found none"
        raise DuetError(msg)
    intents: dict[str, dict[str, None]] = {}
    for file in files:
        for row in json.loads(file.read_text())["rasa_nlu_data"]["common_examples"]:
            intents.setdefault(row["intent"], {})[row["text"].strip()] = None
    return [list(texts) for texts in intents.values()]


def sentences(text: str) -> list[str]:
    """Split at sentence ends that a capital letter or a digit follows, at items and blank lines."""
    return [s for s in _SENTENCE_END.split(text) if s]


def _selection(row: dict[str, Any]) -> QuestionRow:
    candidates = [candidate.strip() for candidate in row["candidates"]]
    answer = candidates[row["answers"][0]] if row["answers"] else ""
    return QuestionRow(row["question"], " ".join(filter(None, candidates)), answer, "selqa")


def _documents_of(file: Path) -> Iterator[Paragraphs]:
    opener = lzma.open if file.suffix == ".xz" else open
    with opener(file, "rt", encoding="utf-8") as lines:
        document: Paragraphs = []
        for line in lines:
            paragraph = line.strip()
            if paragraph:
                if len(paragraph) >= 40:
                    document.append(paragraph)
            elif document:
                yield document
                document = []
        if document:
            yield document
