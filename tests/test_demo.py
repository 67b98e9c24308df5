"""The README's first command, on the bundled model: index the samples, ask, cite the right page."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pypdf
import pytest

from app import Duet
from tests.app.generation.chat_server import Failure, chat_server

ROOT = Path(__file__).parents[1]
QUESTION = re.search(r"^QUESTION \?= (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def index_folder(tmp_path_factory):
    """The samples, indexed by the command line."""
    folder = tmp_path_factory.mktemp("demo") / "index"
    done = run("ingest", "data/sample", "--index", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def demo_answer(index_folder):
    with Duet.open(index_folder) as duet:
        return duet.ask(QUESTION)


def test_the_readme_shows_what_the_command_answers(index_folder):
    readme = (ROOT / "README.md").read_text()
    shown = re.search(r"```text\n.*?tokens/s\)\n(.*?)```", readme, re.DOTALL)[1]
    done = run("app", "ask", QUESTION, "--index", index_folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == shown.split()


def squeezed(text):
    return "".join(text.split())


def test_the_demo_answer_quotes_the_page_that_it_cites(demo_answer):
    assert demo_answer.kind in ("generated", "quoted")
    assert demo_answer.citations
    for citation in demo_answer.citations:
        chunk = citation.chunk
        assert chunk.page is not None
        page = pypdf.PdfReader(chunk.source).pages[chunk.page - 1].extract_text()
        assert squeezed(citation.quote) in squeezed(page)


def test_the_demo_answer_is_right(demo_answer):
    assert "Christopher Latham Sholes" in demo_answer.text


def test_a_second_run_embeds_nothing(index_folder, tmp_path):
    done = run("ingest", "data/sample", "--index", index_folder, "--json", tmp_path / "report.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert {entry["outcome"] for entry in report["files"]} == {"unchanged"}


def test_the_terminal_shows_answer_file_page_and_quote(index_folder, demo_answer):
    done = run("app", "ask", QUESTION, "--index", index_folder)
    assert done.returncode == 0, done.stderr
    citation = demo_answer.citations[0]
    assert f"{Path(citation.chunk.source).name}, page {citation.chunk.page}" in done.stdout
    assert squeezed(citation.quote) in squeezed(done.stdout)


def test_another_server_may_write_the_answer(index_folder):
    """The answer and its source, then the documents' own words and what to do about the server."""
    with chat_server() as chat:
        command = ["app", "ask", QUESTION, "--index", index_folder, "--generation-url", chat.url]
        written = run(*command)
        assert chat.received[0].body["messages"][-1]["content"].endswith(f"Question: {QUESTION}")
        chat.failures = [Failure(401)]
        quoted = run(*command)
    assert written.returncode == quoted.returncode == 0, written.stderr + quoted.stderr
    assert "own words" not in written.stdout
    for done in (written, quoted):
        assert "Christopher Latham Sholes" in done.stdout
        assert "page 1" in done.stdout
    assert "wants a key (401): set DUET_GENERATION_KEY" in " ".join(quoted.stdout.split())


def test_answers_are_no_worse_than_when_they_were_last_measured(index_folder):
    """Ten of the questions of the model's card, against `data/baseline.json`."""
    done = run(
        "app", "evaluate", "--questions", "data/questions.jsonl", "--rows", "10",
        "--index", index_folder, "--baseline", "data/baseline.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "right answer, right place" in done.stdout
