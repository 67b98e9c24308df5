"""Search by vectors, by words, and by both, on every engine."""

import numpy as np
import pytest

from retriever import Filter
from retriever.lexical import passage_vector, question_vector
from retriever.search import Candidate, fused_order
from retriever.words import terms
from tests.retriever.conftest import about

pytestmark = pytest.mark.filterwarnings(
    "ignore:Payload indexes have no effect:UserWarning",
)
PUMP = "The pump of the garden is warranted for 24 months."
FILTER = "Error E-4471 means that the filter of the pump is full."
FROST = "Damage by frost is excluded."


@pytest.fixture
def filled(index, document):
    stored = document("/docs/pump.txt", [PUMP, FILTER, FROST])
    index.replace_document(stored.chunks, stored.vectors)
    return index


def texts(hits):
    return [hit.chunk.text for hit in hits]


def test_words_find_what_the_vectors_do_not(filled, vector):
    far = -vector(FILTER)
    assert texts(filled.search(far, 3, mode="dense"))[-1] == FILTER
    (found,) = filled.search(far, 3, text="e-4471", mode="lexical")
    assert found.chunk.text == FILTER
    assert found.lexical > 0
    assert found.score == about(filled, -1)


def test_both_arms_decide_together(filled, vector):
    hits = filled.search(vector(FROST), 3, text="What is excluded when the pump is damaged?")
    assert texts(hits)[0] == FROST
    assert len(hits) == 3
    by_text = {hit.chunk.text: hit for hit in hits}
    assert by_text[FILTER].lexical > 0  # “pump” stands in it, though its vector is what found it
    scores = [hit.score for hit in filled.search(vector(FROST), 3, mode="dense")]
    assert sorted(scores) == pytest.approx(sorted(hit.score for hit in hits))


def test_a_question_without_words_is_searched_by_its_vector(filled, vector):
    for text in ("", "???", "what is it"):
        assert texts(filled.search(vector(PUMP), 1, text=text)) == [PUMP]
    assert filled.search(vector(PUMP), 1, text="what is it", mode="lexical") == []


def test_rare_words_weigh_more(index, document, vector):
    common = [f"The pump number {n} stands in the garden." for n in range(8)]
    stored = document("/docs/a.txt", [*common, "A valve stands in the cellar."])
    index.replace_document(stored.chunks, stored.vectors)
    hits = index.search(vector("x"), 9, text="pump or valve in the garden", mode="lexical")
    assert "valve" in hits[0].chunk.text


def test_filters_hold_for_both_arms(filled, document, vector):
    other = document("/else/pump.txt", ["E-4471 is described in the other handbook."])
    filled.replace_document(other.chunks, other.vectors)
    for mode in ("hybrid", "lexical", "dense"):
        hits = filled.search(vector(FILTER), 5, Filter(source="/else"), text="E-4471", mode=mode)
        assert [hit.chunk.source for hit in hits] == ["/else/pump.txt"]


def test_the_same_text_counts_once_and_names_its_places(index, document, vector):
    for number in range(60):
        stored = document(f"/copies/{number:02}.txt", ["The same old notice.", f"Page {number}."])
        index.replace_document(stored.chunks, stored.vectors)
    for mode in ("hybrid", "dense", "lexical"):
        hits = index.search(vector("The same old notice."), 5, text="old notice page", mode=mode)
        assert len(set(texts(hits))) == 5
        notice = next(hit for hit in hits if hit.chunk.text == "The same old notice.")
        places = {notice.chunk.source, *(copy.source for copy in notice.copies)}
        assert len(places) == 60


def test_a_replaced_text_is_no_longer_found_by_its_words(filled, document, vector):
    stored = document("/docs/pump.txt", ["Nothing of the kind."], version="v2")
    filled.replace_document(stored.chunks, stored.vectors)
    assert filled.search(vector("x"), 3, text="E-4471", mode="lexical") == []


def test_scores_are_compared_by_how_far_they_stand_out():
    candidates = [Candidate({}, dense, lexical) for dense, lexical in
                  ((0.91, 0.0), (0.90, 9.0), (0.89, 1.0), (0.88, 0.5))]  # fmt: skip
    assert fused_order(candidates)[0] == 1
    alike = [Candidate({}, 0.5, lexical) for lexical in (1.0, 3.0, 2.0)]
    assert fused_order(alike) == [1, 2, 0]
    assert fused_order([]) == []


def test_terms_are_whole_and_in_parts():
    for text, wanted in (
        ("Error E-4471", {"e-4471", "4471"}),
        ("see libfoo.so.2", {"libfoo.so.2"}),
        ("call useContext", {"usecontext", "use", "context"}),
        ("src/app/main.py", {"src/app/main.py", "main"}),
        ("MAX_TOKENS=5", {"max_tokens", "max", "token", "5"}),
        ("part AX\u20117\u2011310", {"ax-7-310"}),
        ("Orion服务", {"orion", "服务"}),
        ("北京大学", {"北京", "京大", "大学"}),
    ):
        assert wanted <= set(terms(text)), text


def test_a_long_passage_needs_more_of_a_word():
    short, long = passage_vector("pump valve"), passage_vector("pump " + "other words " * 200)
    at = question_vector("pump").indices[0]
    weight = {False: short, True: long}
    values = [dict(zip(v.indices, v.values, strict=True))[at] for v in weight.values()]
    assert values[0] > 2 * values[1]
    twice = passage_vector("pump pump valve")
    assert dict(zip(twice.indices, twice.values, strict=True))[at] > values[0]
    assert np.isfinite(long.values).all()
