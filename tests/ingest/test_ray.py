"""The same as a plain run, on a Ray of two workers in this machine; some are killed."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

pytest.importorskip("ray", reason="needs duet-rag[ray]")

import ray

from embedder import LLM2VecGen
from ingest import Report, ingest
from ingest.__main__ import main
from ingest.changes import Job
from ingest.cluster.connection import ClusterError, Share, connected, share
from ingest.cluster.crew import Crew, WorkerLostError, answer
from ingest.cluster.elsewhere import Elsewhere
from ingest.pipeline import bring_in_line
from ingest.report import Entry, Outcome
from ingest.scan import File
from ingest.sniff import Format
from ingest.worker import Identity, ParserWorker
from retriever import Index, open_index

PARITY = Path(__file__).parents[1] / "parity"
CHECKPOINT = PARITY / "qwen3" / "checkpoint"
CHUNK_TOKENS = 40


@pytest.fixture(scope="module")
def encoder() -> LLM2VecGen:
    return LLM2VecGen.from_pretrained(CHECKPOINT)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Share]:
    with connected("local", 2) as shared:
        yield shared


@pytest.fixture(scope="module")
def elsewhere(encoder: LLM2VecGen, cluster: Share) -> Iterator[Elsewhere]:
    with Elsewhere(encoder, str(CHECKPOINT), CHUNK_TOKENS, cluster) as stages:
        yield stages


@pytest.fixture
def new_index(tmp_path: Path, encoder: LLM2VecGen) -> Iterator[Callable[[str], Index]]:
    opened: list[Index] = []

    def new(name: str) -> Index:
        opened.append(open_index(tmp_path / name, encoder.id))
        return opened[-1]

    yield new
    for index in opened:
        index.close()


@pytest.fixture
def documents(folder: Path) -> Path:
    """Of several kinds, with what is copied, skipped and damaged; three batches or so."""
    for n in range(10):
        (folder / f"{n}.txt").write_text("\n\n".join(f"Note {n}.{m} of ducks." for m in range(60)))
    (folder / "goose.md").write_text("# Geese\n\n## Food\n\nGeese eat grass.\n")
    (folder / "page.html").write_text("<title>Swans</title><p>Swans mate for life.</p>")
    (folder / "copy of 3.txt").write_bytes((folder / "3.txt").read_bytes())
    (folder / "empty.md").write_text(" \n")
    (folder / "damaged.pdf").write_bytes(b"%PDF-1.7 rubbish")
    (folder / "song.mp3").write_text("x")
    return folder


def check_same(run: Report, index: Index, plain: Report, plain_index: Index) -> None:
    """Reports, ids, payloads and vectors are those of a plain run."""
    assert run.entries == plain.entries
    assert run.embedded_chunks == plain.embedded_chunks
    assert run.embedded_tokens == plain.embedded_tokens
    assert index.documents() == plain_index.documents()
    for record in plain_index.documents():
        expected = plain_index.chunks(record.document_id)
        assert index.chunks(record.document_id) == expected
        np.testing.assert_allclose(
            index.vectors(record.document_id), plain_index.vectors(record.document_id), atol=1e-5
        )


def until(found: Callable[[], object]) -> None:
    """Looks again and again, and fails after two minutes."""
    due = time.monotonic() + 120
    while not found():
        assert time.monotonic() < due
        time.sleep(0.002)


def workers(doing: str = "") -> list[psutil.Process]:
    """Processes of workers that are ready, or that are in a method: Ray says so in their title."""
    title = f"ray::Worker{doing}"
    processes = psutil.Process().children(recursive=True)
    return [process for process in processes if _title(process).startswith(title)]


def _title(process: psutil.Process) -> str:
    try:
        return "".join(process.cmdline())
    except psutil.Error:
        return ""


def test_it_ends_as_a_plain_run(documents: Path, encoder, elsewhere: Elsewhere, new_index):
    plain, index = new_index("plain"), new_index("ray")
    expected = ingest([documents], encoder, plain, chunk_tokens=CHUNK_TOKENS)
    report = bring_in_line([documents], elsewhere, index)
    check_same(report, index, expected, plain)
    assert (report.note, report.count(Outcome.INDEXED)) == ("", 13)
    again = bring_in_line([documents], elsewhere, index)
    assert (again.embedded_chunks, again.count(Outcome.UNCHANGED)) == (0, 13)


def test_what_a_lost_worker_was_doing_is_done_by_another(
    documents: Path, encoder, elsewhere: Elsewhere, new_index
):
    plain, index = new_index("plain"), new_index("ray")
    killed: list[int] = []

    def kill_one_that_embeds() -> bool:
        for worker in workers(".embed"):
            worker.suspend()  # what it is doing now it never ends
            if _title(worker).startswith("ray::Worker.embed"):
                worker.kill()
                killed.append(worker.pid)
                return True
            worker.resume()
        return False

    killer = threading.Thread(target=until, args=(kill_one_that_embeds,))
    killer.start()
    report = bring_in_line([documents], elsewhere, index)
    killer.join()
    assert len(killed) == 1
    expected = ingest([documents], encoder, plain, chunk_tokens=CHUNK_TOKENS)
    check_same(report, index, expected, plain)
    assert report.note == "1 worker was lost, and others did the work"
    until(lambda: len(workers()) == 2)


def test_a_file_that_crashes_its_parser_fails_alone(folder: Path, elsewhere: Elsewhere, new_index):
    index = new_index("ray")
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text(f"File {name}.")
    bring_in_line([folder], elsewhere, index)
    parsers = [child for worker in workers() for child in worker.children()]
    for parser in parsers:
        parser.suspend()
    (folder / "crash.txt").write_text("This one.")

    def crash() -> bool:
        for parser in parsers:
            if _waits_to_be_read(parser):
                parser.send_signal(signal.SIGSEGV)
                parser.resume()
                return True
        return False

    killer = threading.Thread(target=until, args=(crash,))
    killer.start()
    report = bring_in_line([folder], elsewhere, index)
    killer.join()
    for parser in parsers:
        if parser.is_running():
            parser.resume()
    assert [(entry.outcome, entry.detail) for entry in report.entries] == [
        (Outcome.UNCHANGED, ""),
        (Outcome.UNCHANGED, ""),
        (Outcome.FAILED, "crashed the parser (SIGSEGV)"),
    ]
    assert bring_in_line([folder], elsewhere, index).count(Outcome.INDEXED) == 1


def _waits_to_be_read(process: psutil.Process) -> bool:
    """Whether a request lies in the pipe that is its standard input."""
    with Path(f"/proc/{process.pid}/fd/0").open("rb", buffering=0) as pipe:
        count = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    return any(count)


def test_a_file_that_is_gone_before_it_is_sent_fails_alone(folder: Path, elsewhere: Elsewhere):
    path = str(folder / "gone.txt")
    job = Job(File(path, 1, 1), Identity(Format.TEXT, "0"), "0", known=False)
    with ParserWorker() as parser:
        read = elsewhere.read(job, parser)()
    assert read == Entry(path, Outcome.FAILED, "cannot be read: No such file or directory")


@pytest.mark.parametrize(
    ("checkpoint", "message"),
    [
        (
            "llama/checkpoint",
            "cannot take part: its encoder is llama/checkpoint@.*, this machine's",
        ),
        ("nothing", "cannot take part: .*nothing"),
    ],
)
def test_a_worker_with_another_model_is_refused(
    checkpoint: str, message: str, folder: Path, encoder, cluster: Share, new_index
):
    (folder / "a.txt").write_text("A note.")
    with (
        Elsewhere(encoder, str(PARITY / checkpoint), CHUNK_TOKENS, Share(1, 0, 0)) as stages,
        pytest.raises(ClusterError, match=message),
    ):
        bring_in_line([folder], stages, new_index("ray"))


def test_what_kills_each_worker_is_given_up_and_the_rest_is_done(cluster: Share):
    class Fragile:
        def work(self, number: int) -> int:
            if number < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return number

    actor = ray.remote(Fragile).options(num_cpus=0)
    with Crew(actor.remote, lambda each: answer(each.work.remote(0)), size=2) as crew:
        with pytest.raises(WorkerLostError, match="took down 2 workers, one after the other"):
            crew.call("work", -1, attempts=2)
        assert [crew.call("work", n, attempts=2) for n in range(5)] == [0, 1, 2, 3, 4]
        assert crew.lost == 2
    with pytest.raises(ClusterError, match="the run was ended"):
        crew.call("work", 1, attempts=2)


def test_workers_that_never_become_ready_end_the_run(cluster: Share):
    class Stillborn:
        def work(self) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

    actor = ray.remote(Stillborn).options(num_cpus=0)
    with (
        Crew(actor.remote, lambda each: answer(each.work.remote()), size=1) as crew,
        pytest.raises(ClusterError, match="3 workers in a row were lost before they were ready"),
    ):
        crew.call("work", attempts=2)


def machine(cores: int, gpus: int = 0, *, alive: bool = True) -> dict[str, object]:
    return {"Alive": alive, "Resources": {"CPU": cores, "GPU": gpus} if gpus else {"CPU": cores}}


@pytest.mark.parametrize(
    ("machines", "wanted", "expected"),
    [
        ([machine(8)], None, Share(1, 8, 0)),
        ([machine(8), machine(16), machine(0), machine(64, alive=False)], None, Share(2, 8, 0)),
        ([machine(8), machine(16)], 3, Share(3, 4, 0)),
        ([machine(2)], 4, Share(4, 0.5, 0)),
        ([machine(16, 4), machine(16, 4)], None, Share(8, 4, 1)),
        ([machine(16, 1)], 2, Share(2, 8, 0.5)),
    ],
)
def test_how_a_cluster_is_shared(machines, wanted: int | None, expected: Share):
    assert share(machines, wanted) == expected


def test_a_cluster_without_cores_is_told():
    with pytest.raises(ClusterError, match="no machine of the Ray cluster offers a CPU core"):
        share([machine(0)], None)


def test_the_command_tells_where_no_cluster_is(folder: Path, tmp_path: Path, capsys):
    (folder / "a.txt").write_text("A note.")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    assert main([str(folder), "--index", str(tmp_path / "index"), "--ray", address]) == 2
    told = f"error: no Ray cluster at {address}: Connection refused; nothing was changed\n"
    assert capsys.readouterr().err == told
    assert not (tmp_path / "index").exists()


def test_the_command_on_a_ray_of_its_own(folder: Path, tmp_path: Path, encoder, monkeypatch):
    for n in range(3):
        (folder / f"{n}.txt").write_text(f"Note {n}.")
    monkeypatch.chdir(PARITY.parents[1])
    report, index = tmp_path / "report.json", tmp_path / "index"
    model = CHECKPOINT.relative_to(PARITY.parents[1])  # a worker runs elsewhere
    command = [
        sys.executable,
        "-m",
        "ingest",
        "--quiet",
        str(folder),
        "--ray",
        "--index",
        str(index),
    ]
    done = subprocess.run(
        [*command, "--model", str(model), "--json", str(report)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert Report.from_json(report.read_text()).count(Outcome.INDEXED) == 3
    with open_index(index, encoder.id) as opened:
        assert len(opened.documents()) == 3
