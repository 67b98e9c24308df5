"""Passages laid out in two dimensions, near each other where their embeddings are.

By direction, the two principal components, is quick. By neighbour, t-SNE, has more of what is alike
side by side: of the samples' 260 passages each had 73 % of its ten nearest near it, by direction
35 %. UMAP had 69 %, and would bring 200 MB with the compiler that it is built on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retriever import Chunk, Index

Layout = Literal["direction", "neighbour"]
Vectors = NDArray[np.float32]

MOST = 2_000
"""Passages on a map: more hide each other."""
_FEWEST = 3
_NEAREST = 10  # passages by which a map is measured
_BETWEEN = 3  # passages that an embedding is placed between
_PERPLEXITY = 30.0  # scikit-learn's


@dataclass(frozen=True, slots=True)
class Projection:
    """A map of a collection.

    Attributes:
        chunks: The passages on it.
        points: `[n, 2]`, theirs.
        kept: Which share of its nearest passages a passage has near it on the map, 0 to 1.
        place: Tells where embeddings `[m, dimension]` lie on the map: `[m, 2]`.
    """

    chunks: Sequence[Chunk]
    points: Vectors
    kept: float
    place: Callable[[Vectors], Vectors]


def project(index: Index, layout: Layout) -> Projection | None:
    """A map of what is indexed, or of a sample if that is much.

    Returns:
        None if there are fewer than three passages.
    """
    chunks, vectors = index.sample(MOST)
    if len(chunks) < _FEWEST:
        return None
    points, place = (_by_direction if layout == "direction" else _by_neighbour)(vectors)
    return Projection(chunks, points, _kept(vectors, points), place)


# Importing scikit-learn takes 1.5 s, for which nobody waits who only asks.


def _by_direction(vectors: Vectors) -> tuple[Vectors, Callable[[Vectors], Vectors]]:
    from sklearn.decomposition import PCA

    axes = PCA(2, random_state=0).fit(vectors)

    def place(others: Vectors) -> Vectors:
        return axes.transform(others).astype(np.float32)

    return place(vectors), place


def _by_neighbour(vectors: Vectors) -> tuple[Vectors, Callable[[Vectors], Vectors]]:
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(vectors) - 1) / 3)
    points = TSNE(2, perplexity=perplexity, random_state=0).fit_transform(vectors)

    def place(others: Vectors) -> Vectors:
        """Between those that it is nearest to, at one that it equals."""
        nearness = others @ vectors.T
        nearest = np.argsort(-nearness)[:, :_BETWEEN]
        distance = 1 - np.take_along_axis(nearness, nearest, axis=1)
        weight = 1 / np.maximum(distance, 1e-6)[..., np.newaxis] ** 2
        return ((points[nearest] * weight).sum(1) / weight.sum(1)).astype(np.float32)

    return points, place


def _kept(vectors: Vectors, points: Vectors) -> float:
    from sklearn.neighbors import NearestNeighbors

    count = min(_NEAREST, len(vectors) - 1)
    real, shown = (
        NearestNeighbors(n_neighbors=count).fit(places).kneighbors(return_distance=False)
        for places in (vectors, points)
    )
    return float(np.mean([np.isin(*pair).mean() for pair in zip(real, shown, strict=True)]))
