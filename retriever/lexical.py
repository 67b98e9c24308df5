"""BM25 as sparse vectors (Robertson & Zaragoza 2009): the lexical arm of the search.

A passage's vector holds what BM25 makes of each term's count and of the passage's length; the
question's is 1 for each of its terms. The inverse document frequencies, which change with every
document, are the engine's: both weigh the product by them.
"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from retriever.words import terms

LEXICAL = "bm25"
"""Name of the sparse vector in a collection."""
VERSION = 1
"""Of the terms and their weights: an index of another one cannot be searched by today's."""

_SATURATION = 1.2  # k1
_LENGTH_WEIGHT = 0.75  # b
_USUAL_LENGTH = 90
"""Terms of a passage; those of the bundled documents have 68. A collection's own mean would change
all vectors with each document, and hybrid search was the same within 0.002 nDCG at 60 and at 90."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """A sparse vector; `indices` are distinct, 0 to 2^32 - 1."""

    indices: tuple[int, ...] = ()
    values: tuple[float, ...] = ()


def passage_vector(text: str) -> Sparse:
    """What BM25 counts of a passage."""
    counts = Counter(map(_index, terms(text)))
    length = 1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * counts.total() / _USUAL_LENGTH
    values = (n * (_SATURATION + 1) / (n + _SATURATION * length) for n in counts.values())
    return Sparse(tuple(counts), tuple(values))


def question_vector(text: str) -> Sparse:
    """The terms of a question, each once; empty if it has none."""
    indices = tuple(dict.fromkeys(map(_index, terms(text))))
    return Sparse(indices, (1.0,) * len(indices))


@lru_cache(maxsize=1 << 16)
def _index(term: str) -> int:
    """A number for a term; two of a million terms share one about a hundred times."""
    return int.from_bytes(blake2b(term.encode(), digest_size=4).digest())
