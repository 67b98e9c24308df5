"""Whether the passages that were found have anything to do with the question."""

from collections.abc import Sequence

from app.answering.similarity import calibrated
from app.answering.words import idf, passage_words
from embedder.encoder import Encoder
from retriever import Hit
from retriever.words import content_words


def relevance(question: str, hits: Sequence[Hit], model: Encoder) -> float:
    """How near the best passage is to the question, by two independent signals; 0 to 2.

    The encoder always finds something, and a small one's cosine is not to be trusted alone; words
    alone miss paraphrases. So their sum decides.
    """
    if not hits:
        return 0.0
    return coverage(question, hits) + calibrated(max(hit.score for hit in hits), model)


def coverage(question: str, hits: Sequence[Hit]) -> float:
    """The largest share of the question's content words in one passage; rare words weigh more."""
    wanted = content_words(question)
    words = [passage_words(hit.chunk) for hit in hits]
    weights = idf(words)
    return max(weights.share(wanted, found) for found in words)
