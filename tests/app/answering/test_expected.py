"""What kind of thing a question asks for."""

import pytest

from app.answering.expected import may_answer


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How many people came to the fair?", "The fair drew 1,500 visitors in two days."),
        ("How many people came to the fair?", "In 1974 some 1974 guests came."),
        ("How many students were there in all?", "1757"),
        ("How do I write an IPv6 address?", "In square brackets."),
        ("how does React compare them", "Object.is"),
        ("After how many days is it due?", "It is due after 30 days."),
        ("How many lessons are there?", "The course has fourteen lessons."),
        ("How many members can be chosen?", "Voters choose one member for each place."),
        ("How many of them work?", "73% said that they work."),
        ("how many hours is the shop open", "The shop is open 8 hours a day."),
        ("How many gigabytes does it hold?", "It holds 64 GB."),
        ("How many gigabytes does it hold?", "Gigabytes: 64; weight 2 kg."),
        ("How much is the basic plan?", "Basic: $9 a month."),
        ("What torque do the bolts need?", "Tighten the bolts to 12."),
        ("How long do ducks live?", "Most ducks live for 5 to 10 years."),
        ("How long do ducks live?", "They stay until the ice comes."),
        ("How long may I borrow a book?", "A book may be kept a week."),
        ("How long does the effect last?", "It is gone after six hours."),
        ("How long is the bridge?", "The bridge measures 812 m."),
        ("How old was she?", "She was 34."),
        ("What is the fee?", "The fee is 45 euros."),
        ("Who invented the zip?", "Gideon Sundback's zip was patented in 1917."),
        ("Who built the mill?", "He built the mill with his own hands."),
        ("Wie viele Mitglieder hat der Verein?", "Der Verein hat 84 Mitglieder."),
    ],
)
def test_a_sentence_with_what_is_asked_for_may_answer(question, sentence):
    assert may_answer(question, sentence)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How many people came to the fair?", "The fair of 2017 was held again."),
        ("How do I start it with docker?", "--detach."),
        ("Tell me how to start it.", "compose up"),
        ("How many people came to the fair?", "The fair had two halls and lasted 3 hours."),
        ("How many trustees are there?", "Trustees serve under title 11, see 28 U.S.C. § 586."),
        (
            "How many gigabytes does it hold?",
            "It is kept in files, as by Space Technology 5 (ST-5).",
        ),
        ("How many gigabytes does it hold?", "Ada Vogt: Users Guide, 4 464-FSW-HDBK-0138."),
        ("How many soldiers were in the company?", "a single"),
        ("How many nuts are in the box?", "Figure 7-26 shows the nuts [43]."),
        ("What torque do the bolts need?", "There are three kinds of bolts."),
        ("How much is the basic plan?", "The basic plan was made in 2019."),
        ("How long do ducks live?", "Wild ducks live in the great moor, and are hunted [43]."),
        ("How long does the effect last?", "It shortens reactions by 12 percent."),
        ("How old is the bridge?", "The bridge measures 812 m."),
        ("What is the price of a pump?", "The pump weighs 12 kg."),
        ("Who invented the Boots nut?", "The Boots nut is of one piece."),
        ("Who invented the Boots nut?", "Rol-top ones range from No. 6 up to No. 8."),
        ("Wie viele Mitglieder hat der Verein?", "Die Mitglieder wählen den Vorstand."),
    ],
)
def test_a_sentence_without_it_does_not(question, sentence):
    assert not may_answer(question, sentence)


@pytest.mark.parametrize(
    "question", ["Why is the sky blue?", "Who may vote?", "what is a zip", "¿Dónde está?", "", "?"]
)
def test_other_questions_expect_nothing(question):
    assert may_answer(question, "Nothing in particular.")


@pytest.mark.parametrize(
    "question",
    ["Why is there a limit on how long a password can be?", "Does it matter to us how many came?"],
)
def test_a_question_within_a_question_is_not_what_is_asked(question):
    assert may_answer(question, "Long passwords take time to hash.")
