"""The numbers, against what can be worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedder.evaluate.encoders import bm25
from embedder.evaluate.labelled import Labelled, LabelledSet, Pairs
from embedder.evaluate.measures import Estimate, bootstrap_mean, difference, retrieval_measures
from embedder.evaluate.report import Report, show
from embedder.evaluate.tasks import Result, clustering, similarity

RATES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


class LetterEncoder:
    """Embeds a text by its first letter: the same letter, the same vector."""

    def encode_queries(self, texts):
        return self.encode_documents(texts)

    def encode_documents(self, texts):
        vectors = np.zeros((len(texts), 26), dtype=np.float32)
        for place, text in enumerate(texts):
            vectors[place, ord(text[0]) - ord("a")] = 1
        return vectors


def test_a_ranking_has_the_measures_that_one_works_out_by_hand():
    scores = np.array([[0.9, 0.8, 0.7, 0.1], [0.5, 0.4, 0.3, 0.9]], dtype=np.float32)
    relevant = {"q": {"b": 1, "c": 1}, "r": {"d": 2}}
    found = retrieval_measures(scores, ["q", "r"], list("abcd"), relevant, recall_at=[1, 2])
    ideal = 1 + 1 / math.log2(3)
    ndcg = (1 / math.log2(3) + 1 / math.log2(4)) / ideal
    assert found["nDCG@10"].value == pytest.approx((ndcg + 1) / 2)
    assert found["Recall@1"].value == pytest.approx((0 + 1) / 2)
    assert found["Recall@2"].value == pytest.approx((0.5 + 1) / 2)
    assert found["MRR@10"].value == pytest.approx((0.5 + 1) / 2)


def test_a_query_that_is_in_the_corpus_is_not_its_own_answer():
    scores = np.array([[1.0, 0.5]], dtype=np.float32)
    found = retrieval_measures(scores, ["a"], ["a", "b"], {"a": {"b": 1}})
    assert found["MRR@10"].value == 1


def test_a_relevant_passage_outside_the_corpus_counts_as_not_found():
    scores = np.array([[1.0, 0.5]], dtype=np.float32)
    found = retrieval_measures(scores, ["q"], ["a", "b"], {"q": {"a": 1, "gone": 1}})
    assert found["Recall@10"].value == 0.5


@given(RATES)
def test_an_interval_holds_the_mean_and_stays_among_the_values(values):
    found = bootstrap_mean(values)
    tiny = 1e-9
    assert min(values) - tiny <= found.low <= found.value + tiny
    assert found.value - tiny <= found.high <= max(values) + tiny
    assert found == bootstrap_mean(values), "the same from run to run"


def test_an_interval_is_as_wide_as_theory_has_it():
    values = [0.0, 1.0] * 200
    found = bootstrap_mean(values)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * 0.5 / math.sqrt(400), rel=0.1)


@given(RATES, st.floats(0.01, 0.5))
def test_a_paired_difference_does_not_depend_on_how_hard_the_queries_are(values, gain):
    before = bootstrap_mean(values)
    after = bootstrap_mean(np.asarray(values) + gain)
    gap = difference(after, before)
    assert gap is not None
    assert gap.low == pytest.approx(gain)
    assert gap.high == pytest.approx(gain)


def test_measures_without_single_values_have_no_difference():
    assert difference(Estimate(1.0), bootstrap_mean([1.0])) is None
    assert difference(bootstrap_mean([1.0, 0.0]), bootstrap_mean([1.0])) is None


def test_texts_without_a_word_rank_nothing():
    scores, _ = bm25()
    assert scores(["what is it", "bear"], ["", "the of a"]).tolist() == [[0, 0], [0, 0]]
    ranked = scores(["polar bear", ""], ["a polar bear", "a cat", ""])
    assert ranked[0].argmax() == 0
    assert not ranked[1].any()


def test_clusters_that_are_the_labels_have_v_measure_one():
    test = Labelled(("apple", "ant", "bee", "bear"), ("a", "a", "b", "b"))
    found = clustering(LabelledSet("letters", test, test), "ours", LetterEncoder())
    assert found.measures["V-measure"].value == pytest.approx(1)


def test_similarity_is_a_rank_correlation():
    pairs = Pairs("p", ("ant", "ant", "bee"), ("ape", "bee", "cow"), (5.0, 1.0, 0.0))
    found = similarity(pairs, "ours", LetterEncoder()).measures["Spearman"]
    assert found.value == pytest.approx(math.sqrt(3) / 2)
    same = Pairs("p", ("ant", "ant"), ("ape", "arm"), (5.0, 1.0))
    assert similarity(same, "ours", LetterEncoder()).measures["Spearman"].value == 0


def test_scores_without_an_interval_are_told_without_one():
    result = Result("mteb", "t", {}, "m", {"main": Estimate(0.5)})
    content = Report({"m": "1"}, [result]).as_json()
    assert content["results"][0]["measures"] == {"main": {"value": 0.5}}


def test_no_system_is_cut_off_where_the_terminal_is_narrow(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    estimate = Estimate(0.5, 0.4, 0.6)
    systems = [f"system {number}" for number in range(6)]
    show(
        Report({}, [Result("search", "a set", {}, name, {"nDCG@10": estimate}) for name in systems])
    )
    shown = capsys.readouterr().out
    assert shown.count("0.500 ±0.100") == len(systems)
