"""Which passages the answer is read from."""

import threading

import pytest

from app.answering import DEFAULT_POLICY, Citation
from app.answering.pipeline import _seems_to_answer
from app.answering.reading import MARGIN, Reader, Reading, read
from embedder.chat import REFUSAL
from embedder.errors import PromptTooLongError
from retriever import Hit
from tests.app.fakes import ScriptedModel, chunk

HITS = [Hit(chunk(f"About {name}."), 0.5) for name in ("frost", "leave", "pumps", "roses")]


@pytest.fixture
def model():
    model = ScriptedModel()
    model.doubts = {"frost": 0.9, "leave": 0.3, "pumps": 0.1, "roses": 0.1 + MARGIN}
    return model


def named(hits):
    return [hit.chunk.text.split()[1].rstrip(".") for hit in hits]


def test_passages_without_an_answer_are_left_out_and_the_most_telling_comes_first(model):
    assert named(read(Reader("How?", model), HITS).hits) == ["pumps", "roses"]
    assert named(read(Reader("How?", model), HITS[:2]).hits) == ["leave"]
    assert named(read(Reader("How?", model), HITS[:1]).hits) == ["frost"]
    assert read(Reader("How?", model), []).hits == []
    assert read(Reader("How?", model), HITS).doubt == pytest.approx(0.1)


def test_a_model_that_cannot_tell_reads_everything():
    assert read(Reader("How?", ScriptedModel()), HITS) == Reading(HITS, None)


def test_a_passage_that_does_not_fit_is_no_reason_to_give_up(model, monkeypatch):
    plain = model.outlook

    def outlook(messages):
        if "pumps" in messages[-1]["content"]:
            raise PromptTooLongError
        return plain(messages)

    monkeypatch.setattr(model, "outlook", outlook)
    assert named(read(Reader("How?", model), HITS).hits) == ["roses", "leave"]


def test_a_text_is_read_once(model):
    reader = Reader("How?", model)
    assert [reader.doubt(text) for text in ("frost", "pumps", "frost")] == [0.9, 0.1, 0.9]
    assert len(model.read) == 2


def test_reading_ends_when_one_stops(model):
    stop = threading.Event()
    stop.set()
    assert read(Reader("How?", model), HITS, stop) == Reading(HITS, None)


def test_the_answer_is_written_from_the_telling_passages(ask, model):
    model.doubts = {"24 months": 0.2, "Tomatoes": 0.1}
    given = ask("How long is the warranty of the pump?", "It lasts 24 months [2].")
    assert given.text == "It lasts 24 months [1]."
    assert "24 months" in given.sources[0].chunk.text
    assert "Tomatoes" in given.sources[1].chunk.text
    assert '<passage id="3">' not in model.prompts[0][-1]["content"]


def test_quotes_may_come_from_passages_that_the_model_did_not_read(ask, model):
    model.doubts = {"Tomatoes": 0.1, "24 months": 0.85}
    given = ask("How long does the warranty of the pump last?", "Forever and ever, they say [1].")
    assert given.kind == "quoted"
    assert "24 months" in given.text
    assert given.citations[0].chunk == given.sources[given.citations[0].number - 1].chunk


def test_sentences_from_which_the_model_would_not_answer_are_no_answer(ask, model):
    question, reply = "How long does the warranty of the pump last?", "Forever, they say [1]."
    for doubt, kind in ((0.89, "quoted"), (0.91, "refused")):
        model.doubts = {"24 months": doubt}
        given = ask(question, reply)
        assert given.kind == kind
        assert "24 months" in given.quotes[0].quote


def test_quotes_are_read_once_more_only_where_their_passage_leaves_a_doubt(model):
    model.doubts = {"frost": 0.95}
    for doubt, seems, times in ((0.5, True, 0), (0.6, False, 1)):
        reader, model.read = Reader("Is damage by frost excluded?", model), []
        text = "Damage by frost is excluded."
        quotes = [Citation(1, chunk(text), 0, len(text))]
        reading = Reading(HITS, doubt)
        assert _seems_to_answer(quotes, reader, reading, DEFAULT_POLICY) is seems
        assert len(model.read) == times


def test_an_answer_that_the_model_is_not_sure_of_becomes_its_sentences(ask, model):
    question, reply = "How long does the warranty of the pump last?", "24 months [1]."
    model.doubts, model.sureness = {"24 months": 0.1}, 0.9
    assert ask(question, reply).kind == "generated"
    for doubt, sureness in ((0.1, 0.6), (0.5, 0.9)):
        model.doubts, model.sureness = {"24 months": doubt}, sureness
        given = ask(question, reply)
        assert given.kind == "quoted"
        assert "not sure" in given.notice
        assert given.text.startswith("“The warranty of the pump lasts 24 months.")
    model.doubts = {}
    assert ask(question, reply).kind == "generated"  # a model without the adapter: nobody can tell


def test_a_refusal_is_doubted_where_a_passage_alone_seems_to_answer(ask, model):
    question = "When does the guarantee of that thing run out?"
    policy = {"min_relevance": 0.0}
    model.doubts = {"24 months": 0.7}
    given = ask(question, REFUSAL, policy=policy)
    assert given.kind == "quoted"
    assert "not sure" in given.notice
    model.doubts = {"24 months": 0.9}
    assert ask(question, REFUSAL, policy=policy).kind == "refused"
