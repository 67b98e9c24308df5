"""Numbers with their 95 % bootstrap intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embedder.evaluate.defaults import RECALL_AT
from embedder.evaluate.errors import not_installed

RESAMPLES = 2000
"""Of the queries; the interval's ends then move by less than 0.002 from seed to seed."""

DEPTH = 100
"""Ranks of a query's result list that are looked at, at least."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure on one set.

    Attributes:
        value: The mean.
        low: Lower end of its 95 % interval; None where the measure has none.
        high: Upper end.
        values: The single values (one a query, say) that `value` is the mean of, if it is one.
    """

    value: float
    low: float | None = None
    high: float | None = None
    values: NDArray[np.float64] | None = field(default=None, repr=False, compare=False)


def bootstrap_mean(values: Sequence[float] | NDArray[np.float64]) -> Estimate:
    """The mean of `values` with its percentile bootstrap interval (Efron and Tibshirani, 1993)."""
    array = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(0)
    counts = rng.multinomial(len(array), np.full(len(array), 1 / len(array)), size=RESAMPLES)
    low, high = np.percentile(counts @ array / len(array), [2.5, 97.5])
    return Estimate(float(array.mean()), float(low), float(high), array)


def difference(after: Estimate, before: Estimate) -> Estimate | None:
    """`after` minus `before` on the same queries: a paired bootstrap.

    None where the two are no means over the same queries.
    """
    a, b = after.values, before.values
    if a is None or b is None or len(a) != len(b):
        return None
    return bootstrap_mean(a - b)


def retrieval_measures(
    scores: NDArray[np.float32],
    queries: Sequence[str],
    passages: Sequence[str],
    relevant: Mapping[str, Mapping[str, int]],
    recall_at: Sequence[int] = RECALL_AT,
) -> dict[str, Estimate]:
    """nDCG@10, Recall@k and MRR@10, as trec_eval computes them.

    Args:
        scores: How well each passage answers each query, `[queries, passages]`.
        queries: Ids of the rows.
        passages: Ids of the columns. One that is also the query's id is no result of it.
        relevant: Grades above 0 by query and passage.
        recall_at: Every k of Recall@k.

    Raises:
        EvaluationError: ir-measures is not installed.
    """
    try:
        import ir_measures
    except ImportError as error:
        raise not_installed("ir-measures", "ir-measures") from error

    names = {
        "nDCG@10": "nDCG@10",
        **{f"Recall@{k}": f"R@{k}" for k in recall_at},
        "MRR@10": "RR@10",
    }
    measures = {name: ir_measures.parse_measure(short) for name, short in names.items()}
    depth = max(DEPTH, *recall_at)
    run = {
        query: _best(row, passages, query, depth)
        for query, row in zip(queries, scores, strict=True)
    }
    judged = {query: dict(relevant[query]) for query in queries}
    values = {
        (metric.measure, metric.query_id): float(metric.value)
        for metric in ir_measures.iter_calc(list(measures.values()), judged, run)
    }
    return {
        name: bootstrap_mean([values[measure, query] for query in queries])
        for name, measure in measures.items()
    }


def _best(
    row: NDArray[np.float32], passages: Sequence[str], query: str, depth: int
) -> dict[str, float]:
    order: list[int] = np.argsort(-row, kind="stable")[: depth + 1].tolist()
    best = [i for i in order if passages[i] != query][:depth]
    return {passages[i]: float(row[i]) for i in best}
