"""The worker: a process on a machine of the cluster, with a model and parsers of its own."""

import threading
from collections.abc import Sequence
from queue import LifoQueue

import numpy as np
from numpy.typing import NDArray

from embedder.encoder import EncoderId
from ingest.changes import Job
from ingest.embedding_queue import Waiting
from ingest.prepare import Preparer
from ingest.report import Entry
from ingest.stages import read_file
from ingest.version import settings_suffix
from ingest.worker import ParserWorker


class Worker:
    """Reads several files at once, and embeds one batch after the other; a Ray actor.

    It writes nothing: whatever it was doing when it was lost can be done again by another.

    Args:
        parsers: How many files it reads at once, each in a bounded process of its own.
    """

    def __init__(self, parsers: int) -> None:
        self._parsers: LifoQueue[ParserWorker] = LifoQueue()
        for _ in range(parsers):
            self._parsers.put(ParserWorker())
        self._lock = threading.Lock()

    def load(self, model: str | None, chunk_tokens: int) -> tuple[EncoderId, str]:
        """Load the model; before anything else.

        Args:
            model: Hub id, or folder on this machine; None for the bundled one.
            chunk_tokens: As for `ingest`.

        Returns:
            Which encoder it is, and `settings_suffix` of the passages that are made here.
        """
        from embedder import BUNDLED_MODEL, LLM2VecGen

        self._model = LLM2VecGen.from_pretrained(model or BUNDLED_MODEL)
        self._preparer = Preparer(self._model.count_tokens, self._model.max_tokens, chunk_tokens)
        return self._model.id, settings_suffix(self._preparer.limit)

    def read(self, job: Job, data: bytes) -> Entry | Waiting:
        """A file's bytes as passages, or why it has none."""
        parser = self._parsers.get()
        try:
            return read_file(job, parser, self._preparer, data)
        finally:
            self._parsers.put(parser)

    def embed(self, texts: Sequence[str], titles: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings `[n, dimension]` of passages."""
        with self._lock:  # one whole batch after the other, as in a plain run
            return self._model.encode_documents(texts, titles)
