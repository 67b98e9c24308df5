"""Read the sets, load the systems, measure: a function for each kind of task.

Sets are read before a model is loaded, so that a mistyped path is told at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedder.evaluate import tasks
from embedder.evaluate.beir import read_retrieval_set
from embedder.evaluate.defaults import BM25, MAX_TOKENS, MINILM
from embedder.evaluate.encoders import (
    Checkpoint,
    Encoder,
    MiniLM,
    Scorer,
    bm25,
    dense,
)
from embedder.evaluate.labelled import LabelledSet, read_labelled_set, read_pairs
from embedder.evaluate.mteb_tasks import load_task, run_task
from embedder.evaluate.report import Report
from embedder.evaluate.tasks import Result

Progress = Callable[[str], object]
"""Called with what is measured next."""


def _silent(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """What is compared, in the order of the columns.

    Attributes:
        models: Hub ids or folders; None is the bundled model.
        baselines: Of `MiniLM` and `BM25`; the latter only retrieves.
        max_tokens: Where the models' texts are cut, in their own tokens.
        progress: Told what is loaded or measured next.
    """

    models: Sequence[str | Path | None] = (None,)
    baselines: Sequence[str] = (MINILM, BM25)
    max_tokens: int = MAX_TOKENS
    progress: Progress = _silent

    def checkpoints(self) -> list[Checkpoint]:
        """Load the models."""
        self.progress("loading")
        return [Checkpoint(model, self.max_tokens) for model in dict.fromkeys(self.models)]

    def encoders(self) -> list[Encoder]:
        """Load the models and MiniLM; a missing package is told before a model is loaded."""
        baselines: list[Encoder] = [MiniLM()] if MINILM in self.baselines else []
        return [*self.checkpoints(), *baselines]


def retrieval(
    folders: Sequence[Path],
    systems: Systems,
    *,
    queries: int | None = None,
    recall_at: Sequence[int] = (10, 100),
) -> Report:
    """Rank the corpora of folders in BEIR's layout; see `tasks.retrieval`.

    Args:
        folders: The sets.
        systems: What is compared.
        queries: Only the first so many of each set.
        recall_at: Every k of Recall@k.
    """
    sets = [read_retrieval_set(folder, queries) for folder in folders]
    baseline = bm25() if BM25 in systems.baselines else None
    encoders = systems.encoders()
    scorers: dict[str, Scorer] = {encoder.name: dense(encoder) for encoder in encoders}
    versions = _versions(encoders)
    if baseline:
        scorers[BM25], versions[BM25] = baseline
    results: list[Result] = []
    for data in sets:
        for name, scorer in scorers.items():
            systems.progress(f"{data.name}: {name}")
            results.append(tasks.retrieval(data, name, scorer, recall_at))
    return Report(versions, results)


def classification(folders: Sequence[Path], systems: Systems) -> Report:
    """Classify the texts of labelled sets; see `tasks.classification`."""
    return _labelled(folders, systems, tasks.classification)


def clustering(folders: Sequence[Path], systems: Systems) -> Report:
    """Cluster the texts of labelled sets; see `tasks.clustering`."""
    return _labelled(folders, systems, tasks.clustering)


def similarity(files: Sequence[Path], systems: Systems) -> Report:
    """Compare pairs of texts with what people say; see `tasks.similarity`."""
    sets = [read_pairs(file) for file in files]
    encoders = systems.encoders()
    results: list[Result] = []
    for data in sets:
        for encoder in encoders:
            systems.progress(f"{data.name}: {encoder.name}")
            results.append(tasks.similarity(data, encoder))
    return Report(_versions(encoders), results)


def mteb(names: Sequence[str], systems: Systems) -> Report:
    """Run mteb tasks, by name or over a local folder; baselines are not run."""
    loaded = [load_task(name) for name in names]
    checkpoints = systems.checkpoints()
    results: list[Result] = []
    for task in loaded:
        for checkpoint in checkpoints:
            systems.progress(f"{task.metadata.name}: {checkpoint.name}")
            results.append(run_task(task, checkpoint))
    return Report(_versions(checkpoints), results)


def _labelled(
    folders: Sequence[Path], systems: Systems, task: Callable[[LabelledSet, Encoder], Result]
) -> Report:
    sets = [read_labelled_set(folder) for folder in folders]
    encoders = systems.encoders()
    results: list[Result] = []
    for data in sets:
        for encoder in encoders:
            systems.progress(f"{data.name}: {encoder.name}")
            results.append(task(data, encoder))
    return Report(_versions(encoders), results)


def _versions(encoders: Sequence[Encoder]) -> dict[str, str]:
    return {encoder.name: encoder.version for encoder in encoders}
