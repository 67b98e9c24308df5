"""Tables of passages are tables on the page; nothing of a document becomes markup."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from app.answering import Citation
from app.answering.sentences import Span
from app.page.passage_markup import passage_html, whole_rows
from app.page.source_markup import snippet_html
from tests.app.fakes import chunk
from tests.app.page.test_markup import cite

TABLE = "What is paid.\n| Name | Salary |\n| Ada & Co | 1,200 |\n| Bo | 900 |\nThat is all."


def words(page: str) -> str:
    return html.unescape(re.sub("<[^>]*>", "", page))


def test_rows_become_a_table_and_the_quote_is_marked_in_its_cells():
    start = TABLE.index("| Bo")
    page = passage_html(TABLE, [Span(start, start + len("| Bo | 900 |"))])
    assert "<tr><td>Ada &amp; Co</td><td>1,200</td></tr>" in page
    assert "<td><mark>Bo</mark></td><td><mark>900</mark></td>" in page
    assert page.count("<mark>") == 2
    assert page.startswith("What is paid.<div")
    assert page.endswith("</div>That is all.")


def test_rows_that_go_on_have_their_header():
    row = "| Bo | 900 |"
    told = chunk(row, context="| Name | Salary |")
    page = snippet_html([Citation(1, told, 0, len(row))])
    assert '<th scope="col">Salary</th></tr></thead><tbody><tr><td><mark>Bo</mark>' in page
    assert "<th" not in snippet_html(cite(1, text=row))


def test_rows_of_unequal_length_stay_text():
    text = "| a | b |\n| a | b | c |"
    assert passage_html(text) == text


def test_no_row_is_cut_by_what_is_shown():
    place = TABLE.index("1,2")
    assert whole_rows(TABLE, Span(place, place + 3)).of(TABLE) == "| Ada & Co | 1,200 |"
    assert whole_rows(TABLE, Span(2, 6)) == Span(2, 6)


@given(
    text=st.text(alphabet=st.sampled_from("ab<&\"'| \n")),
    place=st.integers(0, 20),
    length=st.integers(1, 20),
)
def test_nothing_is_lost_and_all_is_escaped(text: str, place: int, length: int):
    marks = [Span(place, place + length)]
    page = passage_html(text, marks)
    assert re.sub(r"[|\s]", "", words(page)) == re.sub(r"[|\s]", "", text)
    tags = set(re.findall("<[^>]*>", page))
    assert tags <= {
        *('<div class="duet-scroll" tabindex="0">', '<table class="duet-table">', "<tbody>"),
        *("<tr>", "<td>", "<mark>", "</mark>", "</td>", "</tr>", "</tbody>", "</table>", "</div>"),
    }
