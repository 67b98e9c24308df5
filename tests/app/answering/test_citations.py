from hypothesis import given
from hypothesis import strategies as st

from app.answering.citations import check_citations
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


@given(st.lists(WORDS, max_size=40).map(" ".join) | st.text(max_size=80))
def test_quotes_are_exact_and_numbers_known_whatever_the_model_writes(text):
    checked = check_citations(text, [PUMP, LEAVE])
    for citation in checked.citations:
        assert citation.chunk is (PUMP, LEAVE)[citation.number - 1]
        assert 0 <= citation.start < citation.end <= len(citation.chunk.text)
        assert citation.quote == citation.chunk.text[citation.start : citation.end]
        assert citation.quote == citation.quote.strip()
        start, end = citation.document_span
        assert (start - citation.chunk.start, end - start) == (citation.start, len(citation.quote))
    assert all(span.of(checked.text) for span in checked.unsupported)
    assert len(checked.unsupported) <= checked.sentences


def quotes(text: str) -> list[tuple[int, str]]:
    return [(c.number, c.quote) for c in check_citations(text, [PUMP, LEAVE]).citations]


def unsupported(text: str) -> list[str]:
    checked = check_citations(text, [PUMP, LEAVE])
    return [span.of(checked.text) for span in checked.unsupported]


def test_a_citation_points_at_the_sentence_that_supports_it():
    assert quotes("Damage by frost is excluded [1].") == [(1, "Frost damage is excluded.")]
    (citation,) = check_citations("Damage by frost is excluded [1].", [PUMP]).citations
    assert citation.document_span == (538, 563)


def test_a_sentence_may_rest_on_neighbouring_sentences():
    text = "The pump's warranty excludes frost damage [1]."
    assert quotes(text) == [(1, "The pump has a warranty of 24 months. Frost damage is excluded.")]


def test_two_numbers_are_two_citations():
    found = quotes("The pump has a warranty and unused days expire [1, 2].")
    assert [number for number, _ in found] == [1, 2]


def test_unknown_numbers_are_dropped_and_code_is_left_alone():
    text = "Unused days expire [2][9]. Frost damage is excluded [0]. See items[7] [1, 8]."
    checked = check_citations(text, [PUMP, LEAVE])
    assert checked.text == ("Unused days expire [2]. Frost damage is excluded. See items[7] [1].")


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
        assert check_citations(text, [PUMP, LEAVE]).text == "Frost damage is excluded [1]."
    assert quotes("Frost damage is excluded from that for everyone [1, 2].") == frost
    assert quotes("Frost damage is excluded [2].") == []


def test_every_number_whose_passage_holds_the_sentence_stays():
    checked = check_citations("Frost damage is excluded [1][2].", [PUMP, PUMP])
    assert [citation.number for citation in checked.citations] == [1, 2]
    assert checked.text == "Frost damage is excluded [1][2]."


def test_doubtful_sentences_are_found_in_the_text_without_dropped_numbers():
    text = "Unused days expire [1][2]. Zebras sleep [1]. Annual leave is 30 days [1, 2]."
    assert unsupported(text) == ["Zebras sleep [1]."]
    assert check_citations(text, [PUMP, LEAVE]).text == (
        "Unused days expire [2]. Zebras sleep [1]. Annual leave is 30 days [2]."
    )


def test_only_white_space_before_a_dropped_number_goes():
    text = "See .gitignore where a != b [9], or ?x [2] !"
    assert check_citations(text, [PUMP, LEAVE]).text == "See .gitignore where a != b, or ?x [2] !"


def test_code_is_no_citation():
    assert unsupported("Frost damage in items[1] is excluded.") != []
    assert unsupported("Frost damage in m[1][1] is excluded.") != []
    assert quotes("Frost damage is excluded[1].") == [(1, "Frost damage is excluded.")]
    chinese = chunk("水泵的保修期为24个月。")
    assert check_citations("水泵的保修期为24个月[1][9]。", [chinese]).text == (
        "水泵的保修期为24个月[1]。"
    )


def test_a_numbered_list_is_judged_by_its_words():
    text = (
        "Here is the summary:\n\n1. The pump has a warranty of 24 months [1].\n"
        "2. Frost damage is excluded [1].\n**3.** Unused days expire [2].\n\n**As a list:**\n"
    )
    checked = check_citations(text, [PUMP, LEAVE])
    assert (checked.sentences, checked.unsupported) == (3, ())
    assert len(checked.citations) == 3
    assert unsupported("The warranty of the pump lasts 36 months [1]:\n- 36. [1]") != []
    assert unsupported("3.6 months of warranty has the pump [1].") != []


def test_sentences_that_claim_nothing_are_not_judged():
    checked = check_citations("Yes. [1] Unused days expire [2].", [PUMP, LEAVE])
    assert (checked.sentences, checked.unsupported) == (1, ())


LEAD = chunk(
    "Zinc shortens a cold by a third in children [2]. Its effect begins on the first day [1, 7]."
)


def test_brackets_that_were_copied_are_the_documents_own():
    for sentence in (
        "Zinc shortens a cold by a third in children [2].",
        "Its effect begins on the first day [1, 7].",
    ):
        for text in (f"{sentence} [1]", f"{sentence[:-1]} [1]."):
            checked = check_citations(text, [LEAD, PUMP])
            assert (checked.text, checked.unsupported) == (text, ())
            assert [(c.number, c.quote) for c in checked.citations] == [(1, sentence)]


def test_copied_brackets_count_as_citations_if_there_is_no_other():
    checked = check_citations("Its effect begins on the first day [1, 7].", [LEAD, PUMP])
    assert checked.text == "Its effect begins on the first day [1]."
    assert [citation.number for citation in checked.citations] == [1]
    checked = check_citations("Zinc shortens a cold by a third in children [2].", [LEAD, PUMP])
    assert checked.citations == ()


def test_the_question_tells_what_a_short_answer_claims():
    passage = chunk("The conductor is Mrs Okafor. The pianist is Mr Lund.")
    asked = "Who is the conductor?"
    assert check_citations("Mrs Okafor [1]", [passage], asked=asked).unsupported == ()
    assert check_citations("Mr Lund [1]", [passage], asked=asked).citations == ()
