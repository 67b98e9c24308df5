"""How the model answers when the right passage is among three, without the app's safety net.

    python benchmarks/grounding.py ROWS.jsonl [--model CHECKPOINT] [--rows 200]

A row has question, context, is_answerable and answers; the two other passages come from other rows.
"""

import argparse
import json
import random
import re
from pathlib import Path

from rich.console import Console
from rich.table import Table

from embedder import BUNDLED_MODEL, LLM2VecGen
from embedder.chat import REFUSAL, grounded_messages


def main() -> None:
    """Print shares of right citations, answers found, and refusals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", default=BUNDLED_MODEL)
    parser.add_argument("--rows", type=int, default=200)
    arguments = parser.parse_args()
    model = LLM2VecGen.from_pretrained(arguments.model)
    rows = [json.loads(line) for line in arguments.file.read_text().splitlines()]
    rng = random.Random(0)
    chosen = rng.sample(rows, arguments.rows)
    answerable = [row for row in chosen if row["is_answerable"]]
    counts = {"cited the right passage": 0, "has an accepted answer": 0, "refused": 0}
    refused_unrelated = 0
    for row in answerable:
        others = [
            r["context"][:1000] for r in rng.sample(rows, 6) if r["context"] != row["context"]
        ][:3]
        place = rng.randrange(3)
        passages = [*others[:2][:place], row["context"], *others[:2][place:]]
        reply = _reply(model, row["question"], passages)
        counts["refused"] += REFUSAL in reply
        counts["cited the right passage"] += re.findall(r"\[(\d+)\]", reply) == [str(place + 1)]
        counts["has an accepted answer"] += any(a.lower() in reply.lower() for a in row["answers"])
        refused_unrelated += REFUSAL in _reply(model, row["question"], others)
    table = Table(
        "measure", "share", title=f"{len(answerable)} answerable rows of {arguments.file.name}"
    )
    for name, count in counts.items():
        table.add_row(name, f"{count / len(answerable):.0%}")
    table.add_row("refused, three unrelated passages", f"{refused_unrelated / len(answerable):.0%}")
    Console().print(table)


def _reply(model: LLM2VecGen, question: str, passages: list[str]) -> str:
    return "".join(model.stream(grounded_messages(question, passages), max_new_tokens=96))


if __name__ == "__main__":
    main()
