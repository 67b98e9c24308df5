"""Passages laid out in two dimensions, near each other where their embeddings are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retriever import Chunk, Index

if TYPE_CHECKING:
    from sklearn.decomposition import PCA

MOST = 2_000
"""Passages on a map: more hide each other."""
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Projection:
    """A map of a collection.

    Attributes:
        chunks: The passages on it.
        points: `[n, 2]`, theirs.
        explained: Which share of the variance of the embeddings it shows.
        axes: What projects an embedding onto it.
    """

    chunks: Sequence[Chunk]
    points: NDArray[np.float32]
    explained: float
    axes: "PCA"

    def place(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where embeddings `[n, dimension]` lie on the map: `[n, 2]`."""
        return self.axes.transform(vectors).astype(np.float32)


def project(index: Index) -> Projection | None:
    """The two principal components of what is indexed, or of a sample if that is much.

    Returns:
        None if there are fewer than three passages.
    """
    from sklearn.decomposition import PCA  # 1.5 s, for which nobody waits who only asks

    chunks, vectors = index.sample(MOST)
    if len(chunks) < _FEWEST:
        return None
    axes = PCA(2, random_state=0)
    points = axes.fit_transform(vectors).astype(np.float32)
    return Projection(chunks, points, float(axes.explained_variance_ratio_.sum()), axes)
