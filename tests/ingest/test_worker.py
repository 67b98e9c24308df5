import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from ingest.errors import NoTextError, UnreadableError, UnsupportedError
from ingest.parsers.__main__ import ALARM_DELAY
from ingest.sniff import Format
from ingest.version import content_hash
from ingest.worker import ParserWorker, Request


def child() -> psutil.Process:
    for _ in range(100):
        children = psutil.Process().children()
        if children:
            return children[0]
        time.sleep(0.05)
    raise AssertionError


@pytest.fixture
def pipe(tmp_path: Path) -> str:
    """Whoever reads it waits for ever."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return str(path)


@pytest.fixture
def note(tmp_path: Path) -> str:
    path = tmp_path / "note.txt"
    path.write_text("A note.")
    return str(path)


def test_one_process_parses_one_file_after_the_other(note: str, tmp_path: Path):
    empty = tmp_path / "empty.txt"
    empty.write_text(" ")
    with ParserWorker() as worker:
        document, digest = worker.parse(note, Format.TEXT)
        first = child().pid
        with pytest.raises(NoTextError):
            worker.parse(str(empty), Format.TEXT)
        with pytest.raises(UnreadableError, match=r"^cannot be read: No such file or directory$"):
            worker.parse("/no/such/file", Format.TEXT)
        with pytest.raises(UnreadableError, match="not a complete zip archive"):
            worker.parse(note, Format.DOCX)
        worker.parse(note, Format.MARKDOWN)
        assert child().pid == first
    assert document.text == "A note."
    assert digest == content_hash(Format.TEXT, b"A note.")
    assert psutil.Process().children() == []


def test_a_file_that_was_identified_is_not_read_again(tmp_path: Path):
    path = tmp_path / "note.txt"
    path.write_text("A note.")
    with ParserWorker() as worker:
        identity = worker.identify(str(path))
        path.write_text("Something else.")
        document, digest = worker.parse(str(path), identity.format)
        assert document.text == "A note."
        assert digest == identity.content_hash
        assert worker.parse(str(path), Format.TEXT)[0].text == "Something else."
        with pytest.raises(UnsupportedError, match="unsupported type"):
            worker.identify(str(path.rename(tmp_path / "note.mp3")))


def test_a_file_that_takes_too_long_fails_and_the_next_one_is_read(pipe: str, note: str):
    with ParserWorker(seconds=3) as worker:
        with pytest.raises(UnreadableError, match="took longer than 3 s"):
            worker.parse(pipe, Format.TEXT)
        assert worker.parse(note, Format.TEXT)[0].text == "A note."


def test_a_closed_worker_starts_no_process(note: str):
    """A reader that is left closes its workers while others of its threads ask them."""
    worker = ParserWorker()
    worker.parse(note, Format.TEXT)
    worker.close()
    with pytest.raises(UnreadableError, match="reading was ended before"):
        worker.parse(note, Format.TEXT)
    assert psutil.Process().children() == []


def test_a_crash_fails_the_file_and_the_next_one_is_read(pipe: str, note: str):
    with ParserWorker() as worker:
        worker.parse(note, Format.TEXT)
        crash = threading.Timer(0.3, child().send_signal, [signal.SIGSEGV])
        crash.start()
        with pytest.raises(UnreadableError, match=r"crashed the parser \(SIGSEGV\)"):
            worker.parse(pipe, Format.TEXT)
        assert worker.parse(note, Format.TEXT)[0].text == "A note."


def test_a_worker_that_died_while_it_had_nothing_to_do_fails_no_file(note: str):
    with ParserWorker() as worker:
        worker.parse(note, Format.TEXT)
        idle = child()
        idle.kill()
        psutil.wait_procs([idle], timeout=10)
        assert worker.parse(note, Format.TEXT)[0].text == "A note."


def test_a_file_that_needs_too_much_memory_fails(tmp_path: Path):
    large = tmp_path / "large.txt"
    large.write_bytes(b"x" * 300_000_000)
    with (
        ParserWorker(memory_bytes=600_000_000) as worker,
        pytest.raises(UnreadableError, match=r"needs more than 0\.6 GB of memory"),
    ):
        worker.parse(str(large), Format.TEXT)


def test_a_file_that_is_nested_too_deeply_fails(tmp_path: Path):
    deep = tmp_path / "deep.html"
    deep.write_text("<div>" * 5_000 + "Text")
    with ParserWorker() as worker, pytest.raises(UnreadableError, match="nested too deeply"):
        worker.parse(str(deep), Format.HTML)


def worker_alone(*requests: Request) -> int:
    """Runs a worker whose parent is gone after these requests; returns its exit status."""
    sent = b"".join(map(pickle.dumps, requests))
    command = [sys.executable, "-m", "ingest.parsers"]
    return subprocess.run(command, input=sent, stdout=subprocess.DEVNULL, check=False).returncode


def test_a_worker_ends_with_its_parent():
    assert worker_alone() == 0


def test_a_worker_whose_parent_is_gone_ends_even_if_the_file_never_does(pipe: str):
    no_time_left = Request(pipe, Format.TEXT, 1 - ALARM_DELAY, 2**32)
    assert worker_alone(no_time_left) == -signal.SIGALRM


def test_the_time_for_a_file_ends_with_its_answer(note: str):
    """The alarm of a file that had been read long ago ended the worker while it was idle."""
    request = Request(note, Format.TEXT, 3 - ALARM_DELAY, 2**32)
    with subprocess.Popen(
        [sys.executable, "-m", "ingest.parsers"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        for seconds in (3.5, 0):
            pickle.dump(request, worker.stdin)
            worker.stdin.flush()
            assert pickle.load(worker.stdout).document.text == "A note."
            time.sleep(seconds)
        worker.stdin.close()
    assert worker.returncode == 0


def test_ctrl_c_of_a_terminal_does_not_reach_the_worker(note: str):
    """A worker that was still starting printed its traceback between the lines of the report."""
    with ParserWorker() as worker:
        worker.parse(note, Format.TEXT)
        assert os.getpgid(child().pid) != os.getpgid(0)


def test_ctrl_c_in_the_middle_of_a_file_leaves_a_worker_that_works(pipe: str, note: str):
    # Polars, which mteb imports in other tests, makes reads go on after a signal: undo that.
    signal.siginterrupt(signal.SIGINT, True)
    with ParserWorker() as worker:
        worker.parse(note, Format.TEXT)
        threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
        with pytest.raises(KeyboardInterrupt):
            worker.parse(pipe, Format.TEXT)
        assert worker.parse(note, Format.TEXT)[0].text == "A note."
