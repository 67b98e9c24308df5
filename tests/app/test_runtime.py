from pathlib import Path

import pytest

from app.runtime import Runtime, share, shared
from app.settings import Settings
from embedder.errors import DuetError
from retriever import Retriever, open_index
from tests.app.fakes import ScriptedModel


@pytest.fixture
def runtime(tmp_path):
    def connect() -> Retriever:
        model = ScriptedModel()
        index = open_index(tmp_path / "index", model.id)
        return Retriever(model, index)

    runtime = Runtime(connect, uploads=tmp_path / "uploads")
    yield runtime
    runtime.close()


def test_a_failure_to_open_is_told_and_tried_again(tmp_path, caplog):
    attempts = []

    def connect() -> Retriever:
        attempts.append(1)
        if len(attempts) < 3:
            msg = "the index is locked"
            raise DuetError(msg)
        model = ScriptedModel()
        return Retriever(
            model,
            open_index(tmp_path / "i", model.id),
        )

    runtime = Runtime(connect, uploads=tmp_path)
    assert "opened" in str(runtime.problem)
    runtime.warm_up().join()
    assert runtime.problem == "the index is locked"
    assert "Not ready: the index is locked" in caplog.text  # the terminal of a server
    with pytest.raises(DuetError, match="locked"):
        runtime.library.documents()
    assert runtime.library.documents() == []
    assert runtime.problem is None
    assert runtime.retriever is runtime.retriever
    assert len(attempts) == 3
    runtime.close()


def test_settings_come_from_the_environment_unless_given(tmp_path, checkpoint, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environ = {"DUET_MODEL": str(checkpoint), "DUET_INDEX": "mine/index", "DUET_API_KEY": "k"}
    assert Runtime.from_settings(Settings.of(dict.fromkeys(environ, ""))).keys is None
    runtime = Runtime.from_settings(Settings.of(environ))
    assert runtime.keys.who("k") == ""
    job = runtime.library.add_upload("a.txt", [b"The pump stands in the cellar of the old house."])
    assert runtime.library.jobs.wait(job.id).state == "done"
    assert Path(runtime.retriever.index.address).name == "index"
    assert (tmp_path / "mine" / "uploads" / "a.txt").exists()
    runtime.close()
    options = {"--model": "no/such/folder", "--index": "http://127.0.0.1:9/"}
    other = Runtime.from_settings(Settings.of({}, options))
    assert other.keys is None
    with pytest.raises(DuetError, match="no/such/folder"):
        _ = other.retriever


def test_the_page_needs_a_shared_runtime(runtime, monkeypatch):
    monkeypatch.setattr("app.runtime._shared", None)
    with pytest.raises(DuetError, match="app serve"):
        shared()
    share(runtime)
    assert shared() is runtime
