from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answering.answer import Sentence
from app.answering.check.checker import Checker, Rejected
from app.answering.check.support import Citation
from retriever import Chunk
from tests.app.fakes import chunk

PUMP = chunk(
    "The pump has a warranty of 24 months. Frost damage is excluded. Call 0800 for service.",
    start=500,
)
LEAVE = chunk("Annual leave is 30 days.\nUnused days expire.", position=1, title="Handbook")
WORDS = st.sampled_from(
    "pump warranty 24 months frost damage leave 30 days expire . ! [1] [2] [3] [0] [1,2] x[7] x[1]"
    " zebra \n\n".split(" ")
)


@dataclass
class Checked:
    """What is left of a text, and what is not."""

    text: str
    citations: list[Citation]
    unsupported: list[str]


def check(text: str, passages: Sequence[Chunk], asked: str = "") -> Checked:
    found = Checker(passages, asked).read(text, complete=True)
    kept = [sentence for sentence in found if isinstance(sentence, Sentence)]
    return Checked(
        "".join(sentence.before + sentence.marked() for sentence in kept),
        [citation for sentence in kept for citation in sentence.citations],
        [rejected.text for rejected in found if isinstance(rejected, Rejected)],
    )


@given(st.lists(WORDS, max_size=40).map(" ".join) | st.text(max_size=80))
def test_quotes_are_exact_and_numbers_known_whatever_the_model_writes(text):
    checked = check(text, [PUMP, LEAVE])
    for citation in checked.citations:
        assert citation.chunk is (PUMP, LEAVE)[citation.number - 1]
        assert 0 <= citation.start < citation.end <= len(citation.chunk.text)
        assert citation.quote == citation.chunk.text[citation.start : citation.end]
        assert citation.quote == citation.quote.strip()
        start, end = citation.document_span
        assert (start - citation.chunk.start, end - start) == (citation.start, len(citation.quote))
    assert all(sentence.strip() for sentence in checked.unsupported)


@given(st.lists(WORDS, max_size=40).map(" ".join), st.data())
def test_what_is_read_while_it_grows_is_what_is_read_at_once(text, data):
    checker, found, at = Checker([PUMP, LEAVE]), [], 0
    while at < len(text):
        at = data.draw(st.integers(at + 1, len(text)))
        found += checker.read(text[:at], complete=False)
    found += checker.read(text, complete=True)
    assert found == Checker([PUMP, LEAVE]).read(text, complete=True)


def quotes(text: str) -> list[tuple[int, str]]:
    return [(c.number, c.quote) for c in check(text, [PUMP, LEAVE]).citations]


def unsupported(text: str) -> list[str]:
    return check(text, [PUMP, LEAVE]).unsupported


def test_a_citation_points_at_the_sentence_that_supports_it():
    assert quotes("Damage by frost is excluded [1].") == [(1, "Frost damage is excluded.")]
    (citation,) = check("Damage by frost is excluded [1].", [PUMP]).citations
    assert citation.document_span == (538, 563)


def test_a_sentence_may_rest_on_neighbouring_sentences():
    text = "The pump's warranty excludes frost damage [1]."
    assert quotes(text) == [(1, "The pump has a warranty of 24 months. Frost damage is excluded.")]


def test_two_numbers_are_two_citations():
    found = quotes("The pump has a warranty and unused days expire [1, 2].")
    assert [number for number, _ in found] == [1, 2]


def test_unknown_numbers_are_dropped_and_code_is_left_alone():
    text = "Unused days expire [2][9]. Frost damage is excluded [0]. See items[7] [1, 8]."
    checked = check(text, [PUMP, LEAVE])
    assert checked.text == "Unused days expire [2]. Frost damage is excluded [1]."
    assert checked.unsupported == ["See items[7]."]


def test_a_number_counts_for_the_sentences_before_it_in_its_paragraph():
    assert unsupported("Annual leave is 30 days. Unused days expire [2].") == []
    assert unsupported("Annual leave is 30 days.\n\nUnused days expire [2].") == [
        "Annual leave is 30 days."
    ]
    assert unsupported("Unused days expire [2]. Annual leave is 30 days.") == [
        "Annual leave is 30 days."
    ]


def test_figures_must_be_in_the_passage():
    assert unsupported("The pump has a warranty of 36 months [1].") != []
    assert unsupported("The pump has a warranty of 24 months [2].") != []


def test_the_title_counts_as_part_of_the_passage():
    assert unsupported("By the handbook annual leave is 30 days [2].") == []


def test_a_number_that_does_not_help_is_dropped():
    frost = [(1, "Frost damage is excluded.")]
    for text in ("Frost damage is excluded [1][2].", "Frost damage is excluded [2] [1]."):
        assert quotes(text) == frost
        assert check(text, [PUMP, LEAVE]).text == "Frost damage is excluded [1]."
    assert quotes("Frost damage is excluded from that for everyone [1, 2].") == frost
    assert quotes("Frost damage is excluded [2].") == []


def test_every_number_whose_passage_holds_the_sentence_stays():
    checked = check("Frost damage is excluded [1][2].", [PUMP, PUMP])
    assert [citation.number for citation in checked.citations] == [1, 2]
    assert checked.text == "Frost damage is excluded [1][2]."


