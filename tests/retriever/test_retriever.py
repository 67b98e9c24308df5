"""Questions to hits, with an encoder that is small but keeps its promises."""

import subprocess
import sys

import pytest

from embedder.encoder import EncoderId
from embedder.errors import TextTooLongError
from retriever import DEFAULT_K, Filter, Retriever, open_index
from retriever.errors import EncoderMismatchError


class Words:
    """An encoder whose tokens are words."""

    id = EncoderId("model", "1", 8)
    max_tokens = 4

    def __init__(self, vector):
        self.vector = vector

    def count_tokens(self, text):
        return len(text.split())

    def encode_queries(self, texts):
        return [self.vector(text) for text in texts]


@pytest.fixture
def retriever(tmp_path, document, vector):
    with open_index(tmp_path, EncoderId("model", "1", 8)) as index:
        for name in ("a", "b"):
            stored = document(f"/docs/{name}/x.txt", [f"{name} text {n}" for n in range(6)])
            index.replace_document(stored.chunks, stored.vectors)
        yield Retriever(Words(vector), index)


def test_the_best_hits_come_first(retriever):
    hits = retriever.retrieve("a text 3", k=8)
    assert hits[0].chunk.text == "a text 3"
    assert len(hits) == 8
    assert hits[0].score == pytest.approx(1, abs=5e-4)
    assert hits[0].lexical > hits[-1].lexical
    dense = retriever.retrieve("a text 3", k=8, mode="dense")
    assert [hit.score for hit in dense] == sorted((hit.score for hit in dense), reverse=True)
    assert len(retriever.retrieve("a text 3")) == DEFAULT_K


def test_hits_come_from_the_given_folder(retriever):
    below = retriever.within(Filter(source="/docs/b"))
    assert {hit.chunk.source for hit in below.retrieve("a text 3")} == {"/docs/b/x.txt"}
    late = retriever.within(Filter(source="/docs/b", first_page=5)).retrieve("a text 3")
    assert {(hit.chunk.source, hit.chunk.page) for hit in late} == {
        ("/docs/b/x.txt", 5),
        ("/docs/b/x.txt", 6),
    }


def test_hits_below_the_least_score_are_left_out(retriever):
    everything = retriever.retrieve("a text 3", k=12)
    middle = everything[4].score
    near = [hit for hit in everything if hit.score >= middle]
    assert 0 < len(near) < 12
    assert retriever.retrieve("a text 3", k=12, min_score=middle) == near
    assert retriever.retrieve("a text 3", k=2, min_score=middle) == near[:2]
    assert retriever.retrieve("a text 3", min_score=1.1) == []


def test_words_do_not_push_near_passages_out_from_under_the_least_score(tmp_path, document, vector):
    """All six of one document share the question's words, but only another one is near."""
    with open_index(tmp_path, EncoderId("model", "1", 8)) as index:
        for source, texts in (("/docs/far.txt", [f"pump {n}" for n in range(6)]),
                              ("/docs/near.txt", ["elsewhere"])):  # fmt: skip
            stored = document(source, texts)
            index.replace_document(stored.chunks, stored.vectors)
        retriever = Retriever(Words(lambda _: vector("elsewhere")), index)
        (hit,) = retriever.retrieve("pump", k=1, min_score=0.99)
        assert hit.chunk.source == "/docs/near.txt"


def test_a_question_over_the_limit_is_refused_with_both_figures(retriever):
    assert retriever.retrieve("one two three four")
    with pytest.raises(TextTooLongError, match="5 tokens, the model reads at most 4"):
        retriever.retrieve("one two three four five")


def test_an_index_of_another_encoder_is_refused(tmp_path, vector):
    with (
        open_index(tmp_path, EncoderId("other", "2", 8)) as index,
        pytest.raises(EncoderMismatchError, match=r"other@2.*model@1"),
    ):
        Retriever(Words(vector), index)


def test_importing_the_package_loads_no_engine_and_no_model():
    code = (
        "import sys, retriever; "
        "print([m for m in ('torch', 'qdrant_client', 'qdrant_edge') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
