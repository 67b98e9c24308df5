import time

import pytest

from app.conversations import Suggestions
from app.conversations.headings import heading_questions
from app.generation import GenerationServer, RemoteWriter
from retriever import Retriever, open_index
from tests.app.fakes import ScriptedModel, chunk
from tests.app.generation.chat_server import chat_server


@pytest.fixture
def guide(tmp_path):
    """An index of one document with two headings that tell something."""
    model = ScriptedModel("It costs four euros to ship a parcel [1].")
    texts = ["It costs four euros to ship a parcel.", "Parcels come back within 30 days."]
    heads = [("Guide", "Shipping costs"), ("Guide", "Parcels returned")]
    chunks = [
        chunk(text, position=n, headings=headings)
        for n, (text, headings) in enumerate(zip(texts, heads, strict=True))
    ]
    with open_index(tmp_path / "index", model.id) as index:
        vectors = model.encode_documents([f"{c.headings[-1]} {c.text}" for c in chunks])
        index.replace_document(chunks, vectors)
        yield Retriever(model, index)


def settled(suggestions: Suggestions) -> None:
    for _ in range(400):
        if not suggestions.looking:
            return
        time.sleep(0.05)
    pytest.fail("the search did not end")


def test_a_heading_becomes_a_question_once(guide):
    documents = guide.index.documents()
    assert list(heading_questions(documents, guide.index)) == [
        ("/docs/guide.md", "What do the documents say about Shipping costs?"),
        ("/docs/guide.md", "What do the documents say about Parcels returned?"),
    ]


def test_only_questions_with_a_good_answer_are_suggested(database, guide):
    suggestions = Suggestions(database, quiet=0.0)
    documents = guide.index.documents()
    assert suggestions.ready(documents) == []
    suggestions.look(guide)
    settled(suggestions)
    asked = len(guide.model.prompts)
    ready = suggestions.ready(documents)
    assert "What do the documents say about Shipping costs?" in ready
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
