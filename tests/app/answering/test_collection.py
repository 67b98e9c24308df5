import pytest

from app.answering.collection import is_about_collection
from retriever import Filter
from tests.app.conftest import GARDEN


@pytest.mark.parametrize(
    "question",
    [
        "How many documents do you have?",
        "how many files are indexed",
        "How many documents are in the index?",
        "And how many files are there, please?",
        "What is in here?",
        "What's in the collection?",
        "What documents do you have?",
        "Which files can I ask about?",
        "List all documents",
        "show me the files",
        "What do you know?",
        "What can I ask you?",
        "What are the documents about?",
        "Wie viele Dokumente gibt es?",
    ],
)
def test_questions_about_the_collection(question):
    assert is_about_collection(question)


@pytest.mark.parametrize(
    "question",
    [
        "How many documents did the ministry sign?",
        "How many files does a batch hold?",
        "What is in the glove box?",
        "Which documents do I need for a passport?",
        "What documents are required?",
        "What do you know about pumps?",
        "List the files that git ignores",
        "What is",
        "How many documents are in the case file of Mr Lund?",
    ],
)
def test_questions_about_what_the_documents_say(question):
    assert not is_about_collection(question)


def test_they_are_answered_from_the_index_without_the_model(ask, model, retriever):
    answer = ask("How many documents do you have?")
    assert answer.kind == "collection"
    assert answer.text == (
        "2 documents are indexed (1 .md, 1 .pdf), 4 passages in all:\n\n"
        "- `garden.md`\n- `handbook.pdf`"
    )
    assert model.prompts == []


def test_only_what_is_searched_is_counted(ask, retriever, model):
    from app import ask as ask_within

    answer = ask_within("What is in here?", retriever.within(Filter(source=GARDEN)))
    assert answer.text.startswith("1 document is indexed (1 .md), 2 passages")
    answer = ask_within("What is in here?", retriever.within(Filter(file_type="pdf")))
    assert answer.text == "No document is indexed where the search is to look."
