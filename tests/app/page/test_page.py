"""The page in Streamlit's own test runner; `test_browser` drives it for real."""

import json
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.library.uploads import Uploads
from app.runtime import Runtime, share
from app.settings import Settings
from embedder.errors import DuetError
from retriever import Retriever, open_index
from tests.app.fakes import ScriptedModel

QUESTION = "How long does the warranty of the pump last?"
PAGE = Path(__file__).parents[3] / "app" / "page" / "main.py"


def page(runtime: Runtime) -> AppTest:
    share(runtime)
    return AppTest.from_file(PAGE, default_timeout=30)


def ask(at: AppTest, runtime: Runtime, question: str) -> None:
    """Ask, and look at the page when the answer is there."""
    at.chat_input[0].set_value(question).run()
    finish(at, runtime)


def finish(at: AppTest, runtime: Runtime) -> None:
    """Look at the page when the answer is there."""
    conversation = at.query_params["conversation"]
    for _ in range(400):
        if not any(live and not live.done for _, live in runtime.desk.turns(conversation)):
            break
        time.sleep(0.05)
    at.run()


def upload(at: AppTest, runtime: Runtime, name: str, content: bytes, kind: str) -> None:
    """Give a file, and look at the page when it is done with."""
    at.file_uploader[0].upload(name, content, kind).run()
    for job in runtime.library.jobs.listed():
        runtime.library.jobs.wait(job.id)
    at.run()


def texts(at: AppTest) -> str:
    return " ".join(element.proto.body for element in at.get("html"))


@pytest.fixture
def runtime(retriever, tmp_path):
    runtime = Runtime(lambda: retriever, uploads=tmp_path / "uploads")
    yield runtime
    runtime.desk.close()
    runtime.suggestions.close()


def test_a_question_is_answered_with_its_sources(runtime, model):
    model.reply = "The warranty of the pump lasts 24 months [1]."
    at = page(runtime).run()
    assert "2 documents" in texts(at)
    ask(at, runtime, QUESTION)
    assert "lasts 24 months" in texts(at)
    assert "<mark>The warranty of the pump lasts 24 months.</mark>" in texts(at)
    assert "<summary>[1] handbook.pdf, page 4</summary>" in texts(at)
    assert 'href="#answer-1-1"' in texts(at)
    assert '<div id="answer-1-1" tabindex="0">' in texts(at)
    assert not at.exception


def test_quotes_and_what_was_left_out_are_announced(runtime, model):
    model.context_tokens = 112
    at = page(runtime).run()
    ask(at, runtime, QUESTION)
    captions = " ".join(caption.value for caption in at.main.caption)
    assert "In the documents' own words" in captions
    assert "Left out for length" in captions
    model.reply = (
        "The warranty of the pump lasts 24 months [1]. It starts on the day of delivery [1]. "
        "Batteries are sold separately [1]."
    )
    ask(at, runtime, QUESTION)
    assert "left out" in " ".join(caption.value for caption in at.main.caption).casefold()
    assert "Batteries are sold separately" in texts(at)  # under how it was found
    assert "How this was found" in [e.label for e in at.main.expander]


def test_a_follow_up_is_understood_and_said(runtime, model):
    at = page(runtime).run()
    model.reply = "The warranty of the pump lasts 24 months [1]."
    ask(at, runtime, QUESTION)
    ask(at, runtime, "And when does it start?")
    captions = " ".join(caption.value for caption in at.main.caption)
    assert "Understood as: When does the warranty of the pump start?" in captions.replace("\\", "")


def test_errors_are_clear_lines_and_the_conversation_goes_on(runtime):
    at = page(runtime).run()
    ask(at, runtime, "word " * 300)
    assert "300 tokens" in at.error[0].value
    ask(at, runtime, "Who won the football world cup in Brazil?")
    assert "The documents do not say." in texts(at)
    assert len(at.chat_message) == 4


def test_a_bug_in_one_answer_does_not_end_the_conversation(runtime, model, caplog):
    model.stream = None
    at = page(runtime).run()
    ask(at, runtime, QUESTION)
    assert "Something went wrong" in at.error[0].value
    assert "TypeError" in caplog.text
    ask(at, runtime, "Who won the football world cup in Brazil?")
    assert "The documents do not say." in texts(at)
    assert not at.exception


def test_the_source_filter_limits_the_answer(runtime, model):
    at = page(runtime).run()
    assert at.multiselect[0].options == ["garden.md", "handbook.pdf"]
    at.multiselect[0].select("garden.md").run()
    ask(at, runtime, QUESTION)
    assert "24 months" not in texts(at)
    assert at.multiselect[0].value == ["/docs/garden.md"]  # for the next question
    assert r"In garden\.md" in [caption.value for caption in at.main.caption]


