"""Which passages the model reads: the encoder's nearest, the best of them by words and nearness."""

from app.similarity import calibrated
from app.words import content_words, idf, passage_words
from embedder.encoder import Encoder
from retriever import Hit, Retriever

CANDIDATES = 40
"""Passages that are looked at for each question: more than are read, so that words can bring up one
that a small encoder ranks low."""


def find(
    question: str,
    retriever: Retriever[Encoder],
    k: int,
    *,
    source: str | None = None,
    min_score: float | None = None,
) -> list[Hit]:
    """The `k` passages to answer from, best first.

    Two signals rank the encoder's nearest: which of the question's content words a passage holds,
    with its title and headings (rare ones weigh more), and how near it is.

    Args:
        question: Complete in itself.
        retriever: Finds the candidates.
        k: How many to keep.
        source: Only passages of this file, or of files below this folder (absolute POSIX path).
        min_score: Passages below this cosine similarity are not looked at.
    """
    hits = retriever.retrieve(question, max(k, CANDIDATES), source=source, min_score=min_score)
    wanted = content_words(question)
    words = [passage_words(hit.chunk) for hit in hits]
    weights = idf(words)
    worth = [
        weights.share(wanted, found) + calibrated(hit.score, retriever.model)
        for hit, found in zip(hits, words, strict=True)
    ]
    order = sorted(range(len(hits)), key=lambda place: -worth[place])
    return [hits[place] for place in order[:k]]
