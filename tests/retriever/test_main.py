"""The command, on real indexes; with a real (random) model where one is needed."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from embedder import LLM2VecGen
from embedder.encoder import EncoderId
from ingest import ingest
from retriever import open_index
from retriever.__main__ import main

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "parity" / "qwen3" / "checkpoint"
ENCODER = EncoderId("model", "1", 8)


@pytest.fixture
def address(tmp_path, document) -> str:
    """An index of two documents, three chunks each."""
    with open_index(tmp_path / "index", ENCODER) as index:
        for name in "ab":
            stored = document(f"/docs/{name}.txt", [f"{name} {n}" for n in range(3)])
            index.replace_document(stored.chunks, stored.vectors)
    return str(tmp_path / "index")


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Path:
    """An index that `ingest` made with a model."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "pump.md").write_text("# Pump\n\nThe warranty of the pump lasts 24 months.\x1b[2J\n")
    (folder / "frost.txt").write_text("Frost is excluded.")
    model = LLM2VecGen.from_pretrained(TINY)
    with open_index(folder / "index", model.id) as index:
        ingest([folder / "pump.md", folder / "frost.txt"], model, index)
    return folder


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["search", "--help"], 0),
        ([], 2),
        (["look"], 2),
        (["search"], 2),
        (["search", "x", "--k", "many"], 2),
        (["search", "x", "--pages", "one"], 2),
        (["export"], 2),
        (["migrate", "here"], 2),
    ],
)
def test_help_and_usage_errors_come_before_torch(arguments, code):
    script = (
        "import sys\nfrom retriever.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print([m for m in ('torch', 'transformers', 'qdrant_edge') if m in sys.modules])"
    )
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stdout.endswith("[]\n")
    assert "usage: python -m retriever" in done.stdout + done.stderr


def test_info_says_what_an_index_holds(address, capsys):
    assert main(["info", "--index", address]) == 0
    output = capsys.readouterr().out
    for part in (address, "model@1 (vectors of 8)", "chunks     6", "documents  2", "2 text/plain"):
        assert part in output


@pytest.mark.parametrize(
    "command", [["info"], ["export", "x"], ["search", "x"], ["reindex"]], ids=lambda c: c[0]
)
def test_where_no_index_is_is_one_line(command, tmp_path, capsys):
    missing = tmp_path / "none"
    assert main([*command, "--index", str(missing)]) == 2
    assert capsys.readouterr().err == (
        f"error: There is no index at {missing}. Make it: python -m ingest FOLDER\n"
    )
    assert not missing.exists()


def test_an_export_can_be_imported_elsewhere(address, tmp_path, capsys):
    file, copy = str(tmp_path / "export.jsonl"), str(tmp_path / "copy")
    assert main(["export", file, "--index", address]) == 0
    assert main(["import", file, "--index", copy]) == 0
    assert capsys.readouterr().out == f"6 chunks written to {file}\n6 chunks imported into {copy}\n"
    with open_index(address, ENCODER) as one, open_index(copy, ENCODER) as other:
        assert one.documents() == other.documents()


def test_an_export_that_cannot_be_written_or_read_is_one_line(address, tmp_path, capsys):
    assert main(["export", str(tmp_path / "no" / "file"), "--index", address]) == 2
    assert "cannot be written to" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "nothing"), "--index", address]) == 2
    assert capsys.readouterr().err.endswith("nothing cannot be read: No such file or directory\n")


def _cut(lines):
    return lines[:-1]


def _no_number(lines):
    point = json.loads(lines[2])
    return [*lines[:2], json.dumps({**point, "vector": [None] * 8}), *lines[3:]]


def _not_finite(lines):
    point = json.loads(lines[2])
    return [*lines[:2], json.dumps({**point, "vector": [float("nan")] * 8}), *lines[3:]]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_cut, r"expected all 3 chunks of /docs/b\.txt in order, not 2 in line 5"),
        (_no_number, "in line 3"),
        (_not_finite, "a vector of 8 finite numbers in line 3"),
        (lambda lines: [*lines[:4], "{", *lines[5:]], "a point, as export writes it in line 5"),
        (lambda lines: lines[1:], "the encoder, as export writes it in line 1"),
        (lambda _: [], "the encoder, as export writes it in line 1"),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], "in order"),
    ],
)
def test_a_damaged_export_replaces_nothing(address, tmp_path, document, damage, message, capsys):
    file = tmp_path / "export.jsonl"
    assert main(["export", str(file), "--index", address]) == 0
    lines = damage(file.read_text().splitlines())
    file.write_text("\n".join(lines) + "\n" if lines else "")
    newer = document("/docs/a.txt", ["newer"], version="v2")
    with open_index(address, ENCODER) as index:
        index.replace_document(newer.chunks, newer.vectors)
    capsys.readouterr()
    assert main(["import", str(file), "--index", address]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error)
    assert "Nothing was imported" in error
    with open_index(address, ENCODER) as index:
        assert index.chunks(newer.id) == newer.chunks
        assert index.info().chunks == 4


def test_migrating_copies_and_refuses_what_is_taken(address, tmp_path, capsys):
    copy = str(tmp_path / "copy")
    assert main(["migrate", address, copy]) == 0
    assert capsys.readouterr().out == f"6 chunks copied to {copy}\n"
    for target in (copy, address):
        assert main(["migrate", address, target]) == 2
        assert capsys.readouterr().err.startswith("error: The index at ")


def test_search_prints_passages_with_their_places(real, capsys):
    where = ["--index", str(real / "index"), "--model", str(TINY)]
    assert main(["search", "warranty of the pump", *where, "--search", "lexical"]) == 0
    output = capsys.readouterr().out
    assert output.startswith(f"1. {real / 'pump.md'}\n   cosine ")
    assert "lasts 24 months" in output
    assert "\x1b" not in output
    assert main(["search", "warranty", *where, "--type", "pdf"]) == 0
    assert capsys.readouterr().out == "Nothing was found.\n"
    for wrong in (["--k", "0"], ["--diversity", "2"], ["--per-document", "0"], ["--pages", "3-2"]):
        assert main(["search", "warranty", *where, *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_embedding_anew_with_the_same_model_gives_what_ingest_gave(real, capsys):
    where = ["--index", str(real / "index"), "--model", str(TINY)]
    encoder = LLM2VecGen.from_pretrained(TINY).id
    with open_index(real / "index", encoder) as index:
        before = {r.source: index.vectors(r.document_id) for r in index.documents()}
    assert main(["reindex", *where]) == 0
    output = capsys.readouterr()
    assert "python -m ingest --rollback swaps back" in output.out
    assert output.err == "2 of 2 chunks\n"
    with open_index(real / "index", encoder) as index:
        after = {r.source: index.vectors(r.document_id) for r in index.documents()}
    assert before.keys() == after.keys()
    for source, vectors in before.items():
        assert after[source] == pytest.approx(vectors, abs=1e-5)


def test_a_reader_that_has_seen_enough_is_no_error(address):
    command = f"{sys.executable} -m retriever info --index {address} | true"
    done = subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