def test_a_conversation_is_found_again_opened_and_deleted(runtime, model):
    model.reply = "The warranty of the pump lasts 24 months [1]."
    first, second = page(runtime).run(), page(runtime).run()
    ask(first, runtime, QUESTION)
    assert len(first.chat_message) == 2
    assert len(second.run().chat_message) == 0
    second.text_input(key="search").set_value("24 months").run()
    conversation = first.query_params["conversation"]
    second.button(key=f"open-{conversation}").click().run()
    assert "lasts 24 months" in texts(second)
    first.text_input(key="search").set_value("nowhere").run()
    assert "None has these words." in [caption.value for caption in first.sidebar.caption]
    runtime.desk.delete(conversation)
    assert "deleted" in second.run().warning[0].value
    assert not second.exception


def test_a_conversation_is_shown_to_nobody_but_its_owner(runtime):
    at = page(runtime)
    at.query_params["conversation"] = runtime.conversations.begin("What does Bob ask?", "bob")
    assert "not here" in at.run().warning[0].value
    assert "What does Bob ask?" not in texts(at)


def test_a_turn_cut_off_by_the_servers_end_can_be_asked_again(runtime, model):
    model.reply = "The warranty of the pump lasts 24 months [1]."
    conversation = runtime.conversations.begin(QUESTION)
    turn = runtime.conversations.add(conversation, QUESTION)
    at = page(runtime)
    at.query_params["conversation"] = conversation
    at.run()
    assert "server stopped" in at.warning[0].value
    at.button(key=f"again-{turn.id}").click().run()
    finish(at, runtime)
    assert "lasts 24 months" in texts(at)
    assert not at.warning


def test_suggested_questions_are_asked_with_a_click(runtime, retriever, monkeypatch):
    monkeypatch.setattr(runtime.suggestions, "ready", lambda _: ["Who won in Brazil?"])
    at = page(runtime).run()
    at.button(key="suggest-Who won in Brazil?").click().run()
    assert at.query_params["conversation"]
    assert "Who won in Brazil?" in texts(at)


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
        runtime = Runtime(lambda: Retriever(model, index), uploads=tmp_path / "uploads")
        at = page(runtime).run()
        assert "Nothing is indexed" in texts(at)
        upload(at, runtime, "broken.pdf", b"%PDF-1.4 broken", "application/pdf")
        assert at.error[0].value.startswith(r"broken\.pdf: failed")
        (job,) = runtime.library.jobs.listed()
        other = page(runtime).run()  # another browser, and this one after a reload
        assert other.error[0].value.startswith(r"broken\.pdf: failed")
        other.button(key=f"retry-{job.id}").click().run()
        assert runtime.library.jobs.wait(job.id).state == "failed"
        at.run()
        assert at.error[0].value.startswith(r"broken\.pdf: failed")
        at.button(key=f"dismiss-{job.id}").click().run()
        assert not at.error
        assert runtime.library.jobs.listed() == []
        good = b"# Zoo\n\n## Night quarters\n\nThe zebra sleeps in the barn.\n"
        upload(at, runtime, "zoo.md", good, "text/markdown")
        assert any(caption.value.endswith(r"zoo\.md: indexed") for caption in at.sidebar.caption)
        ask(at, runtime, "Where does the zebra sleep?")
        assert "zoo.md" in texts(at)
        runtime.close()


def test_an_upload_that_goes_on_after_a_restart_is_followed(tmp_path):
    model = ScriptedModel()
    with open_index(tmp_path / "index", model.id) as index:
        uploads = Uploads(tmp_path / "uploads")
        uploads.accept(Path("zoo.md"), [b"The zebra sleeps in the barn."])
        uploads.close()
        runtime = Runtime(lambda: Retriever(model, index), uploads=tmp_path / "uploads")
        runtime.warm_up().join()
        (job,) = runtime.library.jobs.listed()
        runtime.library.jobs.wait(job.id)
        at = page(runtime).run()
        assert any(caption.value.endswith(r"zoo\.md: indexed") for caption in at.sidebar.caption)
        at.button(key="clear-jobs").click().run()
        assert not any("indexed" in caption.value for caption in at.sidebar.caption)
        runtime.close()


