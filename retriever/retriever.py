"""From a question to the passages that may answer it."""

from typing import Generic, TypeVar

from embedder.encoder import Encoder
from embedder.errors import TextTooLongError
from retriever.filter import Filter
from retriever.index import Hit, Index
from retriever.search import CANDIDATES, Mode
from retriever.spread import Spread, few_of_each, marginal_order, relevance

EncoderT = TypeVar("EncoderT", bound=Encoder, covariant=True)

DEFAULT_K = 5
"""Passages for a question: so many of `ingest`'s length and an answer fit into 2,048 tokens."""

NEAREST = Spread()
"""The best hits, however alike."""


class Retriever(Generic[EncoderT]):
    """Search with the encoder that made the index, and with the words; thread-safe.

    Args:
        model: Encodes the questions; must be the encoder of the index. The app's writes, too.
        index: Where to look.
        where: Which chunks to look at; by default all.

    Raises:
        EncoderMismatchError: The index was made by another encoder.
    """

    def __init__(self, model: EncoderT, index: Index, where: Filter | None = None) -> None:
        index.check_encoder(model.id)
        self.model = model
        self.index = index
        self.where = where or Filter()

    def within(self, where: Filter) -> "Retriever[EncoderT]":
        """The same model and index, but looking only at the chunks that `where` lets through."""
        return Retriever(self.model, self.index, where)

    def retrieve(
        self,
        question: str,
        k: int = DEFAULT_K,
        *,
        min_score: float | None = None,
        mode: Mode = "hybrid",
        spread: Spread = NEAREST,
    ) -> list[Hit]:
        """The `k` chunks that answer the question best, best first.

        Args:
            question: Complete in itself; at most `model.max_tokens` tokens.
            k: At most so many hits.
            min_score: Only hits with at least this cosine similarity.
            mode: What finds and orders them; see `retriever.search`.
            spread: Over documents and contents; see `Spread`.

        Raises:
            TextTooLongError: The question is too long; the text has both figures.
        """
        tokens = self.model.count_tokens(question)
        if tokens > self.model.max_tokens:
            msg = (
                f"The question has {tokens:,} tokens, the model reads at most "
                f"{self.model.max_tokens:,}. Ask it in fewer words."
            )
            raise TextTooLongError(msg)
        vector = self.model.encode_queries([question])[0]
        # Words may bring up what is not near: look at more, so that k near ones are found.
        limit = k if min_score is None and spread == NEAREST else max(k, CANDIDATES)
        while True:
            hits = self.index.search(vector, limit, self.where, text=question, mode=mode)
            near = [hit for hit in hits if min_score is None or hit.score >= min_score]
            kept = few_of_each(near, spread.per_document)
            # Few documents may fill all places: look further, until there are others.
            if len(kept) >= k or len(kept) == len(near) or len(hits) < limit:
                return self._diverse(kept, k, mode, spread.diversity)
            limit *= 4

    def _diverse(self, hits: list[Hit], k: int, mode: Mode, diversity: float) -> list[Hit]:
        if not diversity or not hits:
            return hits[:k]
        vectors = self.index.vectors_of([hit.chunk for hit in hits])
        places = marginal_order(relevance(hits, mode), vectors, k, diversity)
        return [hits[place] for place in places]
