import threading

from app.answering.evidence import evidence
from embedder.errors import PromptTooLongError
from retriever import Hit
from tests.app.fakes import ScriptedModel, chunk

HITS = [
    Hit(chunk("Roses want sun. The pump lasts 24 months."), 0.5),
    Hit(chunk("Compost smells of forest soil."), 0.4),
]


def test_each_passage_is_asked_alone_for_where_its_answer_would_stand():
    model = ScriptedModel("The pump lasts 24 months [1].")
    (found,) = evidence("How long?", HITS, model)
    assert (found.number, found.quote) == (1, "The pump lasts 24 months.")
    assert len(model.prompts) == 2
    assert "Roses" not in model.prompts[1][-1]["content"]


def test_a_passage_too_long_for_the_window_has_none():
    class Narrow(ScriptedModel):
        def guess(self, messages, **options):
            if "Roses" in messages[-1]["content"]:
                raise PromptTooLongError
            return super().guess(messages, **options)

    model = Narrow("Compost smells of forest soil [1].")
    assert [found.number for found in evidence("What smells?", HITS, model)] == [2]


def test_stop_ends_it_and_what_no_sentence_holds_is_no_evidence():
    stop = threading.Event()
    stop.set()
    model = ScriptedModel("The pump lasts 24 months [1].")
    assert evidence("How long?", HITS, model, stop) == []
    assert model.prompts == []
    assert evidence("How long?", HITS, ScriptedModel("It is 36 years old [1].")) == []
