import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from embedder import LLM2VecGen
from embedder.encoder import EncoderId
from ingest.__main__ import main
from ingest.console import show_progress
from ingest.pipeline import Progress
from retriever import DEFAULT_ADDRESS, open_index

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "parity" / "qwen3" / "checkpoint"


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "ingest", *map(str, arguments)]


@pytest.fixture(scope="module")
def encoder() -> EncoderId:
    """What opens an index that the command made."""
    return LLM2VecGen.from_pretrained(TINY).id


@pytest.fixture
def docs(folder: Path) -> Path:
    (folder / "duck.md").write_text("# Ducks\n\nDucks eat grass.\n")
    return folder


@pytest.fixture
def run(tmp_path: Path):
    def call(*arguments: str | Path) -> int:
        model = () if arguments[0] == "remove" else ("--model", TINY)
        options = ("--index", tmp_path / "index", *model)
        return main([str(argument) for argument in (*arguments, *options)])

    return call


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        ([], 2),
        (["docs", "--chunk-tokens", "5"], 2),
        (["--what"], 2),
        (["docs", "--rollback"], 2),
        (["--rebuild", "--rollback"], 2),
        (["docs", "--drop-others"], 2),
        (["remove"], 2),
        (["remove", "docs", "--rebuild"], 2),
        (["docs", "--watch", "--rebuild"], 2),
        (["docs", "--watch", "--dry-run"], 2),
        (["docs", "--workers", "2"], 2),
        (["docs", "--ray", "--workers", "0"], 2),
        (["--ray", "docs"], 2),
        (["docs", "--ray", "--watch"], 2),
    ],
)
def test_help_and_usage_errors_come_before_torch(arguments: list[str], code: int):
    script = (
        "import sys\nfrom ingest.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print([m for m in ('torch', 'transformers', 'qdrant_edge') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert done.stdout.endswith("[]\n")
    assert "usage: python -m ingest" in done.stdout + done.stderr


def test_a_ray_that_is_not_installed_is_told_before_torch_is_imported(docs: Path):
    script = (
        "import sys\nsys.modules['ray'] = None\nfrom ingest.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]) + 10 * ('torch' in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(docs), "--ray"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.endswith("not installed: pip install 'duet-rag[ray]'\n")


def test_the_command_with_a_real_model_in_a_process_of_its_own(docs: Path, tmp_path: Path, encoder):
    (docs / "bad.pdf").write_bytes(b"%PDF-1.7 rubbish")
    report = tmp_path / "report.json"
    index = tmp_path / "index"
    done = subprocess.run(
        command(docs, "--index", index, "--model", TINY, "--json", report),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "1 indexed, 1 failed" in done.stdout
    assert "damaged" in done.stdout
    assert json.loads(report.read_text())["totals"]["indexed"] == 1
    with open_index(index, encoder) as opened:
        assert [record.title for record in opened.documents()] == ["Ducks"]


def test_ctrl_c_prints_a_report_and_leaves_a_good_index(docs: Path, tmp_path: Path, encoder):
    for n in range(3_000):
        (docs / f"{n}.txt").write_text(f"Note {n}.")
    index = tmp_path / "index"
    process = subprocess.Popen(
        command(docs, "--index", index, "--model", TINY),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (index / "generations").exists():
        time.sleep(0.1)
        assert process.poll() is None
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert output.startswith("Interrupted. ")
    assert "Traceback" not in errors
    with open_index(index, encoder) as opened:
        assert all(record.complete for record in opened.documents())


def test_a_folder_that_is_not_there_is_one_line(run, tmp_path: Path, capsys):
    assert run(tmp_path / "docz") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.endswith(
        "docz: No such file or directory; nothing was indexed and nothing removed\n"
    )
    assert not (tmp_path / "index").exists()


def test_what_is_named_is_taken_out_also_if_it_is_gone(run, docs: Path, tmp_path: Path, capsys):
    below = docs / "birds"
    below.mkdir()
    for name in ("goose", "swan"):
        (below / f"{name}.txt").write_text(f"The {name} flies.")
    (docs / "birds.txt").write_text("A list of birds.")
    assert run(docs) == 0
    (docs / "birds.txt").unlink()
    capsys.readouterr()
    assert run("remove", docs / "duck.md", docs / "dck.md") == 2
    error = capsys.readouterr().err
    assert f"nothing of {docs / 'dck.md'} is indexed" in error
    assert error.count("\n") == 1
    assert run("remove", docs / "birds.txt") == 0
    assert f"removed {docs / 'birds.txt'}: 1 chunk\n" in capsys.readouterr().out
    assert run("remove", below / ".." / "birds") == 0
    output = capsys.readouterr().out
    assert "goose.txt" in output
    assert "2 documents taken out" in output
    assert (below / "goose.txt").exists()
    assert run("remove", below) == 2
    assert run("remove", docs / "duck.md", "--quiet") == 0
    assert capsys.readouterr().out == ""


def test_nothing_is_taken_out_of_an_index_that_is_not_there(run, docs: Path, tmp_path, capsys):
    assert run("remove", docs) == 2
    assert capsys.readouterr().err.startswith("error: There is no index at ")
    assert not (tmp_path / "index").exists()


def test_an_error_stays_on_one_line_and_does_not_steer_the_terminal(run, docs: Path, capsys):
    taken = docs / "a\n\x1b[2Jb"
    taken.write_text("x")
    assert main([str(docs), "--index", str(taken), "--model", str(TINY)]) == 2
    error = capsys.readouterr().err
    assert r"a\n\x1b[2Jb" in error
    assert error.count("\n") == 1


def test_a_model_that_is_not_there_is_one_line(docs: Path, tmp_path: Path, capsys):
    assert main([str(docs), "--model", str(tmp_path / "model"), "--index", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_a_report_that_cannot_be_written_is_one_line(run, docs: Path, tmp_path: Path, capsys):
    assert run(docs, "--json", tmp_path / "missing" / "report.json") == 2
    output = capsys.readouterr()
    assert "1 indexed" in output.out
    assert output.err.endswith("report.json: No such file or directory\n")


def test_quiet_prints_nothing(run, docs: Path, capsys):
    assert run(docs, "--quiet") == 0
    assert capsys.readouterr().out == ""


def test_a_rebuild_does_not_drop_what_was_not_named(run, docs: Path, capsys):
    (docs / "goose.txt").write_text("Geese fly.")
    assert run(docs) == 0
    assert run(docs / "goose.txt", "--rebuild") == 2
    error = capsys.readouterr().err
    assert "1 of the 2 documents in the index" in error
    assert f"for example {docs / 'duck.md'}: a rebuild" in error
    assert run(docs / "goose.txt", docs / "duck.md", "--rebuild") == 0
    assert "2 indexed" in capsys.readouterr().out


def test_a_rebuild_that_may_drop_others_can_be_rolled_back(run, docs: Path, capsys):
    (docs / "goose.txt").write_text("Geese fly.")
    assert run("--rollback") == 2
    assert "nothing to go back to" in capsys.readouterr().err
    assert run(docs) == 0
    assert run(docs / "goose.txt", "--rebuild", "--drop-others") == 0
    assert run("--rollback") == 0
    assert "the one before again" in capsys.readouterr().out
    assert run(docs) == 0
    assert "2 unchanged" in capsys.readouterr().out
    assert run("--rollback") == 0
    assert run(docs) == 0
    assert "1 indexed, 1 unchanged" in capsys.readouterr().out


def test_a_damaged_index_can_be_rebuilt_from_anything(run, docs: Path, tmp_path: Path):
    (docs / "goose.txt").write_text("Geese fly.")
    assert run(docs) == 0
    (manifest,) = (tmp_path / "index").glob("generations/*/manifest.json")
    manifest.write_text("[]")
    assert run(docs / "goose.txt") == 2
    assert run(docs / "goose.txt", "--rebuild") == 0


def test_an_empty_setting_means_the_default_and_an_empty_address_is_refused(
    docs: Path, tmp_path: Path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUET_INDEX", "")
    assert main([str(docs), "--model", str(TINY)]) == 0
    assert (tmp_path / DEFAULT_ADDRESS / "generations").is_dir()
    assert main([str(docs), "--model", str(TINY), "--index", ""]) == 2
    assert "'' is no address of an index" in capsys.readouterr().err


def test_an_interrupted_rebuild_leaves_the_index_as_it_was(run, docs: Path, capsys, monkeypatch):
    assert run(docs) == 0
    (docs / "goose.txt").write_text("Geese fly.")
    with monkeypatch.context() as patched:
        # Ctrl-C comes with the first sign of progress.
        patched.setattr("ingest.console._PlainLines.__call__", _interrupt)
        assert run(docs, "--rebuild") == 130
    assert "The index is as it was" in capsys.readouterr().out
    assert run(docs) == 0
    assert "1 indexed, 1 unchanged" in capsys.readouterr().out


def test_ctrl_c_before_anything_is_done(run, docs: Path, capsys, monkeypatch):
    monkeypatch.setattr("ingest.scan.scan", _interrupt)
    assert run(docs) == 130
    assert capsys.readouterr().err == "interrupted\n"


def _interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_names_that_terminals_do_not_like_are_printed(run, docs: Path, capsys):
    Path(os.fsdecode(os.fsencode(docs) + b"/bad-\xff.md")).write_text("x")
    (docs / "new\nline.mp3").write_text("x")
    assert run(docs) == 1
    output = capsys.readouterr().out
    assert r"bad-\xff.md" in output
    assert r"new\nline.mp3" in output


def test_a_terminal_that_is_not_utf_8_gets_the_report(docs: Path, tmp_path: Path):
    (docs / "Gänse.mp3").write_text("x")
    done = subprocess.run(
        command(docs, "--index", tmp_path / "index", "--model", TINY),
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "G?nse.mp3" in done.stdout


def test_progress_on_a_terminal():
    stream = io.StringIO()
    with show_progress(Console(file=stream, force_terminal=True, width=120)) as progress:
        progress(Progress(files=1, files_total=4, chunks=12, tokens=2_400))
    assert "1/4 files, 12 chunks" in stream.getvalue()
    assert "tokens/s" in stream.getvalue()


def test_progress_elsewhere_is_a_line_now_and_then(monkeypatch):
    monkeypatch.setattr("ingest.console.PLAIN_INTERVAL", 0.0)
    stream = io.StringIO()
    with show_progress(Console(file=stream)) as progress:
        progress(Progress(files=1, files_total=4, chunks=12, tokens=2_400))
    assert stream.getvalue().startswith("1/4 files, 12 chunks, ")


def test_an_index_in_use_is_told_before_a_model_is_loaded(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("One.")
    index = tmp_path / "index"
    with open_index(index, EncoderId("model", "1", 8)):
        arguments = [tmp_path / "a.txt", "--index", index, "--model", "no/such-model"]
        assert main([str(argument) for argument in arguments]) == 2
    assert "has the index in" in capsys.readouterr().err
