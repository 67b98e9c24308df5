import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answering.sentences import Span, sentence_spans


def sentences(text: str) -> list[str]:
    return [span.of(text) for span in sentence_spans(text)]


@given(st.text(alphabet=st.sampled_from('aB1 .!?\n#-|[]()"。他\t2'), max_size=200) | st.text())
def test_sentences_cover_everything_but_white_space_in_order(text):
    spans = sentence_spans(text)
    position = 0
    for span in spans:
        assert not text[position : span.start].strip()
        assert span.of(text) == span.of(text).strip() != ""
        position = span.end
    assert not text[position:].strip()


@pytest.mark.parametrize(
    "text",
    [
        "See Fig. 3 for details, e.g. the valve by J. Smith et al. in No. 4.",
        "It weighs 3.5 kg.",
        "Use file.txt or www.example.org now.",
    ],
)
def test_abbreviations_and_figures_do_not_end_a_sentence(text):
    assert sentences(text) == [text]


def test_citations_and_quotation_marks_belong_to_their_sentence():
    text = 'One thing. [1] Another [2]. "Stop!" Then (really.) **The** end.'
    assert sentences(text) == [
        "One thing. [1]",
        "Another [2].",
        '"Stop!"',
        "Then (really.)",
        "**The** end.",
    ]


def test_full_width_marks_need_no_space():
    assert sentences("他们说。好的！") == ["他们说。", "好的！"]


def test_entries_of_a_form_are_sentences_and_one_line_like_them_is_prose():
    form = "Agreement 7\n**Tenant:** Maria Costa\nDeposit: 1,800 EUR\nPets: not\n  allowed"
    assert sentences(form) == [
        "Agreement 7",
        "**Tenant:** Maria Costa",
        "Deposit: 1,800 EUR",
        "Pets: not\n  allowed",
    ]
    prose = "They met at\nNoon: the bells rang\nand rang."
    assert sentences(prose) == [prose]


def test_headings_lists_and_tables_are_blocks():
    text = (
        "# Returns\nWithin 30 days\nof delivery\n- by post\n- in a shop\n\n2.3 How To\nDo it\n| a |"
    )
    assert sentences(text) == [
        "# Returns",
        "Within 30 days\nof delivery",
        "- by post",
        "- in a shop",
        "2.3 How To",
        "Do it",
        "| a |",
    ]


def test_a_list_number_belongs_to_its_item():
    text = "Steps:\n1. Open the valve. Wait.\n2) Fill it.\n\n(3.) Close it. It has 4. Really."
    assert sentences(text) == [
        "Steps:",
        "1. Open the valve.",
        "Wait.",
        "2) Fill it.",
        "(3.) Close it.",
        "It has 4.",
        "Really.",
    ]


def test_a_span_is_a_slice():
    assert Span(1, 3).of("abcd") == "bc"
