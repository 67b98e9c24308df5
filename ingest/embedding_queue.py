"""Chunks of several documents are embedded together, so that small ones fill a batch, too.

What is the same twice in a batch, as in generated files, is embedded once.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingest.changes import Job
from ingest.prepare import Prepared
from retriever import Index

Embed = Callable[[Sequence[str], Sequence[str]], Callable[[], NDArray[np.float32]]]
"""Begins to embed passages with their titles; what it returns waits for `[n, dimension]`."""

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


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was begun: chunks, each with the place of its vector among those of the distinct."""

    chunks: list[tuple[Waiting, int]]
    tokens: int
    vectors: Callable[[], NDArray[np.float32]]
    places: list[int]


class EmbeddingQueue:
    """Embeds chunks in the order in which they come, and writes documents that are complete.

    Args:
        embed: Embeds a batch.
        index: Where documents go.
        ahead: How many batches are begun before the first of them is waited for.
        written: Called with the documents that were written together.
        embedded: Called with the numbers of chunks and tokens of each batch.
    """

    def __init__(
        self,
        embed: Embed,
        index: Index,
        *,
        ahead: int = 0,
        written: Callable[[Sequence[Waiting]], None],
        embedded: Callable[[int, int], None],
    ) -> None:
        self._embed = embed
        self._index = index
        self._ahead = ahead
        self._written = written
        self._embedded = embedded
        self._chunks: deque[tuple[Waiting, int]] = deque()
        self._begun: deque[_Batch] = deque()

    def add(self, document: Waiting) -> None:
        """Take a document; full batches are embedded at once."""
        self._chunks.extend((document, i) for i in range(len(document.prepared.chunks)))
        while len(self._chunks) >= BATCH_CHUNKS:
            self._begin_batch()
            self._finish_batches(self._ahead)

    def flush(self) -> None:
        """Embed and write what is still waiting."""
        while self._chunks:
            self._begin_batch()
            self._finish_batches(self._ahead)
        self._finish_batches(0)

    def _begin_batch(self) -> None:
        size = min(BATCH_CHUNKS, len(self._chunks))
        batch = [self._chunks.popleft() for _ in range(size)]
        told = [(one.prepared.chunks[i].text, one.prepared.titles[i]) for one, i in batch]
        tokens = {pair: one.prepared.tokens[i] for pair, (one, i) in zip(told, batch, strict=True)}
        place = {pair: number for number, pair in enumerate(tokens)}
        vectors = self._embed([text for text, _ in place], [title for _, title in place])
        self._begun.append(
            _Batch(batch, sum(tokens.values()), vectors, [place[pair] for pair in told])
        )

    def _finish_batches(self, left: int) -> None:
        """Wait for the vectors of what was begun first, and write, until `left` are left."""
        while len(self._begun) > left:
            self._finish_batch(self._begun.popleft())

    def _finish_batch(self, batch: _Batch) -> None:
        vectors = batch.vectors()
        self._embedded(len(batch.chunks), batch.tokens)
        complete: list[Waiting] = []
        for (document, _), place in zip(batch.chunks, batch.places, strict=True):
            document.vectors.append(vectors[place])
            if len(document.vectors) == len(document.prepared.chunks):
                complete.append(document)
        if complete:
            self._index.replace_documents(
                [(each.prepared.chunks, np.stack(each.vectors)) for each in complete]
            )
            self._written(complete)
