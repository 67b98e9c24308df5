"""Whether the decoded embedding of a question says what its answer says.

    python benchmarks/decoding.py ROWS.jsonl [--model CHECKPOINT] [--rows 100] [--threads 2]

A row has question, answers, is_answerable, source and title. Each question is decoded from its
embedding alone, and MiniLM compares the text with the row's first accepted answer and with those of
other titles of the same source: with one of them, drawn at random, and with all. The goal is to be
closer to the right one than to the one drawn in 85 % of the rows. Prints Markdown.
"""

import argparse
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from embedder import BUNDLED_MODEL, LLM2VecGen
from embedder.evaluate.decoding import decode_texts
from embedder.evaluate.encoders import MiniLM

Row = dict[str, Any]


def main() -> None:
    """Print the shares by source, and examples."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", default=BUNDLED_MODEL)
    parser.add_argument("--rows", type=int, default=100, help="a random so many (%(default)s)")
    parser.add_argument("--examples", type=int, default=10, help="(%(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="of torch (%(default)s)")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = [json.loads(line) for line in arguments.file.read_text().splitlines()]
    answerable = [row for row in rows if row["is_answerable"]]
    chosen = random.Random(0).sample(answerable, arguments.rows)
    model, minilm = LLM2VecGen.from_pretrained(arguments.model), MiniLM()
    questions, query = [row["question"] for row in chosen], model.instructions.query
    decoded = [d.decoded for d in decode_texts(model, questions, instruction=query)]
    answers = [row["answers"][0] for row in chosen]
    cosines = minilm.encode_documents(decoded) @ minilm.encode_documents(answers).T
    comparable = _comparable(chosen)
    rng = random.Random(1)
    others = [rng.choice(np.flatnonzero(row).tolist()) for row in comparable]
    print(f"# {model.id.label}\n")
    _print_shares(chosen, cosines, others, comparable)
    print("\n| question | decoded | answer | cosine | another's answer | cosine |")
    print("|---|---|---|---|---|---|")
    for i, other in list(enumerate(others))[: arguments.examples]:
        texts = (chosen[i]["question"], decoded[i], answers[i], answers[other])
        question, said, answer, another = map(_cell, texts)
        right, wrong = f"{cosines[i, i]:.2f}", f"{cosines[i, other]:.2f}"
        print(f"| {question} | {said} | {answer} | {right} | {another} | {wrong} |")


def _comparable(rows: list[Row]) -> NDArray[np.bool_]:
    """Whose answers each row is compared with, `[rows, rows]`: same source, another title."""
    sources = np.array([row["source"] for row in rows])
    titles = np.array([row["title"] for row in rows])
    return (sources[:, None] == sources) & (titles[:, None] != titles)


def _print_shares(
    rows: list[Row],
    cosines: NDArray[np.float32],
    others: list[int],
    comparable: NDArray[np.bool_],
) -> None:
    right = cosines.diagonal()
    drawn = right > cosines[np.arange(len(rows)), others]
    every = np.array(
        [(r > row[mask]).mean() for r, row, mask in zip(right, cosines, comparable, strict=True)]
    )
    print("| source | rows | closer to its answer than to another row's | than to any other's |")
    print("|---|---|---|---|")
    sources = np.array([row["source"] for row in rows])
    for source in [*sorted(set(sources.tolist())), "all"]:
        of_it = (sources == source) | (source == "all")
        shares = f"{drawn[of_it].mean():.0%} | {every[of_it].mean():.0%}"
        print(f"| {source} | {of_it.sum()} | {shares} |")


def _cell(text: str) -> str:
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= 160 else line[:159] + "…"


if __name__ == "__main__":
    main()
