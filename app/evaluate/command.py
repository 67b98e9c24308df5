"""`python -m app evaluate`: the README's quality table, in one run."""

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from app.answering import Answer
from app.as_data import answer_data
from app.evaluate.baseline import drops
from app.evaluate.questions import Question, ask_all, index_contexts, read_questions, result
from app.evaluate.search import MODES, search_results
from app.generation import RemoteWriter
from app.runtime import EmptyIndexError, Runtime
from app.settings import Settings
from app.terminal import one_line, show_answer
from embedder.encoder import Encoder, LanguageModel
from embedder.errors import DataError
from embedder.evaluate.beir import RetrievalSet, read_retrieval_set
from embedder.evaluate.encoders import MiniLM, TruncatingEncoder
from embedder.evaluate.report import Report, check_writable, show, write_json
from embedder.evaluate.tasks import Result
from retriever import Retriever, open_index

Asked = tuple[list[Question], list[str]]
"""The questions of a file, and the contexts that they bring along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured.

    Attributes:
        settings: The model, what writes, and the index in which the questions' documents are.
            Questions that bring their contexts along are asked over these instead.
        questions: Files of questions whose answers are known; see `read_questions`.
        sets: Folders in BEIR's layout.
        rows: At most so many questions of a file, at random.
        queries: The first so many queries of a set.
        minilm: Whether the sets are also searched with MiniLM's vectors.
        rerank: Whether the language model also ranks the ten best passages of a search anew.
        verbose: Whether each answer is printed, for a person to judge.
        json: Where the results are written, if anywhere.
        baseline: Results, written so, below which nothing may drop beyond noise.
    """

    settings: Settings
    questions: Sequence[Path] = ()
    sets: Sequence[Path] = ()
    rows: int | None = None
    queries: int | None = None
    minilm: bool = False
    rerank: bool = False
    verbose: bool = False
    json: Path | None = None
    baseline: Path | None = None


def evaluate(plan: Plan) -> int:
    """Measure and print; returns the exit code: 1 if something dropped.

    Raises:
        DuetError: A file, the model or the index cannot be used.
    """
    files = {file: read_questions(file) for file in plan.questions}
    sets = [read_retrieval_set(folder, plan.queries) for folder in plan.sets]
    if plan.json:
        check_writable(plan.json)
    if not files and not sets:
        msg = "there is nothing to evaluate: give --questions FILE..., --sets FOLDER..., or both"
        raise DataError(msg)
    versions: dict[str, str] = {}
    results = _answers(files, plan, versions) + _searches(sets, plan, versions)
    report = Report(versions, results)
    show(report)
    if plan.json:
        write_json(report.as_json(), plan.json)
    worse = drops(results, plan.baseline) if plan.baseline else []
    for line in worse:
        Console(stderr=True).print(Text(f"worse: {one_line(line)}", style="red"))
    return 1 if worse else 0


def _answers(files: dict[Path, Asked], plan: Plan, versions: dict[str, str]) -> list[Result]:
    if not files:
        return []
    runtime = Runtime.from_settings(plan.settings)
    try:
        retriever = runtime.retriever
        versions["Duet"] = retriever.model.id.label
        if isinstance(retriever.model, RemoteWriter):
            versions["answers written by"] = retriever.model.server.name
        return [_file(file, asked, retriever, plan) for file, asked in files.items()]
    finally:
        runtime.close()


def _file(file: Path, asked: Asked, retriever: Retriever[LanguageModel], plan: Plan) -> Result:
    questions, contexts = asked
    count = min(plan.rows or len(questions), len(questions))
    chosen = random.Random(0).sample(questions, count) if plan.rows else questions
    console = Console(highlight=False)

    def show(question: Question, answer: Answer) -> None:
        if plan.verbose:
            right = " / ".join(question.answers) or "refused"
            console.print(Text(f"\n{one_line(question.text)}", style="bold"))
            show_answer(answer_data(answer), console)
            console.print(Text(f"right: {one_line(right)} {question.source}", style="green"))

    if not contexts:
        if not retriever.index.info().documents:
            raise EmptyIndexError(retriever.index.address)
        return result(file.name, "Duet", list(ask_all(chosen, retriever, show)))
    model = retriever.model
    with tempfile.TemporaryDirectory() as folder, open_index(folder, model.id) as index:
        index_contexts(contexts, model, index)
        answered = list(ask_all(chosen, Retriever(model, index), show))
    return result(file.name, "Duet", answered)


def _searches(sets: Sequence[RetrievalSet], plan: Plan, versions: dict[str, str]) -> list[Result]:
    if not sets:
        return []
    own = TruncatingEncoder(plan.settings.model.value or None)
    encoders: dict[str, Encoder] = {"Duet": own}
    if plan.minilm:
        encoders["MiniLM"] = MiniLM()
    versions |= {name: encoder.id.label for name, encoder in encoders.items()}
    return [
        found
        for data in sets
        for name, encoder in encoders.items()
        for found in search_results(
            encoder,
            name,
            data,
            MODES if encoder is own else ("dense", "hybrid"),
            own.model if plan.rerank and encoder is own else None,
        )
    ]
