import errno
import re
from pathlib import Path

import pytest

from app.runtime import Runtime, safe_name, share, shared
from embedder.errors import DuetError
from ingest import ingest
from retriever import Retriever, open_index
from tests.app.fakes import ScriptedModel, pdf


@pytest.fixture
def runtime(tmp_path):
    def connect() -> Retriever:
        model = ScriptedModel()
        index = open_index(tmp_path / "index", model.id)
        return Retriever(model, index)

    runtime = Runtime(connect, uploads=tmp_path / "uploads")
    yield runtime
    runtime.close()


def test_an_upload_is_kept_and_searchable_and_a_new_version_replaces_it(runtime, tmp_path):
    report = runtime.add_upload("notes.md", b"# Notes\n\nThe zebra sleeps in the barn.\n")
    assert [entry.outcome for entry in report.entries] == ["indexed"]
    kept = tmp_path / "uploads" / "notes.md"
    assert [record.source for record in runtime.documents()] == [kept.resolve().as_posix()]
    runtime.add_upload("notes.md", b"# Notes\n\nThe zebra sleeps in the garden shed.\n")
    (hit,) = runtime.retriever.retrieve("Where does the zebra sleep?")
    assert "garden shed" in hit.chunk.text
    assert len(runtime.documents()) == 1


def test_what_is_no_document_is_not_kept(runtime, tmp_path):
    report = runtime.add_upload("broken.pdf", b"%PDF-1.4 broken")
    assert report.entries[0].outcome in ("failed", "skipped")
    assert list((tmp_path / "uploads").iterdir()) == []
    assert runtime.documents() == []


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("notes.md", b"# Notes\n\nThe zebra sleeps in the barn.\n", b" \n"),
        ("notes.pdf", pdf(["The zebra sleeps in the barn."]), b"%PDF-1.4 broken"),
    ],
    ids=["no text", "damaged"],
)
def test_a_new_version_that_is_no_document_leaves_the_former_one(
    runtime, tmp_path, name, good, bad
):
    runtime.add_upload(name, good)
    report = runtime.add_upload(name, bad)
    assert report.entries[0].outcome in ("failed", "skipped")
    (kept,) = (tmp_path / "uploads").iterdir()
    assert (kept.name, kept.read_bytes()) == (name, good)
    (hit,) = runtime.retriever.retrieve("Where does the zebra sleep?")
    assert "barn" in hit.chunk.text


def test_a_full_disk_is_told_and_leaves_the_former_version(runtime, tmp_path, monkeypatch):
    runtime.add_upload("notes.md", b"The zebra sleeps in the barn of the old mill.")

    def full(path: Path, _content: bytes) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DuetError, match="uploads: No space left"):
        runtime.add_upload("notes.md", b"Other words.")
    (kept,) = (tmp_path / "uploads").iterdir()
    assert b"zebra" in kept.read_bytes()


def test_a_document_is_taken_out_and_an_uploaded_file_with_it(runtime, tmp_path):
    other = tmp_path / "other.md"
    other.write_text("The elephant sleeps in the barn, too.")
    runtime.add_upload("notes.md", b"The zebra sleeps in the barn of the old mill.")
    ingest([other], runtime.retriever.model, runtime.retriever.index)
    runtime.documents()
    for record in runtime.retriever.index.documents():
        runtime.remove(record)
    assert runtime.documents() == []
    assert runtime.retriever.retrieve("Where does the zebra sleep?") == []
    assert other.exists()
    assert list((tmp_path / "uploads").iterdir()) == []
    assert (tmp_path / "uploads").stat().st_mode & 0o777 == 0o700


def test_long_titles_that_begin_alike_stay_apart(runtime):
    for end in ("one", "two"):
        runtime.add_upload("報告" * 60 + f"{end}.md", f"This is part {end} of it.".encode())
    assert len(runtime.documents()) == 2


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
        runtime.documents()
    assert runtime.documents() == []
    assert runtime.problem is None
    assert runtime.retriever is runtime.retriever
    assert len(attempts) == 3
    runtime.close()


def test_settings_come_from_the_environment_unless_given(tmp_path, checkpoint, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environ = {"DUET_MODEL": str(checkpoint), "DUET_INDEX": "mine/index", "DUET_API_KEY": "k"}
    assert Runtime.from_environment(dict.fromkeys(environ, "")).keys is None
    runtime = Runtime.from_environment(environ)
    assert runtime.keys.who("k") == ""
    runtime.add_upload("a.txt", b"The pump stands in the cellar of the old house.")
    assert Path(runtime.retriever.index.address).name == "index"
    assert (tmp_path / "mine" / "uploads" / "a.txt").exists()
    runtime.close()
    other = Runtime.from_environment({}, model="no/such/folder", index="http://127.0.0.1:9/")
    assert other.keys is None
    with pytest.raises(DuetError, match="no/such/folder"):
        _ = other.retriever


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\docs\\a.md", "a.md"),
        (".hidden", "hidden"),
        ("a\x00b\n.md", "a_b_.md"),
        ("..", "upload"),
        ("x" * 250 + ".pdf", "x" * 250 + ".pdf"),
        ("x" * 300 + ".pdf", "x" * 241 + "-HASH.pdf"),
        ("é" * 300 + ".pdf", "é" * 120 + "-HASH.pdf"),
        ("x." + "y" * 300, "x-HASH"),
    ],
)
def test_upload_names_cannot_leave_their_folder(name, safe):
    assert re.sub("-[0-9a-f]{8}", "-HASH", safe_name(name)) == safe
    assert len(safe_name(name).encode()) < 255


def test_the_page_needs_a_shared_runtime(runtime, monkeypatch):
    monkeypatch.setattr("app.runtime._shared", None)
    with pytest.raises(DuetError, match="app serve"):
        shared()
    share(runtime)
    assert shared() is runtime
