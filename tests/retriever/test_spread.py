"""Hits that are not all alike, and the passages beside one, on every engine."""

from dataclasses import replace

import numpy as np
import pytest

from embedder.encoder import EncoderId
from retriever import Retriever, Spread
from retriever.spread import marginal_order
from tests.retriever.conftest import step

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")


class Model:
    """An encoder that places texts as it is told."""

    id = EncoderId("model", "1", 8)
    max_tokens = 20

    def __init__(self, places):
        self.places = places

    def count_tokens(self, text):
        return len(text.split())

    def encode_queries(self, texts):
        return np.stack([at(*self.places[text]) for text in texts])


def at(*coordinates: float):
    vector = np.zeros(8, dtype=np.float32)
    vector[: len(coordinates)] = coordinates
    return vector / np.linalg.norm(vector)


PLACES = {"q": (1, 0, 0), "near": (1, 0.1, 0), "twin": (1, 0.11, 0), "other": (1, 0, 2)}


@pytest.fixture
def retriever(index, document):
    for source, texts in (("/a.txt", ["near", "twin"]), ("/b.txt", ["other"])):
        stored = document(source, texts)
        vectors = np.stack([at(*PLACES[text]) for text in texts])
        index.replace_document(stored.chunks, vectors)
    return Retriever(Model(PLACES), index)


def texts(hits):
    return [hit.chunk.text for hit in hits]


@pytest.mark.parametrize("mode", ["dense", "hybrid"])
def test_diversity_prefers_what_is_not_there_yet(retriever, mode):
    assert texts(retriever.retrieve("q", 2, mode=mode)) == ["near", "twin"]
    diverse = retriever.retrieve("q", 2, mode=mode, spread=Spread(diversity=0.7))
    assert texts(diverse) == ["near", "other"]
    everything = retriever.retrieve("q", 9, mode=mode, spread=Spread(diversity=1))
    assert texts(everything) == ["near", "other", "twin"]
    assert retriever.retrieve("q", 2, min_score=1.1, spread=Spread(diversity=1)) == []


def test_a_least_score_counts_before_diversity(retriever):
    spread = Spread(diversity=0.9)
    assert texts(retriever.retrieve("q", 2, min_score=0.95, spread=spread)) == ["near", "twin"]


def test_few_of_each_document_come_however_many_would(index, document):
    """Sixty near passages of one document are more than the search looks at first."""
    many = document("/many.txt", [f"many {n}" for n in range(60)])
    index.replace_document(many.chunks, np.stack([at(1, n / 20) for n in range(60)]))
    for name in "cde":
        far = document(f"/{name}.txt", [f"far {name}"])
        index.replace_document(far.chunks, at(0.1, 1)[None])
    retriever = Retriever(Model(PLACES), index)
    hits = retriever.retrieve("q", 4, mode="dense", spread=Spread(per_document=1))
    assert len({hit.chunk.document_id for hit in hits}) == 4
    assert texts(hits)[0] == "many 0"
    two = retriever.retrieve("q", 9, mode="dense", spread=Spread(per_document=2))
    assert texts(two)[:2] == ["many 0", "many 1"]
    assert len(two) == 5


def test_marginal_relevance_as_computed_by_hand():
    relevance = np.array([1.0, 0.9, 0.5])
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    # second place: 0.5 * 0.9 - 0.5 * 0.8 = 0.05 against 0.5 * 0.5 - 0.5 * 0 = 0.25
    assert marginal_order(relevance, vectors, 3, 0.5) == [0, 2, 1]
    # and 0.8 * 0.9 - 0.2 * 0.8 = 0.56 against 0.8 * 0.5 = 0.4
    assert marginal_order(relevance, vectors, 3, 0.2) == [0, 1, 2]
    assert marginal_order(relevance, vectors, 1, 1.0) == [0]


@pytest.mark.parametrize("values", [{"per_document": 0}, {"diversity": -0.1}, {"diversity": 1.5}])
def test_what_makes_no_sense_is_refused(values):
    with pytest.raises(ValueError, match="expected"):
        Spread(**values)


def test_neighbours_are_the_passages_beside_one_in_reading_order(index, document):
    stored = document("/a.txt", [f"passage {n}" for n in range(12)])
    other = document("/b.txt", [f"other {n}" for n in range(12)])
    for each in (stored, other):
        index.replace_document(each.chunks, each.vectors)
    chunks = stored.chunks
    assert index.neighbours(chunks[5]) == [chunks[4], chunks[6]]
    assert index.neighbours(chunks[5], 2) == [chunks[3], chunks[4], chunks[6], chunks[7]]
    assert index.neighbours(chunks[0], 2) == chunks[1:3]
    assert index.neighbours(chunks[11]) == [chunks[10]]
    assert index.neighbours(replace(chunks[5], version="v0")) == []


def test_vectors_of_chunks_come_in_their_order(index, document):
    stored = document("/a.txt", ["one", "two", "three"])
    index.replace_document(stored.chunks, stored.vectors)
    gone = document("/gone.txt", ["gone"]).chunks[0]
    wanted = [stored.chunks[2], gone, stored.chunks[0]]
    expected = np.stack([stored.vectors[2], np.zeros(8), stored.vectors[0]])
    np.testing.assert_allclose(index.vectors_of(wanted), expected, atol=step(index))
    assert index.vectors_of([]).shape == (0, 8)
