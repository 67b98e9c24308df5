"""The stages of a run on a cluster: files and passages go out, passages and vectors come back."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np
import ray
from numpy.typing import NDArray

from embedder.encoder import Encoder
from ingest.changes import Job
from ingest.cluster.connection import ClusterError, Share
from ingest.cluster.crew import Crew, WorkerLostError, answer
from ingest.cluster.worker import Worker
from ingest.embedding_queue import Waiting
from ingest.prepare import Preparer
from ingest.reader import MAX_WORKERS
from ingest.report import Entry, Outcome
from ingest.version import settings_suffix
from ingest.worker import ParserWorker

BATCHES = 2
"""Of each worker: one that it embeds, and one that lies ready."""
FILE_ATTEMPTS = 3
BATCH_ATTEMPTS = 10
"""Of a batch: a worker that has one may be lost through a file that it reads meanwhile."""


class Elsewhere:
    """`Stages` on the cluster to which this process is connected; a context manager.

    Only this machine needs to have the files: they go to the workers as bytes.

    Args:
        model: This process's encoder; each worker's must be the same.
        name: Hub id or folder by which workers load theirs; None for the bundled model.
        chunk_tokens: As for `ingest`.
        share: How many workers there are, and what each gets.
    """

    def __init__(self, model: Encoder, name: str | None, chunk_tokens: int, share: Share) -> None:
        self.encoder = model.id
        self.limit = Preparer(model.count_tokens, model.max_tokens, chunk_tokens).limit
        parsers = min(max(1, int(share.cpus)), MAX_WORKERS)
        self.files_elsewhere = share.workers * parsers
        self.batches_ahead = share.workers * BATCHES
        self._loading = name, chunk_tokens
        actor = ray.remote(Worker).options(
            num_cpus=share.cpus,
            num_gpus=share.gpus,
            max_concurrency=parsers + BATCHES,
            scheduling_strategy="SPREAD",
        )
        self._crew = Crew(lambda: actor.remote(parsers), self._welcome, share.workers)
        self._reading = ThreadPoolExecutor(self.files_elsewhere, "reading")
        self._embedding = ThreadPoolExecutor(self.batches_ahead, "embedding")

    @property
    def note(self) -> str:
        """How many workers were lost, if any."""
        lost = self._crew.lost
        what = "1 worker was" if lost == 1 else f"{lost:,} workers were"
        return f"{what} lost, and others did the work" if lost else ""

    def read(self, job: Job, parser: ParserWorker) -> Callable[[], Entry | Waiting]:
        """See `Stages`; `parser` has nothing to do."""
        return self._reading.submit(self._read, job).result

    def embed(
        self, texts: Sequence[str], titles: Sequence[str]
    ) -> Callable[[], NDArray[np.float32]]:
        """See `Stages`."""
        return self._embedding.submit(self._embed, texts, titles).result

    def __enter__(self) -> Self:
        self._crew.__enter__()
        return self

    def __exit__(self, *_exception: object) -> None:
        for pool in (self._reading, self._embedding):
            pool.shutdown(wait=False, cancel_futures=True)
        self._crew.close()
        for pool in (self._reading, self._embedding):
            pool.shutdown()

    def _read(self, job: Job) -> Entry | Waiting:
        try:
            data = Path(job.file.path).read_bytes()
            return self._crew.call("read", job, data, attempts=FILE_ATTEMPTS)
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
        except WorkerLostError as error:
            reason = str(error)
        return Entry(job.file.path, Outcome.FAILED, reason)

    def _embed(self, texts: Sequence[str], titles: Sequence[str]) -> NDArray[np.float32]:
        try:
            return self._crew.call("embed", texts, titles, attempts=BATCH_ATTEMPTS)
        except WorkerLostError as error:
            msg = f"embedding {len(texts)} passages {error}; what was written stays"
            raise ClusterError(msg) from error

    def _welcome(self, actor: Any) -> None:  # noqa: ANN401 - Ray makes its methods up
        encoder, suffix = answer(actor.load.remote(*self._loading))
        if encoder != self.encoder:
            msg = (
                f"its encoder is {encoder}, this machine's is {self.encoder}: have the same model, "
                "and the same duet-rag, on all machines"
            )
            raise ClusterError(msg)
        if suffix != settings_suffix(self.limit):
            msg = "it cuts passages in another way: have the same duet-rag on all machines"
            raise ClusterError(msg)
