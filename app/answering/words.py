"""Content words and their weights: the lexical half of gating and quoting.

A small encoder's cosine calls many things similar; whether the words of a question or of an
answer stand in a passage is a second, independent signal that needs no model.
"""

import math
from collections import Counter
from collections.abc import Collection, Sequence

from retriever import Chunk
from retriever.words import content_words


def passage_words(chunk: Chunk) -> set[str]:
    """The content words of a passage, its title and its headings."""
    return set(content_words(" ".join((*chunk.above, chunk.text))))


def idf(texts: Sequence[Collection[str]]) -> "Weights":
    """Weights of words by how few of `texts` (each a collection of words) hold them."""
    return Weights(Counter(word for text in texts for word in set(text)), len(texts))


class Weights:
    """Inverse document frequency over a handful of texts: log(1 + N / (df + 1/2)).

    A word that no text holds weighs most; that is what makes an off-topic question stand out.
    """

    def __init__(self, frequencies: Counter[str], texts: int) -> None:
        self._frequencies = frequencies
        self._texts = texts

    def __getitem__(self, word: str) -> float:
        return math.log(1 + self._texts / (self._frequencies[word] + 0.5))

    def share(self, wanted: Collection[str], found: Collection[str]) -> float:
        """The weighted share, 0 to 1, of `wanted` that is in `found`; 1 if nothing is wanted."""
        total = sum(self[word] for word in set(wanted))
        if not total:
            return 1.0
        return sum(self[word] for word in set(wanted) & set(found)) / total
