"""What an engine has to do: store, filter and score points. Documents are `Index`'s business."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from embedder.encoder import EncoderId
from retriever.errors import EncoderMismatchError, OutdatedIndexError
from retriever.filter import Conditions
from retriever.lexical import VERSION, Sparse
from retriever.schema import Payload

GRAPH_LIMIT = 300_000
"""Points up to which every vector is compared. Above, search is approximate and wants the graph
that `Engine.compact` builds, which takes minutes after each ingest."""


@dataclass(frozen=True, slots=True)
class Point:
    """A stored vector with its payload; `vector` is empty where it was not asked for.

    `terms` are written and searched, and never read back: the text makes them anew.
    """

    id: str
    payload: Payload
    vector: list[float]
    terms: Sparse = field(default_factory=Sparse)


@dataclass(frozen=True, slots=True)
class Found:
    """A point that was found, with its score: cosine similarity, or BM25."""

    id: str
    payload: Payload
    score: float


class Engine(Protocol):
    """One open generation of an index. Every method may be called from any thread.

    What a method has written survives a kill of the process once it has returned.
    """

    @property
    def address(self) -> str:
        """Folder or URL, as people know it."""
        ...

    @property
    def encoder(self) -> EncoderId:
        """The encoder whose vectors are stored."""
        ...

    def replace(self, points: Sequence[Point], where: Conditions) -> None:
        """Write `points`, then delete every other point that meets `where`."""
        ...

    def delete(self, where: Conditions) -> None:
        """Delete the points that meet `where`."""
        ...

    def search(
        self,
        query: Sequence[float] | Sparse,
        limit: int,
        where: Conditions,
        *,
        among: Sequence[str] = (),
    ) -> list[Found]:
        """The points with the best scores, best first.

        Args:
            query: A vector, `[dimension]`, for cosine similarity; or terms, for BM25.
            limit: At most so many.
            where: Only points that meet it.
            among: Only points with these ids, of which only the scores are wanted: they come
                without payloads. Empty for all.
        """
        ...

    def scan(
        self,
        where: Conditions,
        *,
        among: Sequence[str] = (),
        content: bool = True,
        vectors: bool = False,
    ) -> Iterator[Point]:
        """All points that meet `where`, in no particular order.

        Args:
            where: What they have to meet; empty for all points.
            among: Only points with these ids; empty for all.
            content: With `page_content`, not only `metadata`.
            vectors: With their vectors.
        """
        ...

    def count(self, where: Conditions) -> int:
        """How many points meet `where`."""
        ...

    def facet(self, field: str) -> dict[str, int]:
        """How many points there are for each value of one of `KEYWORDS`."""
        ...

    def measured(self, name: str) -> float | None:
        """See `Index.measured`."""
        ...

    def note(self, name: str, value: float) -> None:
        """See `Index.note`."""
        ...

    def compact(self) -> None:
        """See `Index.compact`."""
        ...

    def successor(self, encoder: EncoderId) -> AbstractContextManager["Engine"]:
        """A new generation, published when the block ends cleanly, dropped when it raises.

        It stays open after the block. This one goes on reading; what it is told to write waits for
        the end of the block, or on a server is not in the new one, and is refused afterwards.
        """
        ...

    def close(self) -> None:
        """Let go of files, locks and connections; a second call does nothing."""
        ...


class Location(Protocol):
    """Where the generations of an index lie, of which one is the published one."""

    def open(self, encoder: EncoderId) -> Engine:
        """The published generation, made if there is none."""
        ...

    def present(self) -> Engine | None:
        """The published generation, whatever encoder made it; None if there is none."""
        ...

    def rebuild(self, encoder: EncoderId) -> AbstractContextManager[Engine]:
        """A new generation, published when the block ends cleanly, dropped when it raises."""
        ...

    def rollback(self) -> None:
        """Publish the generation before the published one, which becomes the one before."""
        ...


def check_encoder(address: str, *, stored: EncoderId, given: EncoderId) -> None:
    """Refuse vectors of another encoder.

    Raises:
        EncoderMismatchError: `stored` and `given` differ.
    """
    if stored != given:
        raise EncoderMismatchError(address, stored=stored, given=given)


def check_terms(address: str, version: int) -> None:
    """Refuse an index that today's lexical search cannot read.

    Raises:
        OutdatedIndexError: `version` is not `retriever.lexical.VERSION`.
    """
    if version != VERSION:
        raise OutdatedIndexError(address)
