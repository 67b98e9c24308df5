from io import StringIO

from rich.console import Console

from app.answering import Answer, Citation
from app.as_data import answer_data
from app.location import location
from app.terminal import harmless, show_answer
from embedder.chat import REFUSAL
from tests.app.fakes import chunk

WARRANTY = "How long does the warranty of the pump last?"


def shown(answer, **options: object) -> str:
    output = StringIO()
    show_answer(answer_data(answer), Console(file=output, width=400, **options))
    return output.getvalue()


def test_sources_doubts_and_what_was_left_out_are_told(ask, model):
    model.context_tokens = 112
    reply = (
        "The warranty of the pump lasts 24 months [1]. It starts on the day of delivery [1]. "
        "Batteries are sold separately [1]."
    )
    text = shown(ask(WARRANTY, reply))
    assert "[1] handbook.pdf, page 4" in text
    assert "“The warranty of the pump lasts 24 months.”" in text
    assert "A sentence of the model's" in text
    assert "Batteries" not in text
    assert "more passages were found" in text


def test_what_comes_closest_is_no_source(ask):
    text = shown(ask("Which colour does the warranty card of the pump have?", REFUSAL))
    assert text.startswith(REFUSAL)
    assert "Closest passages\n[1] handbook.pdf, page 4" in text
    assert "Sources" not in text


def test_markup_of_documents_is_text(ask):
    assert "[bold]" in shown(
        ask(WARRANTY, "The warranty of the [bold]pump[/] lasts 24 months [1].")
    )


def test_a_document_cannot_steer_the_terminal():
    assert harmless("a\x1b[2Jb\r\u202ec\n\u2066\udcff") == "a�[2Jb��c\n��"


def test_a_file_name_cannot_forge_a_second_source():
    cited = Citation(1, chunk("Pumps.", source="/a/b.md\n[2] law.pdf"), 0, 6)
    text = shown(Answer(question="x", understood="x", kind="quoted", quotes=(cited,)))
    assert "[1] b.md [2] law.pdf\n" in text


def test_quotes_in_any_script_stay_word_for_word():
    text = "10\u00a0kg, 東京\u3000都, می\u200cخواهم, क्\u200dष, א\u200fב"
    assert harmless(text) == text


def test_locations():
    assert location(chunk("x", source="/a/b.md")) == "b.md"
    assert location(chunk("x", source="/a/b.pdf", page=3, page_label="3")) == "b.pdf, page 3"
    assert location(chunk("x", source="/a/b.pdf", page=9, page_label="v")) == (
        "b.pdf, page 9 (printed v)"
    )
