"""Files derived from real ones, damaged in all ways that come to mind: what becomes of each?

    python benchmarks/hostile.py FOLDER [--files 1000] [--seed 0] [--keep FOLDER]

Each is read by a worker, as `python -m ingest` does, and must become a document or be reported, in
the worker's time and memory. The same seed makes the same files. Exit code 1: the worker crashed,
ran out of time, or a parser raised what it should not.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from embedder.errors import DuetError
from ingest.worker import ParserWorker

Damage = Callable[[bytes, random.Random], bytes]
_LARGEST = 2_000_000
_FAULTS = ("crashed the parser", "took longer", "Error: ", "memory")


def main() -> int:
    """Print a table of outcomes; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="where the derived files stay")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        where = options.keep or Path(temporary)
        where.mkdir(parents=True, exist_ok=True)
        sources = [path for path in sorted(options.folder.rglob("*")) if path.is_file()]
        return _run(derived(sources, where, options.files, options.seed))


def derived(sources: Sequence[Path], where: Path, files: int, seed: int) -> Iterator[Path]:
    """Write damaged copies of `sources`, one after the other."""
    chance = random.Random(seed)
    for number in range(files):
        source = chance.choice(sources)
        data = source.read_bytes()[:_LARGEST]
        name, damage = chance.choice(list(_DAMAGES.items()))
        suffix = source.suffix
        if name == "renamed":
            suffix = chance.choice(sources).suffix
        elif name == "spliced":
            other = chance.choice(sources).read_bytes()[:_LARGEST]
            data = data[: len(data) // 2] + other[len(other) // 2 :]
        path = where / f"{number:05}-{name}-{source.stem[:30]}{suffix}"
        path.write_bytes(damage(data, chance))
        yield path


def _run(paths: Iterator[Path]) -> int:
    outcomes: dict[str, Counter[str]] = {}
    faults: list[str] = []
    slowest, peak = (0.0, ""), 0
    with ParserWorker() as worker:
        for path in paths:
            started = time.monotonic()
            what, detail = _outcome(worker, path)
            slowest = max(slowest, (time.monotonic() - started, path.name))
            outcomes.setdefault(path.name.split("-")[1], Counter())[what] += 1
            peak = max(peak, _memory())
            if any(fault in detail for fault in _FAULTS):
                faults.append(f"{path.name}: {detail}")
    _print(outcomes, faults, slowest, peak)
    return 1 if faults else 0


def _outcome(worker: ParserWorker, path: Path) -> tuple[str, str]:
    try:
        identity = worker.identify(str(path))
        document, _ = worker.parse(str(path), identity.format)
    except DuetError as error:
        return "reported", str(error)
    return ("read, with a note" if document.notes else "read"), ""


def _memory() -> int:
    children = psutil.Process().children()
    return children[0].memory_info().rss if children else 0


def _print(
    outcomes: dict[str, Counter[str]], faults: list[str], slowest: tuple[float, str], peak: int
) -> None:
    console = Console()
    kinds = ("read", "read, with a note", "reported")
    table = Table("damage", *kinds)
    for name, counts in sorted(outcomes.items()):
        table.add_row(name, *(str(counts[kind]) for kind in kinds))
    console.print(table)
    seconds, name = slowest
    console.print(f"slowest {seconds:.1f} s ({name}), worker at most {peak / 2**20:,.0f} MB")
    for fault in faults:
        console.print(fault, style="red", markup=False)


def _truncated(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(min(len(data), chance.choice([1, 10, 200]))):
        changed[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(changed)


def _emptied(data: bytes, chance: random.Random) -> bytes:
    """A disk's lost sector."""
    start = chance.randrange(len(data) + 1)
    return data[:start] + bytes(min(512, len(data) - start)) + data[start + 512 :]


def _doubled(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start : start + 4096] * 50 + data[start:]


def _cut_out(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start + chance.randrange(1, 5000) :]


def _opened(data: bytes, chance: random.Random) -> bytes:
    """Openers without end, of the kind that make patterns and parsers go back."""
    opener = chance.choice(
        [b"<!--", b"[[", b"(", b"{\\", b"> ", b"<a ", b"| ", b'"', b"=?utf-8?q?"]
    )
    return data[:200] + opener * 20_000 + data[200:]


def _as_it_is(data: bytes, _chance: random.Random) -> bytes:
    return data


_DAMAGES: dict[str, Damage] = {
    "truncated": _truncated,
    "flipped": _flipped,
    "emptied": _emptied,
    "doubled": _doubled,
    "cut": _cut_out,
    "opened": _opened,
    "renamed": _as_it_is,
    "spliced": _as_it_is,
}

if __name__ == "__main__":
    sys.exit(main())
