"""Whether Edge reads back what was written: it takes whatever the disk made of it."""

import math
from collections.abc import Sequence
from typing import cast

import qdrant_edge as edge

from retriever.edge.files import REINDEX
from retriever.errors import IndexDamagedError
from retriever.schema import METADATA, Payload

SAMPLE = edge.ScrollRequest(limit=100, with_payload=False, with_vector=[""])
"""The vectors that are looked at when an index is opened."""
_LENGTH_ERROR = 0.01


def check_vectors(records: Sequence[edge.Record], address: str) -> None:
    """Refuse vectors that are missing, or not of length 1.

    Raises:
        IndexDamagedError: There is one.
    """
    lengths = [math.hypot(*cast("list[float]", record.vector or [])) for record in records]
    if not all(abs(length - 1) < _LENGTH_ERROR for length in lengths):
        msg = f"The vectors in {address} are not as they were written. {REINDEX}"
        raise IndexDamagedError(msg)


def sound(payload: Payload | None, address: str) -> Payload:
    """A payload as it was written.

    Raises:
        IndexDamagedError: It is none of ours.
    """
    if not payload or METADATA not in payload:
        msg = f"Passages in {address} are not as they were written. {REINDEX}"
        raise IndexDamagedError(msg)
    return payload
