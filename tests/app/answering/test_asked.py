"""A sentence about another day, year, office or code is no answer, nor is another entry's value."""

import pytest

from app.answering.check.asked import tells_of_another_time
from app.answering.check.codes import defines
from tests.app.answering.test_support import stands

HOURS = "The library opens at nine on weekdays and at ten on Saturdays. In August it is closed."
GARDEN = (
    "The chair of the garden association is Peter Novak. The water meter is read by Jana Hoff. "
    "The treasurer collects the rent in March. The association was founded by Ida Lund."
)
LEASE = "Tenant: Maria Costa\nLandlord: Hausverein Nord\nDeposit: 1,800 EUR\nMonthly rent: 900 EUR"
REVENUE = "Revenue in 2020 was 5 million euros. From 1994 to 2010 the mill was closed."


@pytest.mark.parametrize(
    ("asked", "answer", "passage"),
    [
        ("When does the library open on Sundays?", "Ten.", HOURS),
        ("When does the library open in July?", "In August it is closed.", HOURS),
        ("Who is the treasurer of the garden association?", "Peter Novak", GARDEN),
        ("Who is the secretary?", "Jana Hoff", GARDEN),
        ("What is the deposit?", "900 EUR", LEASE),
        ("What is the monthly rent?", "1,800 EUR", LEASE),
        ("Who is the landlord?", "Maria Costa", LEASE),
        ("What was the revenue in 2021?", "5 million euros", REVENUE),
    ],
)
def test_the_answer_to_another_question_falls(asked, answer, passage):
    assert not stands(answer, passage, asked)


@pytest.mark.parametrize(
    ("asked", "answer", "passage"),
    [
        ("When does the library open on Saturdays?", "At ten.", HOURS),
        ("When does the library open on Tuesday?", "At nine.", HOURS),
        ("Who is the chair of the garden association?", "Peter Novak", GARDEN),
        ("Who is the chairman?", "Peter Novak", GARDEN),
        ("Who was the founder of the association?", "Ida Lund", GARDEN),
        ("Who reads the water meter?", "Jana Hoff", GARDEN),
        ("What is the deposit?", "1,800 EUR", LEASE),
        ("What is the monthly rent?", "900 EUR", LEASE),
        ("Who is the tenant?", "Maria Costa", LEASE),
        ("What was the revenue in 2020?", "5 million euros", REVENUE),
        ("Was the mill open in 2001?", "From 1994 to 2010 the mill was closed.", REVENUE),
    ],
)
def test_the_answer_to_the_question_stands(asked, answer, passage):
    assert stands(answer, passage, asked)


def test_a_heading_names_the_time_for_what_is_below():
    sentence = "In June 80 people came."
    assert tells_of_another_time("How many came in May?", sentence)
    assert not tells_of_another_time("How many came in May?", sentence, around="May and June")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("What is max_retry_delay?", "Set `max_retry_delay` to 250."),
        ("What does E-4471 mean?", "E-4471: the belt is worn."),
        ("What is error E1707", "E1707 tells that the link is lost."),
        ("What does `useEffect` do?", "useEffect runs after painting."),
        ("What is --force for?", "--force overwrites."),
    ],
)
def test_a_sentence_with_the_code_tells_what_it_means(asked, sentence):
    assert defines(asked, sentence)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("What does E-4471 mean?", "E-44710: the belt is worn."),
        ("What is the price of E-4471?", "E-4471: the belt is worn."),
        ("What is libfoo.so.2?", "It needs libfoo.so.2.1."),
        ("What is the capital?", "The capital is Paris."),
    ],
)
def test_other_questions_are_not_about_what_a_code_means(asked, sentence):
    assert not defines(asked, sentence)
