"""Second questions that lean on the first: what they are understood as, and what is found then.

`conversations.jsonl` was written before the rules, `fresh_conversations.jsonl` after them.
"""

import json
from pathlib import Path

import pytest

from app.answering.conversation.followup import Exchange, understood
from ingest import ingest
from retriever import Retriever, open_index

HERE = Path(__file__).parent
DOCUMENTS = HERE / "documents"  # alike enough to be taken for one another; quickly indexed
WRITTEN, FRESH = (
    [json.loads(line) for line in (HERE / name).read_text().splitlines()]
    for name in ("conversations.jsonl", "fresh_conversations.jsonl")
)
CHOIR = Exchange("Who is the treasurer of the choir?", "The treasurer of the choir is Ms Vogt. [1]")
LIGHTHOUSE = Exchange("When does the lighthouse open in summer?", "At 10 am. [1]")
REFUSED = Exchange("Who wrote the minutes?", "The documents do not say.")


def follow(conversation):
    former = Exchange(conversation["question"], conversation["answer"])
    return understood(conversation["follow_up"], [former])


@pytest.mark.parametrize(
    ("former", "question", "expected"),
    [
        (
            CHOIR,
            "And where does she live?",
            "Where does Ms Vogt, who is the treasurer of the choir, live?",
        ),
        (CHOIR, "Who chose her?", "Who chose Ms Vogt, who is the treasurer of the choir?"),
        (
            CHOIR,
            "What is her address?",
            "What is Ms Vogt’s address (who is the treasurer of the choir)?",
        ),
        (LIGHTHOUSE, "And in winter?", "When does the lighthouse open in winter?"),
        (LIGHTHOUSE, "How much does it cost?", "How much does the lighthouse cost?"),
        (LIGHTHOUSE, "Who built its lamp?", "Who built the lighthouse’s lamp?"),
        (
            Exchange("How much does the Basic plan cost?", "9 euros."),
            "What about the Family plan?",
            "How much does the Family plan cost?",
        ),
        (
            Exchange("Which plans are cheap?", "The Basic plan, the Student plan. [1]"),
            "What does the second one cost?",
            "What does the Student plan cost?",
        ),
        (LIGHTHOUSE, "Why?", "Why? (When does the lighthouse open in summer? At 10 am.)"),
        (REFUSED, "Why did they?", "Why did they? (Who wrote the minutes?)"),
        (
            Exchange("What is the fee?", "45 euros."),
            "And of the rowing club?",
            "What is the fee of the rowing club?",
        ),
        (
            Exchange("When does the pool open?", "At nine."),
            "And in winter?",
            "When does the pool open in winter?",
        ),
        (
            Exchange("Where does Tom Frey live?", "In Eutin."),
            "And Anna Weiss?",
            "Where does Anna Weiss live?",
        ),
        (
            Exchange("And the choir? (When does the chess club meet? Mondays.)", "On Thursdays."),
            "Who is its treasurer?",
            "Who is the choir’s treasurer?",
        ),
        (
            Exchange("Is the pool open on Friday?", "It is."),
            "And Monday?",
            "Is the pool open on Monday?",
        ),
        (
            Exchange("When does the Library open?", "At nine."),
            "And Monday?",
            "And Monday? (When does the Library open? At nine.)",
        ),
        (
            Exchange("What does E-4471 mean?", "The belt is worn."),
            "What about E-4472?",
            "What does E-4472 mean?",
        ),
        (
            Exchange("When does the pool open?", "At nine."),
            "And after that?",
            "And after that? (When does the pool open? At nine.)",
        ),
        (
            Exchange("Wer leitet den Chor?", "Frau Vogt."),
            "Und wo wohnt sie?",
            "Und wo wohnt sie? (Wer leitet den Chor? Frau Vogt.)",
        ),
        (
            Exchange("Qui dirige le chœur ?", "Mme Vogt."),
            "Où habite-t-elle ?",
            "Où habite-t-elle ? (Qui dirige le chœur ? Mme Vogt.)",
        ),
    ],
)
def test_a_question_that_refers_back_is_completed(former, question, expected):
    assert understood(question, [former]) == expected


@pytest.mark.parametrize(
    "question",
    [
        "When does the library open?",
        "And who is the treasurer of the chess club?",
        "How does a service mesh protect its services?",
        "What does a user do when they forget their password?",
        "Which club sells its boats?",
        "Is it allowed to burn leaves in the garden?",
        "Is there a fine for parking in the old town?",
        "What does PEP 257 say that docstrings need?",
        "What do the documents say about this year?",
        "Total knee replacement: is it safe in old age?",
        "Which award does the IT department give?",
        "Wie hoch darf der Zaun sein?",
        "Können Sie den Chor beschreiben?",
        "Wie alt war Anna, als sie starb?",
        "Y a-t-il un bus pour le musée ?",
        "它多少钱?",
        "IT 部門はどこですか?",
        "그것은 얼마입니까?",
        "...?",
        "",
    ],
)
def test_another_question_stays_as_it_is(question):
    assert understood(question, [CHOIR]) == question


def test_the_first_question_of_a_conversation_stays_as_it_is():
    assert understood("And where does she live?", []) == "And where does she live?"


def test_after_a_refusal_the_last_answer_is_meant():
    history = [CHOIR, LIGHTHOUSE, REFUSED, REFUSED]
    assert understood("How much does it cost?", history) == "How much does the lighthouse cost?"


def test_a_long_conversation_keeps_what_it_is_about_and_does_not_grow():
    history = [Exchange("May I fell an old beech?", "Only with a permit. " + "word " * 500)]
    for question in ("Why?", "And what is the fine?", "Who else?", "Since when?") * 3:
        asked = understood(question, history)
        assert "beech" in asked
        assert len(asked) <= len(question) + 620
        history.append(Exchange(asked, "Nobody knows. [1]"))


def test_rules_tell_what_refers_back():
    wrong = [
        c["follow_up"]
        for c in (*WRITTEN, *FRESH)
        if (follow(c) == c["follow_up"]) != c.get("alone", False)
    ]
    assert not wrong


@pytest.fixture(scope="module")
def retriever(bundled, tmp_path_factory):
    with open_index(tmp_path_factory.mktemp("followup") / "index", bundled.id) as index:
        ingest([DOCUMENTS], bundled, index)
        yield Retriever(bundled, index)


def found_first(retriever, question, conversation):
    hits = retriever.retrieve(question, 1)
    return Path(hits[0].chunk.source).name == conversation["file"]


@pytest.mark.parametrize("conversations", [WRITTEN, FRESH], ids=["written", "fresh"])
def test_the_right_document_comes_first(retriever, conversations):
    """Here all do, 12 and 6 of them; of the plain follow-ups 3 and 4."""
    follow_ups = [
        c for c in conversations if not c.get("alone") and (DOCUMENTS / c["file"]).exists()
    ]
    found = sum(found_first(retriever, follow(c), c) for c in follow_ups)
    assert found >= 0.85 * len(follow_ups)
