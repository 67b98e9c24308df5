import errno
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.library import Library
from app.library.uploads import MOST_BYTES, Uploads
from app.runtime import Runtime
from embedder.errors import DuetError
from ingest import ingest
from retriever import Retriever, open_index
from tests.app.fakes import ScriptedModel, pdf

BARN = b"# Notes\n\nThe zebra sleeps in the barn of the old mill.\n"


class SlowModel(ScriptedModel):
    """Encodes passages once it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.free = threading.Event(), threading.Event()

    def encode_documents(self, texts, titles=None):
        self.begun.set()
        assert self.free.wait(30)
        return super().encode_documents(texts, titles)


def started(tmp_path: Path, model: ScriptedModel) -> Runtime:
    return Runtime(
        lambda: Retriever(model, open_index(tmp_path / "index", model.id)),
        uploads=tmp_path / "uploads",
    )


@pytest.fixture
def library(tmp_path, model):
    runtime = started(tmp_path, model)
    yield runtime.library
    runtime.close()


def add(library: Library, name: str, content: bytes):
    return library.jobs.wait(library.add_upload(name, [content]).id)


def found(library: Library, words: str) -> list[str]:
    """The texts with these words, of what is indexed."""
    index = library._open().index
    chunks = [c for record in index.documents() for c in index.chunks(record.document_id)]
    return [chunk.text for chunk in chunks if words in chunk.text]


def lying(folder: Path) -> list[str]:
    """The uploaded files that are indexed."""
    return sorted(path.name for path in (folder / "uploads").glob("*") if path.is_file())


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_an_upload_is_kept_and_searchable_and_a_new_version_replaces_it(library, tmp_path):
    job = add(library, "notes.md", BARN)
    assert (job.state, job.detail, job.chunks, job.chunks_total) == ("done", "indexed", 1, 1)
    kept = tmp_path / "uploads" / "notes.md"
    assert [record.source for record in library.documents()] == [kept.resolve().as_posix()]
    assert add(library, "notes.md", BARN.replace(b"barn", b"garden shed")).detail == "replaced"
    (text,) = found(library, "zebra")
    assert "garden shed" in text
    assert lying(tmp_path) == ["notes.md"]
    assert add(library, "notes.md", kept.read_bytes()).state == "done"


def test_what_is_no_document_is_not_kept(library, tmp_path):
    job = add(library, "broken.pdf", b"%PDF-1.4 broken")
    assert job.state == "failed"
    assert job.detail.startswith("failed, ")
    assert lying(tmp_path) == []
    assert library.documents() == []


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("notes.md", BARN, b" \n"),
        ("notes.pdf", pdf(["The zebra sleeps in the barn."]), b"%PDF-1.4 broken"),
    ],
    ids=["no text", "damaged"],
)
def test_a_new_version_that_is_no_document_leaves_the_former_one(
    library, tmp_path, name, good, bad
):
    add(library, name, good)
    assert add(library, name, bad).state == "failed"
    assert lying(tmp_path) == [name]
    assert (tmp_path / "uploads" / name).read_bytes() == good
    assert "barn" in found(library, "zebra")[0]


def test_files_of_a_folder_stay_apart_and_empty_folders_go(library, tmp_path):
    for month in ("may", "june"):
        add(library, f"{month}/minutes.md", f"In {month} we met once.".encode())
    assert len(library.documents()) == 2
    for record in library.documents():
        assert library.is_upload(record)
        library.remove(record)
    assert lying(tmp_path) == []
    assert not (tmp_path / "uploads" / "may").exists()


def test_what_failed_is_kept_until_it_is_tried_again_or_dismissed(library, tmp_path, monkeypatch):
    broken = add(library, "broken.pdf", b"%PDF-1.4 broken")
    assert files(tmp_path / "uploads" / ".incoming").count("broken.pdf") == 1
    assert library.jobs.retry(broken.id)
    again = library.jobs.wait(broken.id)
    assert (again.state, again.detail) == ("failed", broken.detail)
    assert library.jobs.dismiss(broken.id)
    assert files(tmp_path / "uploads" / ".incoming").count("broken.pdf") == 0
    assert not library.jobs.retry(broken.id)

    from app.library import jobs

    monkeypatch.setattr(jobs, "MOST_FAILED_BYTES", 30)
    first = add(library, "first.pdf", b"%PDF-1.4 broken 1")
    add(library, "second.pdf", b"%PDF-1.4 broken 2")
    assert "first.pdf" not in files(tmp_path / "uploads" / ".incoming")
    assert library.jobs.get(first.id) is None
    assert "second.pdf" in files(tmp_path / "uploads" / ".incoming")


def test_a_retry_finishes_what_failed_for_a_moment(tmp_path, model):
    problems = [DuetError("the index is locked")] * 2

    def connect() -> Retriever:
        if problems:
            raise problems.pop()
        return Retriever(model, open_index(tmp_path / "index", model.id))

    runtime = Runtime(connect, uploads=tmp_path / "uploads")
    jobs = runtime.library.jobs
    job = jobs.wait(runtime.library.add_upload("notes.md", [BARN]).id, 20)
    assert (job.state, job.detail) == ("failed", "the index is locked")
    assert jobs.retry(job.id)
    assert jobs.wait(job.id, 20).state == "done"
    assert lying(tmp_path) == ["notes.md"]
    runtime.close()


def test_what_failed_is_told_and_not_tried_by_the_next_start(tmp_path, model):
    runtime = started(tmp_path, model)
    add(runtime.library, "notes.md", BARN)
    failed = add(runtime.library, "notes.md", b" \n")
    runtime.close()
    again = started(tmp_path, model)
    again.library.resume()
    (job,) = again.library.jobs.listed()
    assert (job.name, job.state, job.detail) == ("notes.md", "failed", failed.detail)
    assert len(found(again.library, "zebra")) == 1
    assert again.library.jobs.dismiss(job.id)
    assert lying(tmp_path) == ["notes.md"]
    again.close()


def test_a_process_leaves_alone_what_another_is_about(tmp_path):
    """Two that share a server's index took the same upload, and indexed it twice."""
    first, second = Uploads(tmp_path / "uploads"), Uploads(tmp_path / "uploads")
    first.accept(Path("notes.md"), [BARN])
    second.accept(Path("other.md"), [BARN])
    assert second.left() == []
    first.close()  # as its end does, a kill, too
    (arrival,) = second.left()
    assert arrival.name == Path("notes.md")
    assert second.left() == first.left() == []
    arrival.put()
    arrival.settle()
    assert (tmp_path / "uploads" / "notes.md").read_bytes() == BARN
    first.close()
    second.close()


