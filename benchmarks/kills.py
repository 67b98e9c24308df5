"""Runs of ingest killed at random moments: does the next run make what a clean one makes?

    python benchmarks/kills.py [--kills 100] [--seed 0]

A folder of forty files is indexed, changed (edited, renamed, removed, added) and indexed again by
a process that is killed by SIGKILL at a random moment of either run; whatever it had written
before must be whole and found. A last run must then leave the ids, payloads and vectors of an index
that was made without a kill. The encoder is the tests' fake one, so that most of the time is
spent in reading and writing, where a kill could do harm.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console

from retriever import Index, open_present

ROOT = Path(__file__).parents[1]
RUN = ROOT / "tests" / "ingest" / "conftest.py"
FILES = 40


def main() -> int:
    """Print what was seen; returns 1 if an index differed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        first, seconds_first = _clean(folder, changed=False)
        second, seconds_second = _clean(folder, changed=True)
        for _ in range(options.kills):
            updating = chance.random() < 0.5
            seconds = seconds_second if updating else seconds_first
            seen[_kill(folder, chance.random() * seconds, first, second, updating=updating)] += 1
    Console().print(dict(seen))
    return 0 if set(seen) <= {"equal", "equal, had ended before"} else 1


def _kill(
    folder: Path, moment: float, first: list[str], second: list[str], *, updating: bool
) -> str:
    """Kill one run, finish it by another, compare; returns what was seen."""
    docs, index = folder / "docs", folder / "index"
    shutil.rmtree(index, ignore_errors=True)
    _write(docs, changed=False)
    if updating:
        _run(index, docs).wait()
        _write(docs, changed=True)
    process = _run(index, docs)
    time.sleep(moment)
    ended = process.poll() is not None
    process.send_signal(signal.SIGKILL)
    process.wait()
    if updating and (wrong := _wrong(index, first, second)):
        return f"{wrong} points wrong meanwhile"
    _run(index, docs).wait()
    found = _content(index)
    if found != (second if updating else first):
        return "differs"
    return "equal, had ended before" if ended else "equal"


def _wrong(index: Path, first: list[str], second: list[str]) -> int:
    """How many points are of neither state, or gone though they are of both."""
    old, new, found = set(first), set(second), set(_content(index))
    return len(found - old - new) + len(old & new - found)


def _clean(folder: Path, *, changed: bool) -> tuple[list[str], float]:
    """The content of an index that was made without a kill, and the seconds of the last run."""
    docs, index = folder / "docs", folder / "clean"
    shutil.rmtree(index, ignore_errors=True)
    _write(docs, changed=False)
    started = time.monotonic()
    _run(index, docs).wait()
    if changed:
        _write(docs, changed=True)
        started = time.monotonic()
        _run(index, docs).wait()
    return _content(index), time.monotonic() - started


def _write(docs: Path, *, changed: bool) -> None:
    shutil.rmtree(docs, ignore_errors=True)
    docs.mkdir(parents=True)
    for n in range(FILES):
        version = "new" if changed and n % 4 == 0 else "old"
        name = f"moved-{n:03}.txt" if changed and n % 4 == 1 else f"{n:03}.txt"
        if changed and n % 4 == 2:
            continue
        words = " ".join(f"Sentence {i} of the {version} note {n}." for i in range(5 + 9 * (n % 9)))
        (docs / name).write_text(words)
        os.utime(docs / name, ns=(1, 10**18 + n + 1000 * (version == "new")))
    if changed:
        (docs / "added.txt").write_text("A note that was not there.")
        os.utime(docs / "added.txt", ns=(1, 10**18))


def _run(index: Path, docs: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, str(RUN), str(index), str(docs)], env=environment)


def _content(index: Path) -> list[str]:
    """Each point with its id, payload and vector, in a form that can be compared."""
    if not index.exists():
        return []
    with open_present(index) as opened:
        return sorted(_points(opened))


def _points(index: Index) -> list[str]:
    return [
        f"{chunk.to_payload(chunks=record.chunks)} {vector.round(5).tolist()}"
        for record in index.documents()
        if record.complete
        for chunk, vector in zip(
            index.chunks(record.document_id), index.vectors(record.document_id), strict=True
        )
    ]


if __name__ == "__main__":
    sys.exit(main())
