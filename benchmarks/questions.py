"""From files to cited answers: ingest a folder, ask its questions, and count what came out right.

    python benchmarks/questions.py FOLDER QUESTIONS.jsonl [--model CHECKPOINT] [--index FOLDER]

A question has file (below FOLDER, or null), pages (or null), answers and is_answerable. With
--index what is indexed already is not embedded again.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from app.answer import DEFAULT_POLICY, answer
from embedder import BUNDLED_MODEL, LLM2VecGen
from ingest import ingest
from retriever import Retriever, open_index
from retriever.schema import Chunk


def main() -> None:
    """Print shares of documents found, of pages and answers that are right, and of refusals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--model", default=BUNDLED_MODEL)
    parser.add_argument("--index", type=Path, help="keep the index here (a temporary folder)")
    parser.add_argument("--verbose", action="store_true", help="print each answer")
    arguments = parser.parse_args()
    model = LLM2VecGen.from_pretrained(arguments.model)
    questions = [json.loads(line) for line in arguments.questions.read_text().splitlines()]
    measured: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        address = arguments.index or Path(temporary) / "index"
        with open_index(address, model.id) as index:
            ingest([arguments.folder], model, index)
            retriever = Retriever(model, index)
            for question in questions:
                results = _measure(question, arguments.folder, retriever, model, arguments.verbose)
                for name, value in results.items():
                    measured.setdefault(name, []).append(value)
    table = Table("measure", "mean", "questions", title=arguments.questions.name)
    for name, values in measured.items():
        table.add_row(name, f"{np.mean(values):.2f}", str(len(values)))
    Console().print(table)


def _measure(
    question: dict[str, Any],
    folder: Path,
    retriever: Retriever[LLM2VecGen],
    model: LLM2VecGen,
    verbose: bool,
) -> dict[str, float]:
    given = answer(question["question"], retriever, model)
    if verbose:
        print(f"{question['question']}\n  {given.kind}: {given.text}", flush=True)
    if not question["is_answerable"]:
        return {"unanswerable: refused": given.kind == "refused"}
    source = (folder / question["file"]).resolve().as_posix()
    found = retriever.retrieve(question["question"], DEFAULT_POLICY.k)
    right_page = any(_is_evidence(c.chunk, source, question["pages"]) for c in given.citations)
    has_answer = any(a.lower() in given.text.lower() for a in question["answers"])
    return {
        f"right document among {DEFAULT_POLICY.k}": any(h.chunk.source == source for h in found),
        "right page cited": right_page,
        "right page cited and an accepted answer": right_page and has_answer,
        "answerable, yet refused": given.kind == "refused",
        "written by the model": given.kind == "generated",
    }


def _is_evidence(chunk: Chunk, source: str, pages: list[int] | None) -> bool:
    return chunk.source == source and (not pages or chunk.page in pages)


if __name__ == "__main__":
    main()
