"""What hybrid search is worth: nDCG@10 of each mode, through a real index in a folder.

    python benchmarks/search.py FOLDER... [--limit 400] [--minilm] [--threads 2]

A folder is in BEIR's layout. Each system embeds the corpus once and is searched in every mode:
dense is its vectors alone, lexical is the same BM25 for all, hybrid is both. With --minilm
all-MiniLM-L6-v2 runs beside the model. Texts are cut at 512 tokens; a query is no result of itself.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from embedder import BUNDLED_MODEL
from embedder.encoder import Encoder, EncoderId
from embedder.evaluate.beir import RetrievalSet, read_retrieval_set
from embedder.evaluate.encoders import MiniLM, TruncatingEncoder
from embedder.evaluate.measures import retrieval_measures
from retriever import Chunk, Index, Mode, document_id, open_index

MODES: tuple[Mode, ...] = ("dense", "lexical", "hybrid")
_DEPTH = 11
"""Ten results, and the query itself where it is a passage."""


def main() -> None:
    """Print nDCG@10 by system, mode and set, and the mean."""
    arguments = _arguments()
    if arguments.threads:
        import torch

        torch.set_num_threads(arguments.threads)
    encoders: dict[str, Encoder] = {"Duet": TruncatingEncoder(arguments.model)}
    if arguments.minilm:
        encoders["MiniLM"] = MiniLM()
    sets = [read_retrieval_set(folder, arguments.limit) for folder in arguments.folders]
    table = Table("system", "mode", *(s.name for s in sets), "mean", "ms a query", title="nDCG@10")
    for name, encoder in encoders.items():
        measured = [measure(encoder, retrieval_set) for retrieval_set in sets]
        for mode in MODES:
            values = [found[mode][0] for found in measured]
            seconds = np.mean([found[mode][1] for found in measured])
            cells = [f"{value:.3f}" for value in (*values, float(np.mean(values)))]
            table.add_row(name, mode, *cells, f"{1_000 * seconds:.1f}")
    Console().print(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--model", default=BUNDLED_MODEL)
    parser.add_argument("--limit", type=int, help="the first so many queries of a set (all)")
    parser.add_argument("--minilm", action="store_true", help="also with MiniLM's vectors")
    parser.add_argument("--threads", type=int, help="of torch (as many as cores)")
    return parser.parse_args()


def measure(encoder: Encoder, retrieval_set: RetrievalSet) -> dict[Mode, tuple[float, float]]:
    """nDCG@10 of each mode, and how many seconds a search took, without encoding its query."""
    passages, texts = list(retrieval_set.corpus), list(retrieval_set.corpus.values())
    queries, asked = list(retrieval_set.queries), list(retrieval_set.queries.values())
    print(f"{retrieval_set.name}: embedding {len(texts):,} passages", flush=True)
    stored = encoder.encode_documents(texts)
    vectors = encoder.encode_queries(asked)
    found: dict[Mode, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        index_id = EncoderId("benchmark", "1", stored.shape[1])
        with open_index(folder, index_id) as index:
            _fill(index, passages, texts, stored)
            for mode in MODES:
                began = time.perf_counter()
                scores = _scores(index, passages, asked, vectors, mode)
                seconds = (time.perf_counter() - began) / len(asked)
                values = retrieval_measures(scores, queries, passages, retrieval_set.relevant)
                found[mode] = (values["nDCG@10"].value, seconds)
    return found


def _fill(
    index: Index, names: Sequence[str], texts: Sequence[str], vectors: NDArray[np.float32]
) -> None:
    documents = [
        ([_chunk(name, text)], vectors[place : place + 1])
        for place, (name, text) in enumerate(zip(names, texts, strict=True))
    ]
    for start in range(0, len(documents), 256):
        index.replace_documents(documents[start : start + 256])


def _chunk(name: str, text: str) -> Chunk:
    source = f"/{name}"
    return Chunk(
        text=text, document_id=document_id(source), source=source, title="", headings=(), page=None,
        page_label=None, start=0, end=len(text), version="1", modified_ns=0, size=0,
        media_type="text/plain", language=None, position=0,
    )  # fmt: skip


def _scores(
    index: Index,
    names: Sequence[str],
    asked: Sequence[str],
    vectors: NDArray[np.float32],
    mode: Mode,
) -> NDArray[np.float32]:
    """`[queries, passages]`: the better the place, the higher; copies share a place."""
    column = {f"/{name}": place for place, name in enumerate(names)}
    scores = np.zeros((len(asked), len(names)), dtype=np.float32)
    for row, (text, vector) in enumerate(zip(asked, tqdm(vectors, desc=mode), strict=True)):
        for place, hit in enumerate(index.search(vector, _DEPTH, text=text, mode=mode)):
            for chunk in (hit.chunk, *hit.copies):
                scores[row, column[chunk.source]] = _DEPTH - place
    return scores


if __name__ == "__main__":
    main()