def test_documents_are_found_by_name_and_read_in_order(runtime):
    share(runtime)

    def script() -> None:
        from app.page.documents import show_documents
        from app.runtime import shared

        show_documents(shared())

    at = AppTest.from_function(script, default_timeout=30).run()
    captions = [caption.value for caption in at.caption]
    assert captions == ["2 documents, 4 passages"]
    assert at.dataframe[0].value["Document"].tolist() == ["garden.md", "handbook.pdf"]
    at.text_input[0].set_value("HANDbook").run()
    assert at.dataframe[0].value["Document"].tolist() == ["handbook.pdf"]
    at.selectbox[0].select_index(0).run()
    at.button[0].click().run()
    told = texts(at)
    assert told.index("page 4") < told.index("24 months") < told.index("Annual leave")
    assert not at.dataframe
    at.button[0].click().run()
    at.text_input[0].set_value("nothing of this name").run()
    assert not at.dataframe
    at.query_params["document"] = "removed"
    assert "not here" in at.run().warning[0].value
    assert not at.exception


def drawn(runtime: Runtime, page: str) -> AppTest:
    """Another page than the chat, by its module's name."""
    share(runtime)

    def script(name: str) -> None:
        from importlib import import_module

        from app.runtime import shared

        getattr(import_module(f"app.page.{name}"), f"show_{name}")(shared())

    return AppTest.from_function(script, args=(page,), default_timeout=30)


def test_the_map_shows_each_passage_and_where_a_question_leads(runtime):
    at = drawn(runtime, "map").run()
    assert len(at.get("vega_lite_chart")) == 1
    at.text_input(key="map-question").set_value(QUESTION).run()
    points, found, asked = layers(at)
    assert [row["document"] for row in points].count("garden.md") == len(points) / 2 == 2
    assert found[0]["place"] == "handbook.pdf, page 4"
    assert asked[0]["text"] == QUESTION
    assert f"Expected: {QUESTION}" in texts(at)
    assert "<li>handbook.pdf, page 4<div" in texts(at)
    at.radio(key="map-layout").set_value("neighbour").run()
    points, found, asked = layers(at)
    lying = {row["text"]: (row["x"], row["y"]) for row in points}
    for row in found:
        assert lying[row["text"]] == pytest.approx((row["x"], row["y"]), abs=1)
    assert not at.exception


def layers(at: AppTest) -> list[list[dict]]:
    """What the points of each layer of the map are."""
    spec = json.loads(at.get("vega_lite_chart")[0].proto.spec)
    return [{**spec, **layer}["data"]["values"] for layer in spec["layer"]]


def test_a_map_wants_passages(tmp_path):
    model = ScriptedModel()
    with open_index(tmp_path / "index", model.id) as index:
        runtime = Runtime(lambda: Retriever(model, index), uploads=tmp_path / "uploads")
        assert "three passages" in drawn(runtime, "map").run().caption[0].value


def test_where_answers_are_written_is_told_and_the_key_is_not(retriever, tmp_path):
    environ = {"DUET_GENERATION_URL": "http://gpu:8000/v1", "DUET_GENERATION_KEY": "sk-hidden"}
    settings = Settings.of(environ, {"--generation-model": "llama"})
    runtime = Runtime(lambda: retriever, uploads=tmp_path / "uploads", settings=settings)
    at = drawn(runtime, "settings").run()
    for told in (
        "written at http://gpu:8000/v1",
        "<td>llama</td>",
        "are sent there",
        "<td>***</td>",
    ):
        assert told in texts(at)
    chat = page(runtime).run()
    captions = " ".join(caption.value for caption in chat.sidebar.caption)
    assert "written at http://gpu:8000/v1" in captions.replace("\u2060", "")  # no link of it
    assert "hidden" not in f"{at}{chat}"


def test_settings_say_what_is_set_and_by_whom_and_count_for_the_next_question(
    retriever, tmp_path, model
):
    settings = Settings.of({"DUET_INDEX": "x"}, {"--model": "scripted"})
    runtime = Runtime(lambda: retriever, uploads=tmp_path / "uploads", settings=settings)
    at = drawn(runtime, "settings").run()
    for told in ("scripted@000000000000", "<td>--model</td>", "<td>DUET_INDEX</td>", "4 passages"):
        assert told in texts(at)
    at.radio[0].set_value("lexical").run()
    at.slider[0].set_value(1).run()
    chat = page(runtime)
    chat.session_state["policy"] = at.session_state["policy"]
    model.reply = "The warranty of the pump lasts 24 months [1]."
    ask(chat.run(), runtime, QUESTION)
    ((turn, _),) = runtime.desk.turns(chat.query_params["conversation"])
    assert [hit.score != 0 for hit in turn.answer.sources] == [True]
    assert turn.answer.kind == "generated"
    runtime.desk.close()
    runtime.suggestions.close()
