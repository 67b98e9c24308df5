"""How well the gate tells questions about the documents from others, by threshold.

    python benchmarks/refusals.py ROWS.jsonl[.gz] [--sources qed covid-qa] [--rows 300]

Half of the rows' contexts are indexed; their questions should pass, those of the other half should
be refused. This is how `app.answering.Policy.min_relevance` was chosen.
"""

import argparse
import gzip
import json
import random
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from app.answering.gate import relevance
from embedder import BUNDLED_MODEL, LLM2VecGen
from ingest import ingest
from retriever import Retriever, open_index

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9)


def main() -> None:
    """Print a table with a row a threshold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--sources", nargs="*", help="only rows of these sources")
    parser.add_argument("--model", default=BUNDLED_MODEL)
    parser.add_argument("--rows", type=int, default=300)
    arguments = parser.parse_args()
    model = LLM2VecGen.from_pretrained(arguments.model)
    inside, outside = _halves(arguments.file, arguments.sources, arguments.rows)
    with tempfile.TemporaryDirectory() as folder:
        documents = Path(folder) / "documents"
        documents.mkdir()
        for number, context in enumerate(sorted({context for _, context in inside})):
            (documents / f"{number}.txt").write_text(context)
        address = Path(folder) / "index"
        with open_index(address, model.id) as index:
            ingest([documents], model, index)
            retriever = Retriever(model, index)
            good = [_score(question, context, retriever) for question, context in inside]
            bad = [_score(question, context, retriever)[0] for question, context in outside]
    scores, found = np.array(good).T
    table = Table("threshold", "about the documents: refused", "about others: refused")
    table.title = (
        f"{len(good)} + {len(bad)} questions; right passage in the top 8: {found.mean():.0%}"
    )
    for threshold in THRESHOLDS:
        row = (np.mean(scores < threshold), np.mean(np.array(bad) < threshold))
        table.add_row(f"{threshold}", *(f"{share:.0%}" for share in row))
    Console().print(table)


def _score(question: str, context: str, retriever: Retriever[LLM2VecGen]) -> tuple[float, float]:
    """Relevance of what is found, and whether it is from the question's own context."""
    hits = retriever.retrieve(question, 8)
    found = any(hit.chunk.text in context for hit in hits)
    return relevance(question, hits, retriever.model), float(found)


def _halves(
    file: Path, sources: list[str] | None, count: int
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Questions with contexts, no context in both halves."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    kept = [
        (row["question"], row["context"])
        for row in rows
        if row["context"] and row["is_answerable"] and (not sources or row["source"] in sources)
    ]
    contexts = sorted({context for _, context in kept})
    random.Random(0).shuffle(contexts)
    first = set(contexts[: len(contexts) // 2])
    random.Random(1).shuffle(kept)
    chosen = kept[:count]
    return [row for row in chosen if row[1] in first], [
        row for row in chosen if row[1] not in first
    ]


if __name__ == "__main__":
    main()
