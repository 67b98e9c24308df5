"""Which passages the model reads."""

from app.ranking import find
from retriever import Hit
from tests.app.fakes import ScriptedModel, chunk


class Fixed:
    """A retriever whose encoder ranks the passages as they are given."""

    model = ScriptedModel()

    def __init__(self, *texts):
        self._hits = [Hit(chunk(t, position=i), 0.9 - 0.01 * i) for i, t in enumerate(texts)]
        self.asked = 0

    def retrieve(self, question, k, *, source=None, min_score=None):
        self.asked = k
        return self._hits[:k]


def test_a_rare_word_of_the_question_beats_a_little_nearness():
    texts = [f"The pump number {i} is described in this part of the handbook." for i in range(20)]
    retriever = Fixed(*texts, "Code E-4471 of the pump means that the filter is full.")
    found = find("What does code E-4471 of the pump mean?", retriever, 5)
    assert len(found) == 5
    assert "E-4471" in found[0].chunk.text
    assert retriever.asked > 20


def test_without_words_the_encoders_order_stays():
    retriever = Fixed("One thing.", "Another thing.", "A third thing.")
    found = find("What is it about?", retriever, 2)
    assert [hit.chunk.text for hit in found] == ["One thing.", "Another thing."]


def test_more_passages_than_candidates_may_be_asked_for():
    retriever = Fixed("One thing.")
    find("thing", retriever, 60)
    assert retriever.asked == 60
    assert find("thing", Fixed(), 5) == []