def test_what_is_not_supported_is_told_apart_and_left_out():
    checked = check(
        "Unused days expire [1][2]. Zebras sleep [1]. Annual leave is 30 days [1, 2].",
        [PUMP, LEAVE],
    )
    assert checked.unsupported == ["Zebras sleep."]
    assert checked.text == "Unused days expire [2]. Annual leave is 30 days [2]."


def test_only_white_space_before_a_number_goes():
    code = chunk("See .gitignore where a != b, or ?x !")
    assert check("See .gitignore where a != b [9], or ?x [1] !", [code]).text == (
        "See .gitignore where a != b, or ?x [1]!"
    )


def test_code_is_no_citation():
    assert unsupported("Frost damage in items[1] is excluded.") != []
    assert unsupported("Frost damage in m[1][1] is excluded.") != []
    assert quotes("Frost damage is excluded[1].") == [(1, "Frost damage is excluded.")]
    chinese = chunk("水泵的保修期为24个月。")
    assert check("水泵的保修期为24个月[1][9]。", [chinese]).text == ("水泵的保修期为24个月[1]。")


def test_a_numbered_list_is_judged_by_its_words():
    text = (
        "Here is the summary:\n\n1. The pump has a warranty of 24 months [1].\n"
        "2. Frost damage is excluded [1].\n**3.** Unused days expire [2].\n\n**As a list:**\n"
    )
    checked = check(text, [PUMP, LEAVE])
    assert (len(checked.citations), checked.unsupported) == (3, [])
    assert checked.text == (
        "Here is the summary:\n\n1. The pump has a warranty of 24 months [1].\n"
        "2. Frost damage is excluded [1].\n**3.** Unused days expire [2]."
    )
    assert unsupported("The warranty of the pump lasts 36 months [1]:\n- 36. [1]") != []
    assert unsupported("3.6 months of warranty has the pump [1].") != []


def test_sentences_that_claim_nothing_are_not_judged():
    checked = check("Yes. [1] Unused days expire [2].", [PUMP, LEAVE])
    assert (checked.text, checked.unsupported) == ("Yes. Unused days expire [2].", [])


def test_a_lead_in_without_anything_to_follow_is_not_shown():
    assert check("Here is the list:\n\nZebras sleep [1].", [PUMP]).text == ""


def test_a_model_that_is_stuck_says_it_once():
    assert check("Frost damage is excluded [1]. " * 4, [PUMP]).text == (
        "Frost damage is excluded [1]."
    )


LEAD = chunk(
    "Zinc shortens a cold by a third in children [2]. Its effect begins on the first day [1, 7]."
)


def test_brackets_that_were_copied_are_the_documents_own():
    for sentence in (
        "Zinc shortens a cold by a third in children [2].",
        "Its effect begins on the first day [1, 7].",
    ):
        for text in (f"{sentence} [1]", f"{sentence[:-1]} [1]."):
            checked = check(text, [LEAD, PUMP])
            assert (checked.text, checked.unsupported) == (f"{sentence} [1]", [])
            assert [(c.number, c.quote) for c in checked.citations] == [(1, sentence)]


def test_copied_brackets_count_as_citations_if_there_is_no_other():
    checked = check("Its effect begins on the first day [1, 7].", [LEAD, PUMP])
    assert checked.text == "Its effect begins on the first day [1]."
    assert [citation.number for citation in checked.citations] == [1]
    checked = check("Zinc shortens a cold by a third in children [2].", [LEAD, PUMP])
    assert checked.citations == []


def test_the_question_tells_what_a_short_answer_claims():
    passage = chunk("The conductor is Mrs Okafor. The pianist is Mr Lund.")
    asked = "Who is the conductor?"
    assert check("Mrs Okafor [1]", [passage], asked).unsupported == []
    assert check("Mr Lund [1]", [passage], asked).citations == []
    (rejected,) = Checker([passage], asked).read("Mr Lund [1]", complete=True)
    assert isinstance(rejected, Rejected)
    assert [near.quote for near in rejected.near] == ["The pianist is Mr Lund."]


@pytest.mark.parametrize(
    ("question", "reply", "stands"),
    [
        ("Why are containers less secure?", "than alternatives [1].", False),
        ("Why are containers less secure?", "processes [1].", False),
        ("Why are containers less secure?", "processes can be considered less secure [1].", False),
        ("Why are containers less secure?", "since they share [1].", True),
        ("Why are containers less secure?", "They share the same operating system [1].", True),
        ("Less secure than what?", "than alternatives [1].", False),
        ("What do containers share?", "the same operating system [1].", True),
        ("What are less secure processes?", "less secure [1].", False),
        ("What is less secure, processes or alternatives?", "processes [1].", True),
    ],
)
def test_the_end_of_a_sentence_is_no_answer_but_its_place_is_told(question, reply, stands):
    passage = chunk(
        "Since containers share the same operating system, processes can be considered less "
        "secure than alternatives."
    )
    (read,) = Checker([passage], question).read(reply, complete=True)
    assert isinstance(read, Sentence) is stands
    assert stands or read.near[0].quote.startswith("Since containers share")


@pytest.mark.parametrize("reply", ["What is a Docstring [1]?", "What is a docstring? [1]"])
def test_a_question_of_the_documents_is_no_answer(reply):
    passage = chunk("What is a Docstring? A docstring is a string literal in triple quotes.")
    (read,) = Checker([passage], "docstring which quotes").read(reply, complete=True)
    assert isinstance(read, Rejected)
