"""Processes killed with SIGKILL at many moments; the index opens and has all that was promised."""

import random
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from embedder.encoder import EncoderId
from retriever import Filter, Index, document_id, open_index, open_present

ROOT = Path(__file__).parents[2]
ENCODER = EncoderId("model", "1", 8)

CHILD = """
import sys, time
from itertools import count
import numpy as np
from embedder.encoder import EncoderId
from retriever import Chunk, document_id, open_index, open_present, rebuild, reindex

what, folder, run = sys.argv[1:]

def document(source, version, length):
    return [
        Chunk(
            text=f"{version} {position} of {length}", document_id=document_id(source),
            source=source, title="", headings=(), page=None, page_label=None, start=0, end=0,
            version=version, modified_ns=0, size=0, media_type="text/plain", language=None,
            position=position,
        )
        for position in range(length)
    ]

def write(index, source, version, length):
    vectors = np.random.default_rng(0).normal(size=(length, 8)).astype(np.float32)
    index.replace_document(document(source, version, length), vectors)

if what == "write":
    index = open_index(folder, EncoderId("model", "1", 8))
    for n in count():
        source, version = f"/docs/{n % 4}.txt", f"{run}.{n}"
        print("begin", source, version, flush=True)
        write(index, source, version, 1 + n * 97 % 200)
        print("done", source, version, flush=True)
if what == "compact":
    index = open_index(folder, EncoderId("model", "1", 8))
    print("begin", flush=True)
    index.compact()
    print("done", flush=True)
    time.sleep(60)
class Model:
    # number n points all texts to coordinate n
    max_tokens = 99
    def __init__(self, n):
        self.n, self.id = n, EncoderId("model", str(n), 8)
    def count_tokens(self, text):
        return len(text.split())
    def encode_documents(self, texts, titles):
        print("batch", flush=True)
        time.sleep(0.05)
        return np.tile(np.eye(8, dtype=np.float32)[self.n % 8], (len(texts), 1))

if what == "reindex":
    index = open_present(folder)
    for n in count(int(index.encoder.fingerprint) + 1):
        print("begin", n, flush=True)
        new = reindex(index, Model(n))
        index.close()
        index = new
        print("done", n, flush=True)
if what == "rebuild":
    with rebuild(folder, EncoderId("other", "2", 8)) as index:
        write(index, "/docs/new.txt", "1", 5)
        print("begin", flush=True)
        time.sleep(60)
"""


def run_and_kill(what: str, folder: Path, run: int, *, lines: int, seconds: float) -> list[str]:
    """What the child said before it was killed, `seconds` after it had said `lines` lines."""
    command = [sys.executable, "-c", CHILD, what, str(folder), str(run)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        said = [child.stdout.readline() for _ in range(lines)]
        time.sleep(seconds)
        child.kill()
        said += child.stdout.readlines()
    return [line.strip() for line in said]


def versions(index: Index, source: str) -> dict[str, list[str]]:
    found = defaultdict(list)
    for chunk in index.chunks(document_id(source)):
        found[chunk.version].append(chunk.text)
    return found


def test_every_acknowledged_document_is_whole_after_a_kill(tmp_path):
    written: dict[str, str] = {}
    moments = [(0, 0.45), (1, 0.0), (4, 0.003), (11, 0.001), (12, 0.007), (21, 0.0), (24, 0.015)]
    for run, (lines, seconds) in enumerate(moments):
        said = run_and_kill("write", tmp_path, run, lines=lines, seconds=seconds)
        begun = dict(line.split()[1:] for line in said[-1:] if line.startswith("begin"))
        written |= dict(line.split()[1:] for line in said if line.startswith("done"))
        with open_index(tmp_path, ENCODER) as index:
            records = {record.source: record for record in index.documents()}
            assert written.keys() <= records.keys() <= written.keys() | begun.keys()
            for source, record in records.items():
                found = versions(index, source)
                for version, texts in found.items():
                    length = len(texts)
                    assert texts == [f"{version} {n} of {length}" for n in range(length)]
                allowed = {written.get(source), begun.get(source)}
                assert found.keys() <= allowed
                assert written.get(source) in found or begun.get(source) in found
                assert record.complete == (len(found) == 1)
                hits = index.search(index.vectors(record.document_id)[0], 5, Filter(source=source))
                assert hits[0].score == pytest.approx(1, abs=5e-4)
            for source in begun.keys() & records.keys():  # what the next run would do
                index.delete_documents([document_id(source)])
                written.pop(source, None)
    assert written


@pytest.mark.parametrize("seconds", [0.0, 0.06, 0.2, 0.5])
def test_a_kill_while_compacting_leaves_a_good_index(tmp_path, document, seconds):
    folder = tmp_path / "index"
    with open_index(folder, ENCODER) as index:
        for name in "ab":
            stored = document(f"/docs/{name}.txt", [f"{name} {n}" for n in range(1500)])
            index.replace_document(stored.chunks, stored.vectors)
        index.delete_documents([document_id("/docs/a.txt")])  # gives the optimizer work
    run_and_kill("compact", folder, 0, lines=1, seconds=seconds)
    with open_index(folder, ENCODER) as index:
        assert index.chunks(stored.id) == stored.chunks
        assert [record.complete for record in index.documents()] == [True]
        index.compact()
        assert index.info().chunks == 1500


def test_a_kill_while_rebuilding_leaves_the_former_index(tmp_path, document):
    folder = tmp_path / "index"
    stored = document("/docs/a.txt", ["one", "two"])
    with open_index(folder, ENCODER) as index:
        index.replace_document(stored.chunks, stored.vectors)
    run_and_kill("rebuild", folder, 0, lines=1, seconds=0)
    assert len(list(folder.glob("generations/*"))) == 2
    with open_index(folder, ENCODER) as index:
        assert index.chunks(stored.id) == stored.chunks
    assert len(list(folder.glob("generations/*"))) == 1


def test_a_kill_while_reindexing_leaves_the_old_or_the_new_generation_whole(tmp_path, document):
    folder = tmp_path / "index"
    stored = [document(f"/docs/{name}.txt", [f"{name} {n}" for n in range(40)]) for name in "abcd"]
    with open_index(folder, EncoderId("model", "0", 8)) as index:
        vectors = np.tile(np.eye(8, dtype=np.float32)[0], (40, 1))
        index.replace_documents([(each.chunks, vectors) for each in stored])
    former = 0
    seed = random.randrange(1 << 30)
    moments = random.Random(seed)
    for run in range(8):
        # lines: begin, batch, batch, done, and again; most kills come while batches are written
        lines, seconds = 1 + run % 4, moments.uniform(0, 0.1 if run % 4 else 0.6)
        said = run_and_kill("reindex", folder, run, lines=lines, seconds=seconds)
        done = [int(line.split()[1]) for line in said if line.startswith("done")]
        begun = [int(line.split()[1]) for line in said if line.startswith("begin")][-1]
        with open_present(folder) as index:
            present = int(index.encoder.fingerprint)
            assert present in {(done or [former])[-1], begun}, seed
            assert [record.complete for record in index.documents()] == [True] * 4, seed
            for each in stored:
                assert index.chunks(each.id) == each.chunks, seed
                expected = np.tile(np.eye(8)[present % 8], (40, 1))
                assert np.array_equal(index.vectors(each.id), expected), seed
        assert len(list(folder.glob("generations/*"))) <= 2
        former = present
    assert former, seed
