"""Read the sets, load the systems, measure: a function for each kind of task.

Sets are read before a model is loaded, so that a mistyped path is told at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedder.encoder import Encoder
from embedder.evaluate import tasks
from embedder.evaluate.beir import read_retrieval_set
from embedder.evaluate.defaults import BM25, MAX_TOKENS, MINILM, RECALL_AT
from embedder.evaluate.encoders import MiniLM, Scorer, TruncatingEncoder, bm25, dense
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

    def load_models(self) -> dict[str, TruncatingEncoder]:
        """Load the models, by the names that they were given."""
        self.progress("loading")
        loaded: dict[str, TruncatingEncoder] = {}
        for source in dict.fromkeys(self.models):
            encoder = TruncatingEncoder(source, self.max_tokens)
            loaded[str(source or encoder.id.name)] = encoder
        return loaded

    def load(self) -> dict[str, Encoder]:
        """Load the models and MiniLM; a missing package is told before a model is loaded."""
        baselines: dict[str, Encoder] = {MINILM: MiniLM()} if MINILM in self.baselines else {}
        return {**self.load_models(), **baselines}


def retrieval(
    folders: Sequence[Path],
    systems: Systems,
    *,
    queries: int | None = None,
    recall_at: Sequence[int] = RECALL_AT,
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
    encoders = systems.load()
    scorers: dict[str, Scorer] = {name: dense(encoder) for name, encoder in encoders.items()}
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
    encoders = systems.load()
    results: list[Result] = []
    for data in sets:
        for name, encoder in encoders.items():
            systems.progress(f"{data.name}: {name}")
            results.append(tasks.similarity(data, name, encoder))
    return Report(_versions(encoders), results)


def mteb(names: Sequence[str], systems: Systems) -> Report:
    """Run mteb tasks, by name or over a local folder; baselines are not run."""
    loaded = [load_task(name) for name in names]
    models = systems.load_models()
    results: list[Result] = []
    for task in loaded:
        for name, encoder in models.items():
            systems.progress(f"{task.metadata.name}: {name}")
            results.append(run_task(task, name, encoder.model))
    return Report(_versions(models), results)


def _labelled(
    folders: Sequence[Path], systems: Systems, task: Callable[[LabelledSet, str, Encoder], Result]
) -> Report:
    sets = [read_labelled_set(folder) for folder in folders]
    encoders = systems.load()
    results: list[Result] = []
    for data in sets:
        for name, encoder in encoders.items():
            systems.progress(f"{data.name}: {name}")
            results.append(task(data, name, encoder))
    return Report(_versions(encoders), results)


def _versions(encoders: Mapping[str, Encoder]) -> dict[str, str]:
    return {name: encoder.id.label for name, encoder in encoders.items()}
