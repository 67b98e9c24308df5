"""From and to the client's types."""

from collections.abc import Sequence
from typing import cast

from qdrant_client import models

from retriever.filter import Conditions, Interval
from retriever.lexical import Sparse


def sparse_vector(terms: Sparse) -> models.SparseVector:
    """A sparse vector as the client takes it."""
    return models.SparseVector(indices=list(terms.indices), values=list(terms.values))


def dense_vector(record: models.Record) -> list[float]:
    """The unnamed vector: beside a sparse one it comes under the name `""`."""
    vector = record.vector
    return cast("list[float]", (vector.get("") if isinstance(vector, dict) else vector) or [])


def filter_of(
    where: Conditions, *, but: Sequence[str] = (), among: Sequence[str] = ()
) -> models.Filter:
    """`where` in the server's terms: not the points with ids in `but`, only those in `among`."""
    must: list[models.Condition] = [models.HasIdCondition(has_id=[*among])] if among else []
    must += [_condition(field, value) for field, value in where.items()]
    return models.Filter(must=must, must_not=[models.HasIdCondition(has_id=[*but])] if but else [])


def _condition(field: str, value: str | int | Sequence[str] | Interval) -> models.FieldCondition:
    if isinstance(value, Interval):
        bounds = models.Range(gte=value.least, lt=value.limit)
        return models.FieldCondition(key=field, range=bounds)
    one = isinstance(value, str | int)
    match = models.MatchValue(value=value) if one else models.MatchAny(any=list(value))
    return models.FieldCondition(key=field, match=match)
