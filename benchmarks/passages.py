"""How long should passages be? What the retrieved ones hold of the places that answer.

    python benchmarks/passages.py FOLDER [--sizes 100,150,200,300] [--k 5]

FOLDER has `corpora/NAME.md` and `questions.jsonl` as in Chroma's chunking evaluation (Smith and
Troynikov 2024): each question with the places of its text that answer it. Each size is indexed by
`ingest` and searched as the application does. By characters of the places and of the passages
that were found, without white space, a character counting once: recall, precision, intersection
over union.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any

from rich.console import Console
from rich.table import Table

from ingest import ingest
from retriever import Chunk, Filter, Retriever, open_index

Places = set[int]


def main() -> None:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", default="100,150,200,300")
    parser.add_argument("--k", type=int, default=5)
    options = parser.parse_args()
    from embedder import BUNDLED_MODEL, LLM2VecGen

    model = LLM2VecGen.from_pretrained(BUNDLED_MODEL)
    lines = (options.folder / "questions.jsonl").read_text().splitlines()
    questions = [json.loads(line) for line in lines]
    corpora = sorted((options.folder / "corpora").glob("*.md"))
    table = Table("tokens at most", "passages", "recall", "precision", "IoU")
    for size in map(int, options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            # As text: the places are offsets in what is written.
            files = [Path(folder, f"{corpus.stem}.txt") for corpus in corpora]
            for file, corpus in zip(files, corpora, strict=True):
                file.write_text(corpus.read_text())
            with open_index(Path(folder, "index"), model.id) as index:
                ingest(files, model, index, chunk_tokens=size)
                retriever = Retriever(model, index)
                found = list(_measured(questions, files, retriever, options.k))
                recall, precision, both = map(mean, zip(*found, strict=True))
                passages = str(index.info().chunks)
        table.add_row(str(size), passages, f"{recall:.3f}", f"{precision:.3f}", f"{both:.3f}")
    Console().print(table)


def _measured(
    questions: list[dict[str, Any]], files: list[Path], retriever: Retriever[Any], k: int
) -> Iterator[tuple[float, float, float]]:
    for question in questions:
        file = next(file for file in files if file.stem == question["corpus_id"])
        text = file.read_text()
        wanted = set[int]()
        for place in question["references"]:
            wanted |= _places(text, place["start_index"], place["end_index"])
        hits = retriever.within(Filter(source=str(file.resolve()))).retrieve(question["text"], k)
        found = set[int]()
        for hit in hits:
            found |= _found(text, hit.chunk)
        shared = len(wanted & found)
        if wanted and found:
            yield shared / len(wanted), shared / len(found), shared / len(wanted | found)


def _places(text: str, start: int, end: int) -> Places:
    return {place for place in range(start, end) if not text[place].isspace()}


def _found(text: str, chunk: Chunk) -> Places:
    """The characters of a passage in the file: reading it changed white space alone."""
    wanted = [character for character in chunk.text if not character.isspace()]
    before = chunk.start  # at most as much white space was taken out as stands before
    start = text.find(chunk.text.split("\n")[0], before)
    places: Places = set()
    place = max(start, before)
    for character in wanted:
        while place < len(text) and text[place] != character:
            place += 1
        places.add(place)
        place += 1
    return places


if __name__ == "__main__":
    sys.exit(main())
