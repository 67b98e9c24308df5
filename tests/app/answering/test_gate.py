import pytest

from app.answering.gate import coverage, measure_gate, relation, relevance
from app.answering.policy import DEFAULT_POLICY, Policy
from app.answering.similarity import calibrated
from retriever import Filter, Hit, Retriever, open_index
from tests.app.fakes import ScriptedModel, chunk

PUMP = Hit(chunk("It lasts 24 months.", title="Pump", headings=("Warranty",)), 0.9)
FROST = Hit(chunk("Damage by frost is excluded."), 0.4)


EVERYDAY = [
    "Which country won the world cup and who played best is asked on Saturday.",
    "How many calories does an apple have, and how much vitamin C?",
    "How long does a tyre last, and how do you change a flat one?",
    "What is the capital, and which currency is used there?",
    "How do I get a wine stain out of hair, and when does it work?",
    "Who wrote the song of the film, and which actor played in the series?",
]


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


def test_the_gate_is_measured_on_the_collection_itself(tmp_path):
    """Where everyday words stand in the documents, a question needs more to be about them."""
    model = ScriptedModel()
    texts = {"pumps": ["Frost damage is excluded."], "everyday": EVERYDAY}
    measured = {}
    for name, passages in texts.items():
        with open_index(tmp_path / name, model.id) as index:
            for text in passages:
                document = [chunk(text, source=f"/{name}/{hash(text)}.md")]
                index.replace_document(document, model.encode_documents([text]))
            retriever = Retriever(model, index, Filter(source="/nowhere"))
            measured[name] = measure_gate(retriever, Policy(k=5))
            assert measure_gate(retriever, Policy(k=5)) == measured[name]
    assert measured["pumps"] == pytest.approx(0.3)
    assert measured["everyday"] > 0.5


@pytest.mark.parametrize(("gain", "related"), [(0.1, False), (0.3, True), (None, True)])
def test_the_model_must_find_the_question_likelier_after_the_passage(
    tmp_path, monkeypatch, gain, related
):
    model = ScriptedModel()
    monkeypatch.setattr(model, "likelihood_gains", lambda _, passages: [gain] * len(passages))
    text = "Damage by frost is excluded."
    with open_index(tmp_path, model.id) as index:
        index.replace_document([chunk(text)], model.encode_documents([text]))
        retriever = Retriever(model, index)
        question = "Is damage by water covered?"
        hits = retriever.retrieve(question, 5)
        found = relation(question, hits, retriever, DEFAULT_POLICY)
        assert (found is not None) is related
        assert found is None or found.gain == gain
        clear = "Is damage by frost excluded?"
        assert relation(clear, hits, retriever, DEFAULT_POLICY)
        assert relation(question, hits, retriever, Policy(min_relevance=0.5))
        assert relation(question, [], retriever, Policy(min_relevance=0.0)) is None
