"""Which files of a folder are read: patterns, `.gitignore`, and folders that were emptied."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from embedder import LLM2VecGen
from ingest.__main__ import main
from ingest.errors import InputError
from ingest.report import Outcome
from ingest.scan import scan
from ingest.selection import Selection
from retriever import open_index, present_documents

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "parity" / "qwen3" / "checkpoint"


@pytest.fixture
def docs(folder: Path) -> Path:
    for name in ("a.md", "b.txt", "drafts/c.md", "old/drafts/d.md", "old/e.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"The text of {name}.")
    return folder


@pytest.fixture
def run(tmp_path: Path):
    def call(*arguments: str | Path) -> int:
        index = ("--index", tmp_path / "index", "--model", TINY)
        return main([str(argument) for argument in (*arguments, *index)])

    return call


def names(folder: Path, selection: Selection) -> list[str]:
    found = scan([folder], selection=selection)
    return [Path(file.path).relative_to(folder).as_posix() for file in found.files]


@pytest.mark.parametrize(
    ("selection", "read"),
    [
        (Selection(), ["a.md", "b.txt", "drafts/c.md", "old/drafts/d.md", "old/e.md"]),
        (Selection(include=["*.md"]), ["a.md", "drafts/c.md", "old/drafts/d.md", "old/e.md"]),
        (Selection(include=["*.md"], exclude=["drafts/"]), ["a.md", "old/e.md"]),
        (Selection(exclude=["/drafts"]), ["a.md", "b.txt", "old/drafts/d.md", "old/e.md"]),
        (Selection(include=["old/**/*.md", "*.txt"]), ["b.txt", "old/drafts/d.md", "old/e.md"]),
        (Selection(exclude=["*", "!*.txt"]), ["b.txt"]),
    ],
)
def test_patterns_choose_files_as_in_gitignore(docs: Path, selection: Selection, read: list[str]):
    assert names(docs, selection) == read


def test_what_is_excluded_is_told_apart_from_what_cannot_be_read(docs: Path):
    (docs / "empty.md").touch()
    found = scan([docs], selection=Selection(include=["*.md"], exclude=["drafts/"]))
    told = {entry.path.removeprefix(f"{docs}/"): entry for entry in found.entries}
    assert {name: entry.detail for name, entry in told.items()} == {
        "b.txt": "no --include fits",
        "drafts": "by --exclude",
        "empty.md": "empty file",
        "old/drafts": "by --exclude",
    }
    assert told["b.txt"].outcome is Outcome.EXCLUDED
    assert told["empty.md"].outcome is Outcome.SKIPPED


def test_gitignore_files_count_where_they_lie_and_the_inner_one_has_the_last_word(docs: Path):
    (docs / ".gitignore").write_text("*.md\n!a.md\n")
    (docs / "old" / ".gitignore").write_text("!e.md\n")
    assert names(docs, Selection(gitignore=True)) == ["a.md", "b.txt", "old/e.md"]
    assert len(names(docs, Selection())) == 5


def test_a_file_that_is_given_itself_is_read_in_any_case(docs: Path):
    found = scan([docs / "a.md"], selection=Selection(exclude=["*.md"]))
    assert [Path(file.path).name for file in found.files] == ["a.md"]


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(InputError, match=r"expected patterns as in \.gitignore"):
        Selection(include=["!"])


def test_what_is_excluded_later_stays_in_the_index_and_is_no_failure(run, docs: Path, tmp_path):
    assert run(docs) == 0
    assert run(docs, "--exclude", "*.md") == 0
    assert len(present_documents(str(tmp_path / "index"))) == 5


def test_an_emptied_folder_loses_its_documents_only_if_one_says_so(
    run, docs: Path, tmp_path: Path, capsys
):
    other = tmp_path / "other"
    other.mkdir()
    (other / "f.md").write_text("Another text.")
    assert run(docs / "old", other) == 0
    for path in (docs / "old" / "e.md", docs / "old" / "drafts" / "d.md"):
        path.unlink()
    (docs / "old" / "drafts").rmdir()
    capsys.readouterr()
    for given in ([docs / "old", other], [docs / "old"], [docs / "old", other, "--dry-run"]):
        assert run(*given) == 2
        assert "--yes" in capsys.readouterr().err
    assert len(present_documents(str(tmp_path / "index"))) == 3
    assert run(docs / "old", "--yes") == 0
    assert "2 removed" in capsys.readouterr().out
    assert len(present_documents(str(tmp_path / "index"))) == 1


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    run, docs: Path, tmp_path: Path, capsys
):
    assert run(docs, "--dry-run") == 0
    assert capsys.readouterr().out == "Nothing was changed. It would be:\n5 indexed\n"
    assert not (tmp_path / "index").exists()
    assert run(docs) == 0
    (docs / "a.md").write_text("Another text.")
    (docs / "b.txt").rename(docs / "c.txt")
    (docs / "old" / "e.md").unlink()
    (docs / "new.md").write_text("New.")
    before = present_documents(str(tmp_path / "index"))
    capsys.readouterr()
    assert run(docs, "--dry-run") == 0
    output = capsys.readouterr().out
    assert "It would be:\n1 indexed, 2 unchanged, 1 replaced, 1 moved, 1 removed" in output
    assert "embedded" not in output
    assert present_documents(str(tmp_path / "index")) == before


def test_changes_are_taken_up_until_ctrl_c(docs: Path, tmp_path: Path):
    # The index lies among the documents: writing it must not count as a change of theirs.
    index = docs / "index"
    command = [sys.executable, "-u", "-m", "ingest", docs, "--index", index, "--model", TINY]
    process = subprocess.Popen(
        [*command, "--watch"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    try:
        assert any(line.startswith("Watching for changes") for line in lines)
        (docs / "a.md").rename(docs / "z.md")
        assert any("1 moved" in line for line in lines)
        (docs / "z.md").write_text("Geese fly.")
        assert any("1 replaced" in line for line in lines)
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert "tokens embedded" not in output, "it woke itself up"
    with open_index(index, LLM2VecGen.from_pretrained(TINY).id) as opened:
        names = {os.path.basename(record.source) for record in opened.documents()}  # noqa: PTH119
    assert names == {"b.txt", "c.md", "d.md", "e.md", "z.md"}


def test_a_folder_that_is_empty_for_a_while_ends_no_watch(folder: Path, tmp_path: Path):
    command = [sys.executable, "-u", "-m", "ingest", folder, "--index", tmp_path / "index"]
    process = subprocess.Popen(
        [*command, "--model", TINY, "--watch"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    try:
        assert any(line.startswith("Watching for changes") for line in lines)
        (folder / "a.md").write_text("Geese fly.")
        assert any("1 indexed" in line for line in lines)
        (folder / "a.md").unlink()
        time.sleep(2)
        (folder / "b.md").write_text("Ducks swim.")
        assert any("1 indexed, 1 removed" in line for line in lines)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert errors.count("error: no files in") >= 1
    assert "Traceback" not in errors
