"""Chunks of several documents are embedded together, so that small ones fill a batch, too."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embedder.encoder import Encoder
from ingest.changes import Job
from ingest.prepare import Prepared
from retriever import Index

BATCH_CHUNKS = 64
"""For one call of the encoder, which sorts them by length; at 200 tokens each about 13,000 tokens,
half a minute of work for a 0.6B model on two cores: as much as a kill or Ctrl-C may cost."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document that is being embedded."""

    job: Job
    prepared: Prepared
    notes: tuple[str, ...]
    vectors: list[NDArray[np.float32]] = field(default_factory=list[NDArray[np.float32]])


class EmbeddingQueue:
    """Embeds chunks in the order in which they come, and writes documents that are complete.

    Args:
        model: The encoder.
        index: Where documents go.
        written: Called with the documents that were written together.
        embedded: Called with the numbers of chunks and tokens of each batch.
    """

    def __init__(
        self,
        model: Encoder,
        index: Index,
        *,
        written: Callable[[Sequence[Waiting]], None],
        embedded: Callable[[int, int], None],
    ) -> None:
        self._model = model
        self._index = index
        self._written = written
        self._embedded = embedded
        self._chunks: deque[tuple[Waiting, int]] = deque()

    def add(self, document: Waiting) -> None:
        """Take a document; full batches are embedded at once."""
        self._chunks.extend((document, i) for i in range(len(document.prepared.chunks)))
        while len(self._chunks) >= BATCH_CHUNKS:
            self._embed_batch()

    def flush(self) -> None:
        """Embed and write what is still waiting."""
        while self._chunks:
            self._embed_batch()

    def _embed_batch(self) -> None:
        size = min(BATCH_CHUNKS, len(self._chunks))
        batch = [self._chunks.popleft() for _ in range(size)]
        vectors = self._model.encode_documents(
            [document.prepared.chunks[i].text for document, i in batch],
            [document.prepared.titles[i] for document, i in batch],
        )
        self._embedded(size, sum(document.prepared.tokens[i] for document, i in batch))
        complete: list[Waiting] = []
        for (document, _), vector in zip(batch, vectors, strict=True):
            document.vectors.append(vector)
            if len(document.vectors) == len(document.prepared.chunks):
                complete.append(document)
        if complete:
            self._index.replace_documents(
                [(each.prepared.chunks, np.stack(each.vectors)) for each in complete]
            )
            self._written(complete)
