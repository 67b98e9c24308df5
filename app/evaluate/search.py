"""How well passages are found, by vectors, by words, and by both, through a real index.

And whether it would pay to let the language model rank the best ones anew.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from embedder.encoder import Encoder, EncoderId, LanguageModel
from embedder.evaluate.beir import RetrievalSet
from embedder.evaluate.measures import bootstrap_mean, retrieval_measures
from embedder.evaluate.tasks import Result
from retriever import Chunk, Hit, Index, Mode, document_id, open_index
from retriever.search import standardised
from retriever.spread import relevance

MODES: tuple[Mode, ...] = ("dense", "lexical", "hybrid")
_DEPTH = 11
"""Ten results, and the query itself where it is a passage."""
_BATCH = 256
_READ = 10
_LONGEST = 2000
"""Characters of a passage that the language model reads."""

Rank = Callable[[str, Sequence[Hit]], Sequence[Hit]]
"""A question and its hits to the hits in another order."""


def search_results(
    encoder: Encoder,
    name: str,
    data: RetrievalSet,
    modes: Sequence[Mode] = MODES,
    reader: LanguageModel | None = None,
) -> list[Result]:
    """A result for each mode: nDCG@10, recall at 10, and milliseconds a search.

    Args:
        encoder: Embeds the corpus once.
        name: Of the encoder.
        data: A query is no result of itself.
        modes: What finds and orders the passages.
        reader: Ranks the ten best of a hybrid search anew, as one system more.
    """
    passages, texts = list(data.corpus), list(data.corpus.values())
    queries, asked = list(data.queries), list(data.queries.values())
    stored, vectors = encoder.encode_documents(texts), encoder.encode_queries(asked)
    sizes = {"passages": len(texts), "queries": len(asked)}
    results: list[Result] = []
    identity = EncoderId("evaluate", "1", stored.shape[1])
    with tempfile.TemporaryDirectory() as folder, open_index(folder, identity) as index:
        _fill(index, passages, texts, stored)
        ways: list[tuple[str, Mode, Rank]] = [(mode, mode, _as_found) for mode in modes]
        if reader is not None:
            ways.append(("hybrid, re-ranked", "hybrid", partial(_reranked, reader)))
        for way, mode, rank in ways:
            scores, seconds = _scores(index, passages, asked, vectors, mode, rank)
            found = retrieval_measures(scores, queries, passages, data.relevant, (10,))
            measures = {
                "nDCG@10": found["nDCG@10"],
                "Recall@10": found["Recall@10"],
                "ms a search": bootstrap_mean([1_000 * each for each in seconds]),
            }
            results.append(Result("search", data.name, sizes, f"{name} {way}", measures))
    return results


def _as_found(_question: str, hits: Sequence[Hit]) -> Sequence[Hit]:
    return hits


def _reranked(reader: LanguageModel, question: str, hits: Sequence[Hit]) -> Sequence[Hit]:
    """The first ten by the sum of two standardised scores: the search's, and query likelihood's.

    That is how much likelier the model finds the question after the passage (Ponte & Croft 1998).
    """
    read, rest = hits[:_READ], hits[_READ:]
    told = reader.likelihood_gains(question, [hit.chunk.text[:_LONGEST] for hit in read])
    gains = [gain or 0.0 for gain in told]
    scores = standardised(relevance(read, "hybrid")) + standardised(np.array(gains))
    return [*(read[place] for place in np.argsort(-scores, kind="stable")), *rest]


def _fill(
    index: Index, names: Sequence[str], texts: Sequence[str], vectors: NDArray[np.float32]
) -> None:
    documents = [
        ([_chunk(name, text)], vectors[place : place + 1])
        for place, (name, text) in enumerate(zip(names, texts, strict=True))
    ]
    for start in range(0, len(documents), _BATCH):
        index.replace_documents(documents[start : start + _BATCH])


def _chunk(name: str, text: str) -> Chunk:
    source = f"/{name}"
    return Chunk(
        text=text, document_id=document_id(source), source=source, title="", headings=(), page=None,
        page_label=None, start=0, end=len(text), version="1", modified_ns=0, size=0,
        media_type="text/plain", language=None, position=0,
    )  # fmt: skip


def _scores(
    index: Index,
    names: Sequence[str],
    asked: Sequence[str],
    vectors: NDArray[np.float32],
    mode: Mode,
    rank: Rank,
) -> tuple[NDArray[np.float32], list[float]]:
    """`[queries, passages]`, the better the place, the higher; and the seconds of each search."""
    column = {f"/{name}": place for place, name in enumerate(names)}
    scores = np.zeros((len(asked), len(names)), dtype=np.float32)
    seconds: list[float] = []
    for row, (text, vector) in enumerate(zip(asked, vectors, strict=True)):
        began = time.perf_counter()
        hits = rank(text, index.search(vector, _DEPTH, text=text, mode=mode))
        seconds.append(time.perf_counter() - began)
        for place, hit in enumerate(hits):
            for chunk in (hit.chunk, *hit.copies):  # copies share a place
                scores[row, column[chunk.source]] = _DEPTH - place
    return scores, seconds
