"""To Edge's types."""

from collections.abc import Sequence

import qdrant_edge as edge

from retriever.filter import Conditions, Interval
from retriever.lexical import Sparse


def sparse_vector(terms: Sparse) -> edge.SparseVector:
    """A sparse vector as Edge takes it."""
    return edge.SparseVector(list(terms.indices), list(terms.values))


def filter_of(
    where: Conditions, *, but: set[str] | None = None, among: Sequence[str] = ()
) -> edge.Filter:
    """`where` in Edge's terms: not the points whose ids are in `but`, only those in `among`."""
    must: list[edge.FieldCondition | edge.HasIdCondition] = []
    if among:
        must.append(edge.HasIdCondition({*among}))
    must += [_condition(field, value) for field, value in where.items()]
    return edge.Filter(must=[*must], must_not=[edge.HasIdCondition({*but})] if but else None)


def _condition(field: str, value: str | int | Sequence[str] | Interval) -> edge.FieldCondition:
    if isinstance(value, Interval):
        return edge.FieldCondition(field, range=edge.RangeFloat(gte=value.least, lt=value.limit))
    one = isinstance(value, str | int)
    match = edge.MatchValue(value) if one else edge.MatchAny(list(value))
    return edge.FieldCondition(field, match=match)
