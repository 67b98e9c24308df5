"""Hits that are not all alike: few of each document, and maximal marginal relevance."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retriever.index import Hit
from retriever.search import Mode, standardised


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How hits spread over documents and contents; by default the best come, however alike.

    Attributes:
        per_document: At most so many hits of one document, at least 1; None for any number.
        diversity: 0 to 1: how much a hit loses for being near to one that stands before it. At 0
            only relevance counts, at 1 only how different it is.

    Raises:
        ValueError: A value lies outside of its range.
    """

    per_document: int | None = None
    diversity: float = 0.0

    def __post_init__(self) -> None:
        if self.per_document is not None and self.per_document < 1:
            msg = f"per_document is {self.per_document}; expected at least 1, or None"
            raise ValueError(msg)
        if not 0 <= self.diversity <= 1:
            msg = f"diversity is {self.diversity}; expected a number from 0 to 1"
            raise ValueError(msg)


def few_of_each(hits: Sequence[Hit], per_document: int | None) -> list[Hit]:
    """The first `per_document` hits of each document, in the order in which they come."""
    if per_document is None:
        return list(hits)
    seen: Counter[str] = Counter()
    kept: list[Hit] = []
    for hit in hits:
        seen[hit.chunk.document_id] += 1
        if seen[hit.chunk.document_id] <= per_document:
            kept.append(hit)
    return kept


def relevance(hits: Sequence[Hit], mode: Mode) -> NDArray[np.float64]:
    """What `mode` orders by, `[hits]`, from 0 for the least relevant hit to 1 for the most."""
    dense = np.array([hit.score for hit in hits])
    lexical = np.array([hit.lexical for hit in hits])
    by_mode = {
        "dense": dense,
        "lexical": lexical,
        "hybrid": standardised(dense) + standardised(lexical),
    }
    scores = by_mode[mode]
    span = np.ptp(scores)
    return (scores - scores.min()) / span if span > 1e-9 else np.ones(len(hits))


def marginal_order(
    relevance: NDArray[np.float64], vectors: NDArray[np.float32], k: int, diversity: float
) -> list[int]:
    """Places of the `k` first by maximal marginal relevance (Carbonell & Goldstein 1998).

    Args:
        relevance: Of each candidate, 0 to 1, `[candidates]`.
        vectors: Theirs, `[candidates, dimension]`, of length 1.
        k: How many.
        diversity: See `Spread`; 1 minus the paper's lambda.
    """
    left = list(range(len(relevance)))
    nearest = np.zeros(len(relevance))  # cosine to the nearest that is chosen; 0 for the first
    chosen: list[int] = []
    while left and len(chosen) < k:
        gains = (1 - diversity) * relevance[left] - diversity * nearest[left]
        # The first has nothing before it: it is the most relevant one at any diversity.
        best = left.pop(int(np.argmax(gains if chosen else relevance[left])))
        similar = vectors @ vectors[best]
        nearest = np.maximum(nearest, similar) if chosen else similar.astype(np.float64)
        chosen.append(best)
    return chosen
