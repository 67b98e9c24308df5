"""Rows of tables stay whole, and each passage of a table knows its header."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answering.sentences import sentence_spans
from ingest.chunk import cut
from ingest.document import Document, DocumentBuilder
from ingest.prepare import Preparer
from ingest.scan import File
from tests.ingest.test_chunk import count_words

CELLS = st.text(alphabet="abc XYZ 012.,|", max_size=12)


def staff(rows: int) -> Document:
    builder = DocumentBuilder()
    builder.add("Who earns what.")
    table = [["Name", "Salary"], *([f"Person {row}", f"{1000 + row}"] for row in range(rows))]
    builder.add_table(table, header_rows=1)
    builder.add("That was the table.")
    return builder.build("text/plain")


def test_each_passage_of_a_long_table_has_whole_rows_and_the_header():
    document = staff(80)
    passages = cut(document, count_words, 60)
    inside = [p for p in passages if "Person" in document.text[p.start : p.end]]
    assert len(inside) > 5
    for passage in inside[1:]:
        lines = document.text[passage.start : passage.end].split("\n")
        rows = [line for line in lines if "Person" in line]
        assert all(line.startswith("| Person") and line.endswith(" |") for line in rows)
        assert passage.context == "| Name | Salary |"
    assert inside[0].context == ""


@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=3), max_size=30))
def test_no_row_is_cut_that_fits_a_passage(rows: list[list[str]]):
    builder = DocumentBuilder()
    builder.add("Text before.")
    builder.add_table(rows)
    document = builder.build("text/plain")
    starts = {passage.start for passage in cut(document, count_words, 40)}
    for table in document.tables:
        lines = document.text[table.start : table.end].split("\n")
        place = table.start
        for line in lines:
            assert not starts & set(range(place + 1, place + len(line)))
            place += len(line) + 1


@pytest.mark.parametrize("words", range(40, 56))
def test_no_row_is_cut_because_of_the_heading_above_it(words: int):
    builder = DocumentBuilder()
    builder.add_heading(1, "What each pump of the lower station is for")
    builder.add_table([["seal " * words, "x"], ["flange " * words, "y"]])
    document = builder.build("text/plain")
    for passage in cut(document, count_words, 60):
        assert document.text[passage.start : passage.end].count("|") in (0, 3, 6)


def test_the_header_is_embedded_in_front_of_rows_and_stored_with_them():
    prepared = Preparer(count_words, 500, 60).prepare(staff(80), File("/a/staff.md", 1, 1), "v")
    chunk, title = prepared.chunks[3], prepared.titles[3]
    assert chunk.context == "| Name | Salary |"
    assert chunk.content == f"| Name | Salary |\n{chunk.text}"
    assert title.endswith("| Name | Salary |")
    assert "Name" not in chunk.text


@pytest.mark.parametrize("unit", [".", "?! ", "- ", "| ", "x. ", "。", "a\n", "#", "a: b\n", "ab"])
def test_cutting_and_reading_sentences_take_linear_time(unit: str):
    def seconds(size: int) -> float:
        text = f"{unit * size}x"
        began = time.process_time()
        cut(Document(text=text.strip(), media_type="text/plain"), len, 200)
        sentence_spans(text)
        return time.process_time() - began

    seconds(100)
    small, large = (min(seconds(size) for _ in range(3)) for size in (4_000, 40_000))
    assert large < 60 * max(small, 0.003)
