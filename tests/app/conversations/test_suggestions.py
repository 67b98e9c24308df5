import time

import pytest

from app.conversations import Suggestions
from app.conversations.questions import Candidate, questions
from app.generation import GenerationServer, RemoteWriter
from retriever import Retriever, open_index
from tests.app.fakes import ScriptedModel, chunk
from tests.app.generation.chat_server import chat_server

STATEMENTS = ["The parcel costs 4 euros.", "The return window is a time of 30 days."]


@pytest.fixture
def guide(tmp_path):
    """An index of one document with two statements that answer a question."""
    model = ScriptedModel("The parcel costs 4 euros [1].")
    chunks = [chunk(text, position=place) for place, text in enumerate(STATEMENTS)]
    with open_index(tmp_path / "index", model.id) as index:
        index.replace_document(chunks, model.encode_documents([c.text for c in chunks]))
        yield Retriever(model, index)


def settled(suggestions: Suggestions) -> None:
    for _ in range(400):
        if not suggestions.looking:
            return
        time.sleep(0.05)
    pytest.fail("the search did not end")


def test_a_statement_becomes_a_question_once(guide):
    documents = guide.index.documents()
    assert list(questions(documents, guide.index)) == [
        Candidate("/docs/guide.md", "How much does the parcel cost?", STATEMENTS[0]),
        Candidate("/docs/guide.md", "What is the return window?", STATEMENTS[1]),
    ]


@pytest.mark.parametrize(
    ("statement", "question"),
    [
        ("The typewriter was patented by Christopher Sholes.", "Who patented the typewriter?"),
        ("The old mill was built of stone in 1883.", "When was the old mill built?"),
        ("The boathouse opens at 7:00 in summer.", "When does the boathouse open?"),
        ("A full charge takes nine hours.", "How long does a full charge take?"),
        ("Rowing is forbidden in fog. In fog, rowing is not.", "When is rowing forbidden?"),
        ("Students pay a fee of 90 euros. Other students do not.", "How much do students pay?"),
        ("The eights are stored on the upper racks.", "Where are the eights stored?"),
        ("Kubernetes is a system for containers.", "What is Kubernetes?"),
        ("The board consists of the chair and others.", "What does the board consist of?"),
        # Whoever reads it alone does not know what is meant, or it is no statement at all.
        ("It was patented by Christopher Sholes.", None),
        ("This section is a summary of the others.", None),
        ("Whoever leaves last is a keeper of the house.", None),
        ("From mid-November the eights are stored on the upper racks.", None),
        ("Summary The module is a set of notebooks.", None),
        ("Opening and closing", None),
        ("Der Vorstand besteht aus drei Personen.", None),
    ],
)
def test_a_question_is_one_that_a_reader_would_ask(tmp_path, statement, question):
    model = ScriptedModel()
    told = chunk(statement)
    with open_index(tmp_path / "index", model.id) as index:
        index.replace_document([told], model.encode_documents([statement]))
        found = [candidate.question for candidate in questions(index.documents(), index)]
    assert found == ([question] if question else [])


def test_a_heading_that_asks_is_a_question(tmp_path):
    model = ScriptedModel()
    told = [
        chunk("Within 30 days.", position=place, headings=("Help", heading))
        for place, heading in enumerate(["How do I return a parcel?", "Shipping costs"])
    ]
    with open_index(tmp_path / "index", model.id) as index:
        index.replace_document(told, model.encode_documents([c.text for c in told]))
        found = [candidate.question for candidate in questions(index.documents(), index)]
    assert found == ["How do I return a parcel?"]


def test_only_questions_with_a_good_answer_are_suggested(database, guide):
    suggestions = Suggestions(database, quiet=0.0)
    documents = guide.index.documents()
    assert suggestions.ready(documents) == []
    suggestions.look(guide)
    settled(suggestions)
    asked = len(guide.model.prompts)
    assert "How much does the parcel cost?" in suggestions.ready(documents)
    suggestions.look(guide)  # nothing has changed: nothing is tried anew
    settled(suggestions)
    assert len(guide.model.prompts) == asked
    added = chunk("Other words.", source="/docs/other.md")
    guide.index.replace_document([added], guide.model.encode_documents([added.text]))
    assert suggestions.ready(guide.index.documents()) == []  # they were tried without it
    suggestions.close()


def test_nothing_is_sent_to_a_server_that_nobody_asked(database, guide):
    suggestions = Suggestions(database, quiet=0.0)
    with chat_server() as chat:
        writer = RemoteWriter(guide.model, GenerationServer(chat.url))
        suggestions.look(Retriever(writer, guide.index))
        settled(suggestions)
        assert chat.received == []
    assert suggestions.ready(guide.index.documents())
    suggestions.close()


def test_an_answer_from_another_place_than_the_statement_is_not_good(database, guide):
    guide.model.reply = "The return window is a time of 30 days [1]."
    guide.model.sureness = 0.0  # so the documents are quoted
    suggestions = Suggestions(database, quiet=0.0)
    copied = chunk("How much does the parcel cost? See below.", source="/docs/faq.md")
    guide.index.replace_document([copied], guide.model.encode_documents([copied.text]))
    suggestions.look(guide)
    settled(suggestions)
    assert guide.model.prompts
    assert "How much does the parcel cost?" not in suggestions.ready(guide.index.documents())
    suggestions.close()


def test_nothing_is_tried_while_somebody_asks(database, guide):
    suggestions = Suggestions(database, quiet=0.0)
    with suggestions.paused():
        suggestions.look(guide)
        time.sleep(0.3)
        assert guide.model.prompts == []
        assert suggestions.looking
    settled(suggestions)
    assert guide.model.prompts
    suggestions.close()
