"""How the model answers from three passages, without the app's safety net.

    python benchmarks/grounding.py ROWS.jsonl [--model CHECKPOINT] [--rows 200]

A row has question, context, is_answerable, answers and source. For an answerable row its context
stands among two of other rows. One that is not answerable is asked twice: with its own context,
which looks as if it held the answer, and with three of other rows. Passages that are too long
for the model's window are cut.
"""

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from embedder import BUNDLED_MODEL, LLM2VecGen
from embedder.chat import REFUSAL, grounded_messages
from embedder.errors import PromptTooLongError

Row = dict[str, Any]

_CITATION = re.compile(r"\[(\d+)\]")
_LONGEST_REPLY = 96
"""Tokens."""


def main() -> None:
    """Print shares of right citations, answers found, and refusals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", default=BUNDLED_MODEL)
    parser.add_argument("--rows", type=int, help="a random so many (all)")
    arguments = parser.parse_args()
    model = LLM2VecGen.from_pretrained(arguments.model)
    rows = [json.loads(line) for line in arguments.file.read_text().splitlines()]
    rng = random.Random(0)
    chosen = rng.sample(rows, arguments.rows or len(rows))
    measured: dict[str, list[float]] = {}
    for row in tqdm(chosen):
        measure = _answerable if row["is_answerable"] else _unanswerable
        for name, value in measure(model, row, rows, rng).items():
            measured.setdefault(name, []).append(value)
    table = Table("measure", "mean", "rows", title=arguments.file.name)
    for name, values in measured.items():
        table.add_row(name, f"{np.mean(values):.2f}", str(len(values)))
    Console().print(table)


def _answerable(
    model: LLM2VecGen, row: Row, rows: Sequence[Row], rng: random.Random
) -> dict[str, float]:
    passages = _others(row, rows, rng, 2)
    place = rng.randrange(3)
    passages.insert(place, row["context"])
    reply = _reply(model, row["question"], passages)
    f1 = max(_token_f1(_CITATION.sub("", reply), answer) for answer in row["answers"])
    return {
        "cited the right passage": set(_CITATION.findall(reply)) == {str(place + 1)},
        "has an accepted answer": any(a.lower() in reply.lower() for a in row["answers"]),
        f"token F1, {row['source']}": f1,
        "answerable, yet refused": REFUSAL in reply,
    }


def _unanswerable(
    model: LLM2VecGen, row: Row, rows: Sequence[Row], rng: random.Random
) -> dict[str, float]:
    near = [row["context"], *_others(row, rows, rng, 2)]
    far = _others(row, rows, rng, 3)
    return {
        "refused, related passages": REFUSAL in _reply(model, row["question"], near),
        "refused, unrelated passages": REFUSAL in _reply(model, row["question"], far),
    }


def _others(row: Row, rows: Sequence[Row], rng: random.Random, count: int) -> list[str]:
    contexts = {r["context"] for r in rows if r["title"] != row["title"]}
    return rng.sample(sorted(contexts), count)


def _reply(model: LLM2VecGen, question: str, passages: Sequence[str]) -> str:
    messages = grounded_messages(question, passages)
    try:
        return "".join(model.stream(messages, max_new_tokens=_LONGEST_REPLY))
    except PromptTooLongError:
        longest = max(len(passage) for passage in passages)
        return _reply(model, question, [passage[: int(0.9 * longest)] for passage in passages])


def _token_f1(reply: str, answer: str) -> float:
    """SQuAD's measure: harmonic mean of the words' precision and recall."""
    got, wanted = (Counter(re.findall(r"\w+", text.lower())) for text in (reply, answer))
    for articles in (got, wanted):
        for word in ("a", "an", "the"):
            del articles[word]
    common = (got & wanted).total()
    return 2 * common / (got.total() + wanted.total()) if common else 0.0


if __name__ == "__main__":
    main()
