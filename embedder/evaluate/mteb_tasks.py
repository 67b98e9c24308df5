"""mteb tasks through the SentenceTransformers module: mteb's own by name, or a local folder."""

import logging
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from embedder.adapters.sentence_transformers import sentence_transformer
from embedder.errors import EvaluationError
from embedder.evaluate.beir import read_retrieval_set
from embedder.evaluate.errors import not_installed
from embedder.evaluate.measures import Estimate
from embedder.evaluate.tasks import Result
from embedder.model import LLM2VecGen


def load_task(name: str) -> Any:  # noqa: ANN401 # mteb is optional, so its types are not at hand
    """The mteb task of that name, or a retrieval task over the folder of that name.

    mteb loads its own tasks' data from the hub; a folder in BEIR's layout needs no network.

    Raises:
        EvaluationError: mteb is not installed, or has no such task; or the folder cannot be read.
    """
    with _quiet():
        try:
            import mteb
        except ImportError as error:
            raise not_installed("mteb", "mteb") from error
        if Path(name).is_dir():
            return _local_task(Path(name))
        try:
            return mteb.get_task(name)
        except KeyError as error:
            msg = f"there is no mteb task {name}, and no folder of that name: {error.args[0]}"
            raise EvaluationError(msg) from error


def run_task(task: Any, system: str, model: LLM2VecGen) -> Result:  # noqa: ANN401
    """Run a task of `load_task`; its main score has no interval.

    What is longer than the model reads is cut, as mteb expects of every model.

    Args:
        task: From `load_task`.
        system: What the model is called in the results.
        model: Encodes the task's texts.

    Raises:
        EvaluationError: The task's data cannot be loaded.
    """
    import mteb

    name = str(task.metadata.name)
    encoder = sentence_transformer(model, truncate=True)
    with _quiet():
        try:
            done = mteb.evaluate(encoder, task, cache=None, show_progress_bar=False)
        except OSError as error:  # what the hub's client raises
            msg = f"the data of mteb task {name} cannot be loaded: {' '.join(str(error).split())}"
            raise EvaluationError(msg) from error
    score = float(done.task_results[0].get_score())
    measures = {str(task.metadata.main_score): Estimate(score)}
    return Result("mteb", name, {}, system, measures)


def _local_task(folder: Path) -> Any:  # noqa: ANN401
    from mteb.abstasks.retrieval import AbsTaskRetrieval
    from mteb.abstasks.task_metadata import TaskMetadata

    data = read_retrieval_set(folder)

    def load_data(self: Any, **_: object) -> None:  # noqa: ANN401
        self.corpus = {"test": data.corpus}
        self.queries = {"test": data.queries}
        self.relevant_docs = {"test": data.relevant}
        self.data_loaded = True

    unknown: dict[str, Any] = dict.fromkeys(
        "reference date domains task_subtypes license annotations_creators dialect sample_creation "
        "bibtex_citation".split()
    )
    metadata = TaskMetadata(
        name=data.name,
        description="a folder in BEIR's layout",
        dataset={"path": str(folder), "revision": "local"},
        type="Retrieval",
        category="t2t",
        modalities=["text"],
        eval_splits=["test"],
        eval_langs=["und-Latn"],  # not told by the folder, and asked for
        main_score="ndcg_at_10",
        **unknown,
    )
    return type(
        "LocalFolder", (AbsTaskRetrieval,), {"metadata": metadata, "load_data": load_data}
    )()


@contextmanager
def _quiet() -> Generator[None]:
    """Without mteb's warnings of its own deprecations and of what it cannot tell of our module."""
    logger = logging.getLogger("mteb")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
