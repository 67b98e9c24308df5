import pytest

from app.answering.gate import coverage, relevance
from app.answering.similarity import calibrated
from retriever import Hit
from tests.app.fakes import ScriptedModel, chunk

PUMP = Hit(chunk("It lasts 24 months.", title="Pump", headings=("Warranty",)), 0.9)
FROST = Hit(chunk("Damage by frost is excluded."), 0.4)


class Crowded(ScriptedModel):
    """An encoder whose vectors all point nearly the same way, as language models' do."""

    def encode_queries(self, texts):
        return 0.1 * super().encode_queries(texts) + [[0.995] + [0.0] * 255]


def test_title_and_headings_count():
    assert coverage("pump warranty", [FROST, PUMP]) == 1.0
    assert coverage("pump warranty", [FROST]) == 0.0


def test_words_of_several_passages_do_not_add_up():
    assert coverage("warranty frost", [FROST, PUMP]) == pytest.approx(0.5)


def test_nothing_found_is_not_relevant():
    assert relevance("pump", [], ScriptedModel()) == 0.0


def test_a_high_cosine_means_little_where_every_cosine_is_high():
    assert calibrated(0.9, ScriptedModel()) > 0.85
    assert calibrated(0.9, Crowded()) < 0.1
    assert calibrated(1.0, Crowded()) == pytest.approx(1.0)
