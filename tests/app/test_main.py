"""The commands in real processes, with a real (random) model."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.__main__ import main
from retriever import open_index

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("DUET_")}
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        env={**inherited, "COLUMNS": "100", **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def address(random_model, tmp_path_factory) -> str:
    """An index that the real ingest made of a file with a hostile line in it."""
    from ingest import ingest

    folder = tmp_path_factory.mktemp("cli")
    text = "# Pump\n\nThe warranty of the pump lasts 24 months.\x1b[2J\n\nFrost is excluded.\n"
    (folder / "pump.md").write_text(text)
    address = str(folder / "index")
    with open_index(address, random_model.id) as index:
        ingest([folder / "pump.md"], random_model, index)
    return address


@pytest.fixture
def environ(address, checkpoint) -> dict[str, str]:
    return {"DUET_MODEL": str(checkpoint), "DUET_INDEX": address}


def test_what_comes_closest_is_shown_with_its_place(environ):
    done = run("ask", "What does the pump weigh?", **environ)
    assert done.returncode == 0, done.stderr
    # Random weights find the question no likelier after the passage: it is the closest, no more.
    # What a model that can read answers, with its sources, tests/test_demo.py sees.
    answer, _, closest = done.stdout.partition("Closest passages")
    assert answer.startswith("The documents do not say.")
    assert "[1] pump.md" in closest
    assert "“The warranty of the pump lasts 24 months." in closest
    assert "\x1b[2J" not in done.stdout


def test_a_terminal_that_is_not_utf_8_gets_an_answer(environ):
    question = "How long does the warranty of the pump last?"
    done = run("ask", question, **environ, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "The warranty of the pump lasts 24 months." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "out", "error"),
    [
        (["ask", "Who won the world cup in Brazil?"], 0, "The documents do not say.", ""),
        (["ask", "word " * 20_000], 2, "", "error: The question has"),
        (["ask", "pump?", "--source", "/no/such"], 2, "", "error: No indexed document is at"),
        (["ask", "pump?", "--source", "~nobody-at-all/x"], 2, "", "error: There is no ~nobody"),
        (["ask", "pump?", "--source", "a\x1b[2J\nb"], 2, "", "/a�[2J b\n"),
        (["ask", "pump?", "--pages", "9-3"], 2, "", "first_page 9 lies after last_page 3"),
        (["ask", "pump?", "--pages", "0"], 2, "", "first_page is 0; expected a page from 1"),
        (["ask", "pump\udcff?"], 2, "", "error: The question has bytes that are not UTF-8"),
        (["ask", " "], 2, "", "error: The question is empty"),
    ],
)
def test_what_cannot_be_answered(environ, arguments, code, out, error, capsys, monkeypatch):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main(arguments) == code
    printed = capsys.readouterr()
    assert out in printed.out
    assert error in printed.err


def test_a_source_in_a_loop_of_links_is_one_line(environ, capsys, monkeypatch, tmp_path):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert main(["ask", "pump?", "--source", str(loop)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--type", "markdown", "--after", "2000-01-01"], True),
        (["--type", "pdf"], False),
        (["--pages", "1-"], False),  # Markdown has no pages
        (["--before", "2000-01-01T12:00"], False),
    ],
)
def test_options_say_which_passages_count(environ, options, found, capsys, monkeypatch):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main(["ask", "How long does the warranty of the pump last?", *options]) == 0
    assert ("24 months" in capsys.readouterr().out) == found


def test_a_source_limits_the_answer(environ, capsys, monkeypatch, address):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    folder = str(Path(address).parent)
    assert main(["ask", "How long does the pump last?", "--source", folder, "--k", "1"]) == 0
    assert "pump.md" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["serve", "--help"]])
def test_help_does_not_load_a_model(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 0
    assert "usage: python -m app" in capsys.readouterr().out
    script = "import sys\nfrom app.__main__ import main\ntry: main(sys.argv[1:])\nfinally: "
    script += "print([m for m in ('torch', 'streamlit', 'rich') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask"],
        ["ask", "x", "--k", "0"],
        ["ask", "x", "--k", "many"],
        ["serve", "--port", "70000"],
        ["ask", "x", "--type", "exe"],
        ["ask", "x", "--pages", "one"],
        ["ask", "x", "--pages", "-3"],
        ["ask", "x", "--after", "yesterday"],
    ],
)
def test_usage_errors(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_missing_index_names_the_command_that_fills_it(capsys, tmp_path, monkeypatch):
    missing = str(tmp_path / "none")
    assert main(["ask", "x", "--index", missing]) == 2
    assert f"python -m ingest FOLDER --index {missing}" in capsys.readouterr().err
    assert not Path(missing).exists()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DUET_INDEX", raising=False)
    assert main(["ask", "x"]) == 2
    assert capsys.readouterr().err.endswith("python -m ingest FOLDER\n")


@pytest.mark.parametrize("command", [["ask", "x"], ["serve"]])
def test_an_index_of_nobody_is_one_line(command, capsys):
    assert main([*command, "--index", "~no-such-user/index"]) == 2
    assert capsys.readouterr().err.endswith("there is no such user. Give another folder.\n")


def test_an_index_that_cannot_be_looked_at_is_one_line(checkpoint, capsys):
    assert main(["ask", "x", "--index", "x" * 300, "--model", str(checkpoint)]) == 2
    assert "cannot be kept in" in capsys.readouterr().err


def test_an_empty_index_does_so_too(tmp_path, random_model, checkpoint, capsys):
    address = str(tmp_path / "index")
    open_index(address, random_model.id).close()
    assert main(["ask", "x", "--index", address, "--model", str(checkpoint)]) == 2
    assert "holds no documents" in capsys.readouterr().err


def test_serving_others_needs_a_key(monkeypatch, capsys):
    monkeypatch.delenv("DUET_API_KEY", raising=False)
    assert main(["serve", "--host", "0.0.0.0"]) == 2
    assert "DUET_API_KEY" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["serve"], ["mcp"], ["ask", "How long?"]])
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--generation-url", "localhost"], "no http:// or https:// address"),
        (["--generation-model", "llama"], "no server is named: set DUET_GENERATION_URL"),
    ],
)
def test_a_server_that_is_none_is_told_at_the_start(
    command, options, told, environ, capsys, monkeypatch
):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main([*command, *options]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("host", ["no host", "x" * 70])
def test_a_host_that_is_none_is_told(host, monkeypatch, capsys):
    monkeypatch.setenv("DUET_API_KEY", "secret")
    assert main(["serve", "--host", host]) == 2
    error = capsys.readouterr().err
    assert f"error: Cannot bind {host} port" in error
    assert "--host" in error


@pytest.mark.parametrize("order", ["serve --port {}", "--port {}", "--port {} serve"])
def test_a_port_in_use_is_told(order, capsys, unused_port):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", unused_port))
        taken.listen()
        assert main(order.format(unused_port).split()) == 2
    assert f"port {unused_port}" in capsys.readouterr().err


@pytest.mark.parametrize("before", [True, False])
def test_a_question_needs_no_quotes_and_options_stand_where_one_likes(before, address, checkpoint):
    question = "How long does the warranty of the pump last?".split()
    where = ["--index", address, "--model", str(checkpoint)]
    done = run(*where, "ask", *question) if before else run("ask", *question, *where)
    assert "“The warranty of the pump lasts 24 months." in done.stdout, done.stderr


def test_an_index_in_use_is_told_before_a_model_is_loaded(address, random_model, capsys):
    with open_index(address, random_model.id):
        assert main(["ask", "pump", "--index", address, "--model", "no/such-model"]) == 2
    assert "has the index in" in capsys.readouterr().err
