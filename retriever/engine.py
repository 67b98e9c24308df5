"""What an engine has to do: store, filter and score points. Documents are `Index`'s business."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from embedder.encoder import EncoderId
from retriever.errors import EncoderMismatchError
from retriever.schema import Conditions, Payload

EXACT_LIMIT = 100_000
"""Points up to which every vector is compared: 7 ms for 100,000 x 384 on one core, recall 1. Above,
search is approximate and wants the graph that `Engine.compact` builds."""


@dataclass(frozen=True, slots=True)
class Point:
    """A stored vector with its payload; `vector` is empty where it was not asked for."""

    id: str
    payload: Payload
    vector: list[float]


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
        self, vector: Sequence[float], limit: int, where: Conditions
    ) -> list[tuple[Payload, float]]:
        """Payload and cosine similarity of the nearest points, best first."""
        ...

    def scan(
        self, where: Conditions, *, content: bool = True, vectors: bool = False
    ) -> Iterator[Point]:
        """All points that meet `where`, in no particular order.

        Args:
            where: What they have to meet; empty for all points.
            content: With `page_content`, not only `metadata`.
            vectors: With their vectors.
        """
        ...

    def count(self, where: Conditions) -> int:
        """How many points meet `where`."""
        ...

    def facet(self, field: str) -> dict[str, int]:
        """How many points there are for each value of one of `FILTER_FIELDS`."""
        ...

    def compact(self) -> None:
        """See `Index.compact`."""
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