def test_what_a_dead_process_left_goes_to_one_of_many(tmp_path):
    dead = Uploads(tmp_path / "uploads")
    for number in range(20):
        dead.accept(Path(f"{number}.md"), [BARN])
    dead.close()
    living = [Uploads(tmp_path / "uploads") for _ in range(8)]
    with ThreadPoolExecutor() as pool:
        taken = list(pool.map(Uploads.left, living))
    names = [str(arrival.name) for each in taken for arrival in each]
    assert sorted(names) == sorted(f"{number}.md" for number in range(20))
    for each in living:
        each.close()


def test_a_full_disk_is_told_and_leaves_the_former_version(library, tmp_path, monkeypatch):
    add(library, "notes.md", BARN)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DuetError, match="uploads: No space left"):
        library.add_upload("notes.md", [b"Other words."])
    assert lying(tmp_path) == ["notes.md"]
    assert (tmp_path / "uploads" / "notes.md").read_bytes() == BARN


def test_a_file_that_is_too_long_is_refused_while_it_comes(library, tmp_path):
    part = bytes(1 << 24)
    sent = []

    def parts():
        for _ in range(2 * MOST_BYTES // len(part)):
            sent.append(1)
            yield part

    with pytest.raises(DuetError, match="at most 512 MB"):
        library.add_upload("long.md", parts())
    assert len(sent) == MOST_BYTES // len(part) + 1
    assert lying(tmp_path) == []


def test_a_document_is_taken_out_and_an_uploaded_file_with_it(library, tmp_path):
    other = tmp_path / "other.md"
    other.write_text("The elephant sleeps in the barn, too.")
    add(library, "notes.md", BARN)
    job = library.jobs.wait(library.add_paths([other]).id)
    assert (job.state, job.name) == ("done", "other.md")
    for record in library.documents():
        library.remove(record)
    assert library.documents() == []
    assert found(library, "barn") == []
    assert other.exists()
    assert lying(tmp_path) == []
    assert (tmp_path / "uploads").stat().st_mode & 0o777 == 0o700


def test_long_titles_that_begin_alike_stay_apart(library):
    for end in ("one", "two"):
        add(library, "報告" * 60 + f"{end}.md", f"This is part {end} of it.".encode())
    assert len(library.documents()) == 2


def test_a_changed_file_is_indexed_again_and_a_lost_one_told(library, tmp_path):
    note = tmp_path / "note.md"
    note.write_text("The zebra sleeps in the barn.")
    library.jobs.wait(library.add_paths([note]).id)
    (record,) = library.documents()
    note.write_text("The zebra sleeps in the tower of the mill.")
    assert library.jobs.wait(library.index_again(record).id).detail == "replaced"
    note.unlink()
    gone = library.jobs.wait(library.index_again(record).id)
    assert (gone.state, "note.md" in gone.detail) == ("failed", True)


def test_one_waits_for_another_and_either_can_be_cancelled(tmp_path):
    model = SlowModel()
    runtime = started(tmp_path, model)
    library = runtime.library
    first = library.add_upload("first.md", [BARN])
    second = library.add_upload("second.md", [BARN])
    third = library.add_upload("third.md", [b"The elephant sleeps in the tower."])
    assert model.begun.wait(30)
    assert [job.state for job in library.jobs.listed()] == ["waiting", "waiting", "running"]
    assert library.jobs.cancel(second.id)
    assert library.jobs.cancel(first.id)
    model.free.set()
    assert library.jobs.wait(third.id).state == "done"
    assert library.jobs.wait(first.id).state == "cancelled"
    assert library.jobs.wait(second.id).detail == "cancelled before it began"
    assert lying(tmp_path) == ["third.md"]
    assert [Path(record.source).name for record in library.documents()] == ["third.md"]
    assert not library.jobs.cancel(third.id)
    for job in library.jobs.listed():
        library.jobs.dismiss(job.id)
    assert library.jobs.listed() == []
    runtime.close()


@pytest.mark.parametrize("former", [False, True])
def test_what_was_taken_when_the_server_ended_is_indexed_by_the_next(tmp_path, former):
    model = SlowModel()
    model.free.set()
    runtime = started(tmp_path, model)
    if former:
        add(runtime.library, "first.md", b"The lion sleeps in the barn.")
    model.free.clear()
    model.begun.clear()
    runtime.library.add_upload("first.md", [BARN])
    runtime.library.add_upload("second.md", [b"The elephant sleeps in the barn."])
    assert model.begun.wait(30)
    ending = threading.Thread(target=runtime.close)
    ending.start()
    time.sleep(0.2)
    model.free.set()
    ending.join(30)

    again = started(tmp_path, ScriptedModel())
    again.library.resume()
    for job in again.library.jobs.listed():
        assert again.library.jobs.wait(job.id).state == "done"
    assert len(again.library.jobs.listed()) == 2
    assert len(found(again.library, "elephant")) == 1
    assert len(found(again.library, "zebra")) == 1
    assert found(again.library, "lion") == []
    assert lying(tmp_path) == ["first.md", "second.md"]
    again.close()


@pytest.mark.parametrize("moment", ["received", "put", "indexed"])
def test_a_kill_at_any_moment_leaves_what_the_next_start_finishes(tmp_path, model, moment):
    runtime = started(tmp_path, model)
    add(runtime.library, "notes.md", b"The lion sleeps in the barn.")
    uploads = Uploads(tmp_path / "uploads")
    arrival = uploads.accept(Path("notes.md"), [BARN])
    if moment != "received":
        arrival.put()
    if moment == "indexed":
        ingest([arrival.path], model, runtime.retriever.index)
    (tmp_path / "uploads" / ".incoming" / "dead" / "0.part" / "new").mkdir(parents=True)
    uploads.close()
    runtime.library.resume()
    (job, *_) = runtime.library.jobs.listed()
    assert runtime.library.jobs.wait(job.id).state == "done"
    assert found(runtime.library, "lion") == []
    assert len(found(runtime.library, "zebra")) == 1
    assert lying(tmp_path) == ["notes.md"]
    runtime.close()


def test_a_job_gives_way_to_who_asks(tmp_path, model):
    runtime = started(tmp_path, model)
    with runtime.suggestions.paused():
        job = runtime.library.add_upload("notes.md", [BARN])
        time.sleep(0.5)
        assert runtime.library.jobs.get(job.id).state == "running"
    assert runtime.library.jobs.wait(job.id, 15).state == "done"
    runtime.close()


def test_a_bug_in_a_job_ends_that_job_alone(library, caplog):
    class Broken:
        def run(self, _control):
            return 1 / 0

        def drop(self) -> None: ...

        size = 0

    job = library.jobs.wait(library.jobs.add("broken", Broken()).id)
    assert (job.state, "log" in job.detail) == ("failed", True)
    assert "ZeroDivisionError" in caplog.text
    assert add(library, "notes.md", BARN).state == "done"


def test_what_comes_while_the_server_starts_is_indexed_once(tmp_path, model):
    runtime = started(tmp_path, model)

    def slowly():
        yield BARN[:10]
        runtime.library.resume()  # as it is called when the model is open
        yield BARN[10:]

    job = runtime.library.add_upload("notes.md", slowly())
    runtime.library.resume()
    assert runtime.library.jobs.wait(job.id).state == "done"
    assert len(runtime.library.jobs.listed()) == 1
    runtime.close()


def test_jobs_go_on_where_the_index_cannot_be_opened(tmp_path, model, caplog):
    problems = [DuetError("the index is locked")] * 2

    def connect() -> Retriever:
        if problems:
            raise problems.pop()
        return Retriever(model, open_index(tmp_path / "index", model.id))

    runtime = Runtime(connect, uploads=tmp_path / "uploads")
    first = runtime.library.jobs.wait(runtime.library.add_upload("a.md", [BARN]).id, 20)
    assert (first.state, first.detail) == ("failed", "the index is locked")
    assert add(runtime.library, "b.md", BARN.replace(b"zebra", b"lion")).state == "done"
    runtime.close()
