"""Several workers read, ahead of who embeds; what is decided does not depend on who is faster."""

import itertools
from pathlib import Path

import psutil
import pytest

from ingest.changes import Changes, Job
from ingest.embedding_queue import Waiting
from ingest.reader import Reader
from ingest.report import Entry, Outcome
from ingest.scan import Scan, scan
from ingest.stages import Here
from ingest.version import settings_suffix


@pytest.fixture
def here(model) -> Here:
    return Here(model, chunk_tokens=60)


def changes_of(found: Scan, here: Here) -> Changes:
    return Changes(found, [], settings_suffix(here.limit))


def told(read: Entry | Job | Waiting) -> tuple[str, str]:
    match read:
        case Entry(path=path, detail=detail):
            return Path(path).name, detail
        case Job(file):
            return Path(file.path).name, f"as {Path(read.source).name}"
        case Waiting(job, prepared, _):
            return Path(job.file.path).name, prepared.chunks[0].text


def test_the_first_of_several_equal_files_is_read_though_a_large_one_holds_up_its_worker(
    folder: Path, here: Here
):
    (folder / "a.txt").write_text("word " * 2_000_000)
    for name in ("b.txt", "c.txt", "d.txt"):
        (folder / name).write_text("The same words.")
    (folder / "e.mp3").write_text("x")
    found = scan([folder])
    changes = changes_of(found, here)
    with Reader(changes, here) as reader:
        read = [told(each) for each in reader.read(changes.open)]
    assert [name for name, _ in read] == ["a.txt", "b.txt", "c.txt", "d.txt", "e.mp3"]
    assert read[1:] == [
        ("b.txt", "The same words."),
        ("c.txt", "as b.txt"),
        ("d.txt", "as b.txt"),
        ("e.mp3", "unsupported type .mp3"),
    ]


def test_what_is_only_identified_is_not_parsed(folder: Path, here: Here):
    (folder / "damaged.pdf").write_bytes(b"%PDF-1.7 rubbish")
    changes = changes_of(scan([folder]), here)
    with Reader(changes, here) as reader:
        (job,) = reader.identify(changes.open)
    assert isinstance(job, Job)
    assert job.outcome is Outcome.INDEXED


def test_no_more_workers_are_started_than_there_is_work_for(folder: Path, here: Here):
    (folder / "a.txt").write_text("One file.")
    changes = changes_of(scan([folder]), here)
    with Reader(changes, here) as reader:
        assert len(list(reader.read(changes.open))) == 1
        assert len(psutil.Process().children()) == 1
    assert psutil.Process().children() == []


def test_it_reads_only_a_few_files_ahead(folder: Path, here: Here):
    for n in range(60):
        (folder / f"{n:02}.txt").write_text(f"Note {n}.")
    changes = changes_of(scan([folder]), here)
    taken = itertools.count()
    with Reader(changes, here) as reader:
        next(iter(reader.read(file for file in changes.open if next(taken) >= 0)))
    assert next(taken) < 30


def test_leaving_in_the_middle_ends_all_workers(folder: Path, here: Here):
    for n in range(20):
        (folder / f"{n:02}.txt").write_text("word " * 200_000)
    changes = changes_of(scan([folder]), here)
    with Reader(changes, here) as reader:
        next(iter(reader.read(changes.open)))
    assert psutil.Process().children() == []
