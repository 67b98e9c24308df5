"""One set and one system: what is measured, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import v_measure_score

from embedder.encoder import Encoder
from embedder.evaluate.beir import RetrievalSet
from embedder.evaluate.defaults import RECALL_AT
from embedder.evaluate.encoders import Scorer
from embedder.evaluate.labelled import LabelledSet, Pairs
from embedder.evaluate.measures import Estimate, bootstrap_mean, retrieval_measures

CLUSTERINGS = 10
PAIR_RESAMPLES = 500
"""Fewer than for a mean: every rank correlation sorts anew."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one system reached on one set.

    Attributes:
        task: `retrieval`, `classification`, `clustering`, `sts` or `mteb`.
        dataset: The set's name.
        sizes: How many passages, queries, texts or labels it has.
        system: The system's name.
        measures: By name; the first is the one to look at.
    """

    task: str
    dataset: str
    sizes: Mapping[str, int]
    system: str
    measures: Mapping[str, Estimate]


def retrieval(
    data: RetrievalSet, system: str, scorer: Scorer, recall_at: Sequence[int] = RECALL_AT
) -> Result:
    """nDCG@10, Recall@k and MRR@10 of a ranking of the whole corpus for every query."""
    scores = scorer(list(data.queries.values()), list(data.corpus.values()))
    measures = retrieval_measures(
        scores, list(data.queries), list(data.corpus), data.relevant, recall_at
    )
    sizes = {"passages": len(data.corpus), "queries": len(data.queries)}
    return Result("retrieval", data.name, sizes, system, measures)


def classification(data: LabelledSet, system: str, encoder: Encoder) -> Result:
    """Accuracy of a logistic regression over frozen vectors, as mteb has it, on all of `train`."""
    classifier = LogisticRegression(max_iter=2000)
    classifier.fit(encoder.encode_documents(data.train.texts), data.train.labels)
    predicted = classifier.predict(encoder.encode_documents(data.test.texts))
    right = [float(a == b) for a, b in zip(predicted, data.test.labels, strict=True)]
    sizes = {
        "to learn": len(data.train.texts),
        "texts": len(right),
        "labels": len(set(data.train.labels)),
    }
    measures = {"accuracy": bootstrap_mean(right)}
    return Result("classification", data.name, sizes, system, measures)


def clustering(data: LabelledSet, system: str, encoder: Encoder) -> Result:
    """V-measure of k-means, as mteb has it, with as many clusters as there are labels.

    The mean of ten runs from different starts; the interval is that of the runs, not of the texts.
    """
    labels = data.test.labels
    count = len(set(labels))
    vectors = encoder.encode_documents(data.test.texts)
    values: list[float] = []
    for seed in range(CLUSTERINGS):
        kmeans = KMeans(count, n_init="auto", random_state=seed)  # one start, by k-means++
        found = kmeans.fit_predict(vectors)
        values.append(float(v_measure_score(labels, found)))
    sizes = {"texts": len(labels), "labels": count}
    # Run i of another system starts elsewhere: without the values there is no paired difference.
    measures = {"V-measure": replace(bootstrap_mean(values), values=None)}
    return Result("clustering", data.name, sizes, system, measures)


def similarity(data: Pairs, system: str, encoder: Encoder) -> Result:
    """Spearman's correlation of the vectors' cosines with the scores that people gave."""
    first, second = encoder.encode_documents(data.first), encoder.encode_documents(data.second)
    cosines = np.einsum("nd,nd->n", first, second)
    measures = {"Spearman": _spearman(cosines, np.asarray(data.scores))}
    return Result("sts", data.name, {"pairs": len(data.scores)}, system, measures)


def _spearman(x: NDArray[np.float32], y: NDArray[np.float64]) -> Estimate:
    rng = np.random.default_rng(0)
    resampled: list[float] = []
    for _ in range(PAIR_RESAMPLES):
        drawn = rng.integers(len(x), size=len(x))
        resampled.append(_rank_correlation(x[drawn], y[drawn]))
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Estimate(_rank_correlation(x, y), float(low), float(high))


def _rank_correlation(x: NDArray[np.float32], y: NDArray[np.float64]) -> float:
    """Spearman's; 0 where one side is constant and has no order (scipy gives NaN and a warning)."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    correlation, _ = spearmanr(x, y)
    return float(correlation)  # pyright: ignore[reportArgumentType] # scipy's own types are loose
