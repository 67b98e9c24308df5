"""The index at a size: writing, opening, searching, memory, disk.

    python benchmarks/index.py [--passages 100000] [--queries 200] [--address http://localhost:6333]

Made-up passages: words of a Zipf distribution, and vectors round a thousand centres, as texts about
a thousand subjects have them. Each question is a passage's vector with noise and six of its words.
Recall is that of the ten nearest by exact search over all vectors. Writing is measured twice, with
the words' vectors and without: the difference is what the lexical arm costs.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from embedder.encoder import EncoderId
from retriever import Chunk, Filter, Hit, Index, Mode, document_id, open_index

DIMENSION = 576
_VOCABULARY = 50_000
_WORDS = 90
_PASSAGES_A_DOCUMENT = 10
_BATCH = 1000
_FOLDERS = 20
_K = 10

Passages = tuple[list[str], NDArray[np.float32]]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--address", help="of a Qdrant server (an index in a new folder)")
    arguments = parser.parse_args()
    console = Console()
    texts, vectors = passages(arguments.passages)
    with tempfile.TemporaryDirectory() as folder:
        address = arguments.address or str(Path(folder) / "index")
        bare = write(str(Path(folder) / "bare"), [""] * len(texts), vectors)
        took = write(address, texts, vectors)
        began = time.perf_counter()
        with open_index(address, encoder()) as index:
            opened = time.perf_counter() - began
            console.print(_written(len(texts), bare, took, opened, Path(folder) / "index"))
            console.print(_searched(index, texts, vectors, arguments.queries))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    own = vectors.nbytes / 2**30
    console.print(f"peak memory {peak:.2f} GB, of which {own:.2f} GB are this benchmark's vectors")


def encoder() -> EncoderId:
    """Whose the made-up vectors are said to be."""
    return EncoderId("benchmark", "1", DIMENSION)


def passages(count: int) -> Passages:
    """Texts, and vectors `[count, DIMENSION]` of length 1."""
    rng = np.random.default_rng(0)
    ranks = np.arange(1, _VOCABULARY + 1)
    chances = 1 / ranks / (1 / ranks).sum()
    words = np.array(list(map(_word, range(_VOCABULARY))))
    texts = [
        " ".join(row)
        for start in range(0, count, _BATCH)
        for row in words[rng.choice(_VOCABULARY, (min(_BATCH, count - start), _WORDS), p=chances)]
    ]
    centres = rng.standard_normal((1000, DIMENSION), dtype=np.float32)
    vectors = centres[rng.integers(1000, size=count)]
    vectors += 0.7 * rng.standard_normal((count, DIMENSION), dtype=np.float32)
    return texts, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _word(number: int) -> str:
    """Of letters alone: words with digits count as codes, which are also found in parts."""
    return "".join("abcdefghijklmnop"[int(digit, 16)] for digit in f"{number:05x}")


def write(address: str, texts: Sequence[str], vectors: NDArray[np.float32]) -> tuple[float, float]:
    """Seconds of writing, and of building the graph."""
    began = time.perf_counter()
    with open_index(address, encoder()) as index:
        step = _BATCH
        for start in track(range(0, len(texts), step), description="writing"):
            rows = range(start, min(start + step, len(texts)), _PASSAGES_A_DOCUMENT)
            index.replace_documents([_document(row, texts, vectors) for row in rows])
        written = time.perf_counter()
        index.compact()
        return written - began, time.perf_counter() - written


def _document(
    first: int, texts: Sequence[str], vectors: NDArray[np.float32]
) -> tuple[list[Chunk], NDArray[np.float32]]:
    source = f"/folder{first // _PASSAGES_A_DOCUMENT % _FOLDERS}/document{first}.txt"
    own = texts[first : first + _PASSAGES_A_DOCUMENT]
    chunks = [
        Chunk(
            text=text or f"{first} {position}", document_id=document_id(source), source=source,
            title="", headings=(), page=None, page_label=None, start=0, end=len(text), version="1",
            modified_ns=0, size=0, media_type="text/plain", language=None, position=position,
        )
        for position, text in enumerate(own)
    ]  # fmt: skip
    return chunks, vectors[first : first + len(own)]


def _written(
    count: int, bare: tuple[float, float], took: tuple[float, float], opened: float, folder: Path
) -> Table:
    table = Table("written", "", title=f"{count:,} passages, {DIMENSION} dimensions")
    table.add_row("passages a second", f"{count / took[0]:,.0f}")
    table.add_row("the same without words", f"{count / bare[0]:,.0f}")
    table.add_row("building the graph, s", f"{took[1]:.1f}")
    table.add_row("opening, s", f"{opened:.2f}")
    if folder.exists():
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        table.add_row("on disk, GB", f"{size / 2**30:.2f}")
    return table


def _searched(
    index: Index, texts: Sequence[str], vectors: NDArray[np.float32], count: int
) -> Table:
    table = Table("search", "p50 ms", "p95 ms", "recall@10")
    for where in (None, Filter(source="/folder3")):
        for mode in ("dense", "lexical", "hybrid"):
            seconds, recalls = zip(
                *searches(index, texts, vectors, count, mode, where), strict=True
            )
            p50, p95 = np.percentile(seconds, (50, 95)) * 1000
            recall = f"{np.mean(recalls):.3f}" if mode == "dense" else "-"
            name = mode if where is None else f"{mode}, one folder of {_FOLDERS}"
            table.add_row(name, f"{p50:.1f}", f"{p95:.1f}", recall)
    return table


def searches(
    index: Index,
    texts: Sequence[str],
    vectors: NDArray[np.float32],
    count: int,
    mode: Mode,
    where: Filter | None,
) -> Iterator[tuple[float, float]]:
    """Yields the seconds of each search, and the share of the ten nearest that it found.

    All are timed before any is judged: numpy's threads go on spinning after a product.
    """
    rng = np.random.default_rng(1)
    asked: list[tuple[NDArray[np.float32], str]] = []
    for row in rng.integers(len(texts), size=count):
        noise = rng.standard_normal(DIMENSION, dtype=np.float32) / np.sqrt(DIMENSION)
        asked.append((vectors[row] + 0.5 * noise, " ".join(rng.choice(texts[row].split(), 6))))
    found: list[tuple[float, list[Hit]]] = []
    for question, words in asked:
        began = time.perf_counter()
        hits = index.search(question, _K, where, text=words, mode=mode)
        found.append((time.perf_counter() - began, hits))
    allowed = np.array([where is None or _folder(row) == 3 for row in range(len(texts))])
    for (question, _), (took, hits) in zip(asked, found, strict=True):
        yield took, _recall(hits, vectors @ question, allowed)


def _recall(hits: Sequence[Hit], scores: NDArray[np.float32], allowed: NDArray[np.bool_]) -> float:
    nearest = np.argsort(np.where(allowed, -scores, np.inf))[:_K]
    found = {_row(hit.chunk) for hit in hits}
    return len(found & set(nearest.tolist())) / _K


def _row(chunk: Chunk) -> int:
    return int(Path(chunk.source).stem.removeprefix("document")) + chunk.position


def _folder(row: int) -> int:
    return row // _PASSAGES_A_DOCUMENT % _FOLDERS


if __name__ == "__main__":
    main()
