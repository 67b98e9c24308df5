"""From files to cited answers: ingest a folder, ask its questions, and count what came out right.

    python benchmarks/questions.py FOLDER QUESTIONS.jsonl [--model CHECKPOINT] [--index FOLDER]
    python benchmarks/questions.py data/sample data/questions.jsonl --verbose

A question has file (below FOLDER, or null), pages (or null), answers and is_answerable. With
--index what is indexed already is not embedded again. --verbose prints each answer with what it
cites, for a person to judge: right, half right, wrong or refused.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from app import Answer, ask
from app.answering import DEFAULT_POLICY, Citation
from embedder import BUNDLED_MODEL, LLM2VecGen
from ingest import ingest
from retriever import Retriever, open_index

Question = dict[str, Any]


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
    folder = arguments.folder.resolve()
    measured: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        address = arguments.index or Path(temporary) / "index"
        with open_index(address, model.id) as index:
            ingest([folder], model, index)
            retriever = Retriever(model, index)
            for question in questions:
                given = ask(question["question"], retriever)
                if arguments.verbose:
                    print(_shown(question, given, folder), flush=True)
                for name, value in _measures(question, given, folder, retriever).items():
                    measured.setdefault(name, []).append(value)
    table = Table("measure", "mean", "questions", title=arguments.questions.name)
    for name, values in measured.items():
        table.add_row(name, f"{np.mean(values):.2f}", str(len(values)))
    Console().print(table)


def _shown(question: Question, given: Answer, folder: Path) -> str:
    """A question, its answer, and what would be right, for a reader to judge."""
    lines = [f"{question['id']}  {question['question']}", f"  {given.kind}: {given.text}"]
    lines += [f"  [{cited.number}] {_place(cited, folder)}" for cited in given.citations]
    right = question.get("right") or " / ".join(question["answers"]) or "refused"
    where = question["file"] or "no document"
    pages = f", page {', '.join(map(str, question['pages']))}" if question["pages"] else ""
    return "\n".join([*lines, f"  right: {right} ({where}{pages})", ""])


def _place(cited: Citation, folder: Path) -> str:
    page = f", page {cited.chunk.page}" if cited.chunk.page else ""
    file = cited.chunk.source.removeprefix(f"{folder.as_posix()}/")
    return f"{file}{page}: “{' '.join(cited.quote.split())}”"


def _measures(
    question: Question, given: Answer, folder: Path, retriever: Retriever
) -> dict[str, float]:
    if not question["is_answerable"]:
        return {"unanswerable: refused": given.kind == "refused"}
    source = (folder / question["file"]).as_posix()
    found = retriever.retrieve(question["question"], DEFAULT_POLICY.k)
    cited = [citation.chunk for citation in given.citations if citation.chunk.source == source]
    right_page = any(not question["pages"] or chunk.page in question["pages"] for chunk in cited)
    has_answer = any(a.lower() in given.text.lower() for a in question["answers"])
    return {
        f"right document among {DEFAULT_POLICY.k}": any(h.chunk.source == source for h in found),
        "right document cited": bool(cited),
        "right page cited": right_page,
        "right page cited and an accepted answer": right_page and has_answer,
        "answerable, yet refused": given.kind == "refused",
        "written by the model": given.kind == "generated",
    }


if __name__ == "__main__":
    main()
