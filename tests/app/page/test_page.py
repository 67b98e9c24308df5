"""The page in Streamlit's own test runner; `test_browser` drives it for real."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.runtime import Runtime, share
from embedder.errors import DuetError
from retriever import Retriever, open_index
from tests.app.fakes import ScriptedModel

PAGE = Path(__file__).parents[3] / "app" / "page" / "main.py"


def page(runtime: Runtime) -> AppTest:
    share(runtime)
    return AppTest.from_file(PAGE, default_timeout=30)


def texts(at: AppTest) -> str:
    return " ".join(element.proto.body for element in at.get("html"))


@pytest.fixture
def runtime(retriever, tmp_path):
    return Runtime(lambda: retriever, uploads=tmp_path)


def test_a_question_is_answered_with_its_sources(runtime, model):
    model.reply = "The warranty of the pump lasts 24 months [1]."
    at = page(runtime).run()
    assert "2 documents" in texts(at)
    at.chat_input[0].set_value("How long does the warranty of the pump last?").run()
    assert "lasts 24 months" in texts(at)
    assert "<mark>The warranty of the pump lasts 24 months.</mark>" in texts(at)
    assert "<summary>[1] handbook.pdf, page 4</summary>" in texts(at)
    assert 'href="#answer-1-1"' in texts(at)
    assert '<div id="answer-1-1" tabindex="0">' in texts(at)
    assert not at.exception


def test_quotes_and_what_was_left_out_are_announced(runtime, model):
    model.context_tokens = 112
    at = page(runtime).run()
    at.chat_input[0].set_value("How long does the warranty of the pump last?").run()
    captions = " ".join(caption.value for caption in at.main.caption)
    assert "In the documents' own words" in captions
    assert "Left out for length" in captions
    model.reply = (
        "The warranty of the pump lasts 24 months [1]. It starts on the day of delivery [1]. "
        "Batteries are sold separately [1]."
    )
    at.chat_input[0].set_value("How long does the warranty of the pump last?").run()
    assert "left out" in " ".join(caption.value for caption in at.main.caption)
    assert "Left out" in [e.label for e in at.main.expander]


def test_a_follow_up_is_understood_and_said(runtime, model):
    at = page(runtime).run()
    model.reply = "The warranty of the pump lasts 24 months [1]."
    at.chat_input[0].set_value("How long does the warranty of the pump last?").run()
    at.chat_input[0].set_value("And when does it start?").run()
    captions = " ".join(caption.value for caption in at.main.caption)
    assert "Understood as: When does the warranty of the pump start?" in captions.replace("\\", "")


def test_errors_are_clear_lines_and_the_conversation_goes_on(runtime):
    at = page(runtime).run()
    at.chat_input[0].set_value("word " * 300).run()
    assert "300 tokens" in at.error[0].value
    at.chat_input[0].set_value("Who won the football world cup in Brazil?").run()
    assert "The documents do not say." in texts(at)
    assert len(at.chat_message) == 4


def test_a_bug_in_one_answer_does_not_end_the_conversation(runtime, model, caplog):
    model.stream = None
    at = page(runtime).run()
    at.chat_input[0].set_value("How long does the warranty of the pump last?").run()
    assert "Something went wrong" in at.error[0].value
    assert "TypeError" in caplog.text
    at.chat_input[0].set_value("Who won the football world cup in Brazil?").run()
    assert "The documents do not say." in texts(at)
    assert not at.exception


def test_the_source_filter_limits_the_answer(runtime, model):
    at = page(runtime).run()
    at.selectbox[0].select_index(1).run()
    at.chat_input[0].set_value("How long does the warranty of the pump last?").run()
    assert "garden.md" in at.selectbox[0].options[1]
    assert "24 months" not in texts(at)


def test_histories_are_per_visitor(runtime, model):
    model.reply = "The warranty of the pump lasts 24 months [1]."
    first, second = page(runtime).run(), page(runtime).run()
    first.chat_input[0].set_value("How long does the warranty of the pump last?").run()
    assert len(first.chat_message) == 2
    assert len(second.run().chat_message) == 0


def test_an_index_that_cannot_be_opened_is_explained(retriever, tmp_path):
    problems = [DuetError("the index is locked by process 7")]

    def connect():
        if problems:
            raise problems.pop()
        return retriever

    at = page(Runtime(connect, uploads=tmp_path)).run()
    assert at.error[0].value == "the index is locked by process 7"
    at.button[0].click().run()
    assert not at.error
    assert len(at.chat_input) == 1


def test_an_upload_that_is_no_document_is_explained(tmp_path):
    model = ScriptedModel()
    with open_index(tmp_path / "index", model.id) as index:
        at = page(Runtime(lambda: Retriever(model, index), uploads=tmp_path / "uploads")).run()
        assert "Nothing is indexed" in texts(at)
        at.file_uploader[0].upload("broken.pdf", b"%PDF-1.4 broken", "application/pdf").run()
        assert at.error[0].value.startswith(r"broken\.pdf: failed")
        good = b"# Zoo\n\n## Night quarters\n\nThe zebra sleeps in the barn.\n"
        at.file_uploader[0].upload("zoo.md", good, "text/markdown").run()
        assert any(caption.value.endswith(r"zoo\.md: indexed") for caption in at.sidebar.caption)
        assert not at.error
        at.button[0].click().run()
        typed = at.chat_input[0].proto.value
        assert typed == "What do the documents say about Night quarters?"
        at.chat_input[0].set_value(typed).run()
        assert "zoo.md" in texts(at)
