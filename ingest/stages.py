"""Files to passages, passages to vectors: what a run asks for, and this process does."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from embedder.encoder import Encoder, EncoderId
from ingest.changes import Job
from ingest.embedding_queue import Waiting
from ingest.errors import NoTextError, UnreadableError
from ingest.prepare import Preparer
from ingest.report import Entry, Outcome
from ingest.version import settings_suffix
from ingest.worker import ParserWorker


class Stages(Protocol):
    """Who reads files and embeds passages: this process (`Here`), or the machines of a cluster.

    `read` and `embed` begin something; what they return waits for it.
    """

    @property
    def encoder(self) -> EncoderId:
        """What an index remembers of the encoder."""
        ...

    @property
    def limit(self) -> int:
        """The longest passage in tokens."""
        ...

    @property
    def files_elsewhere(self) -> int:
        """How many files are read at once beyond those that this process reads."""
        ...

    @property
    def batches_ahead(self) -> int:
        """How many batches are begun before the first of them is waited for."""
        ...

    @property
    def note(self) -> str:
        """What there is to know of how it went; empty if nothing is."""
        ...

    def read(self, job: Job, parser: ParserWorker) -> Callable[[], Entry | Waiting]:
        """A file as passages, or why it has none; `parser` has identified it and is free."""
        ...

    def embed(
        self, texts: Sequence[str], titles: Sequence[str]
    ) -> Callable[[], NDArray[np.float32]]:
        """Embeddings `[n, dimension]` of passages; see `Encoder.encode_documents`."""
        ...


class Here:
    """All in this process: a file is read by the thread that asks, a batch when it is waited for.

    Args:
        model: The encoder.
        chunk_tokens: As for `ingest`.
    """

    files_elsewhere = 0
    batches_ahead = 0
    note = ""

    def __init__(self, model: Encoder, chunk_tokens: int) -> None:
        self._model = model
        self._preparer = Preparer(model.count_tokens, model.max_tokens, chunk_tokens)
        self.encoder = model.id
        self.limit = self._preparer.limit

    def read(self, job: Job, parser: ParserWorker) -> Callable[[], Entry | Waiting]:
        """See `Stages`."""
        read = read_file(job, parser, self._preparer)
        return lambda: read

    def embed(
        self, texts: Sequence[str], titles: Sequence[str]
    ) -> Callable[[], NDArray[np.float32]]:
        """See `Stages`."""
        return partial(self._model.encode_documents, texts, titles)


def read_file(
    job: Job, parser: ParserWorker, preparer: Preparer, data: bytes | None = None
) -> Entry | Waiting:
    """A file as passages, or why it has none.

    Args:
        job: The file.
        parser: Parses it.
        preparer: Cuts what was parsed.
        data: Its bytes, where the file itself lies on another machine.
    """
    path = job.file.path
    try:
        document, digest = parser.parse(path, job.identity.format, data)
    except NoTextError as error:
        return Entry(path, Outcome.SKIPPED, str(error))
    except UnreadableError as error:
        return Entry(path, Outcome.FAILED, str(error))
    # Not job.version: the file may have been written to since it was identified.
    version = digest + settings_suffix(preparer.limit)
    return Waiting(job, preparer.prepare(document, job.file, version), document.notes)
