"""Our readers beside markitdown and docling: what is lost, what is invented, how long it takes.

    python benchmarks/readers.py FOLDER [--files 25] [--python .venv-readers/bin/python]

The others live in an environment of their own:

    python -m venv .venv-readers
    .venv-readers/bin/pip install 'markitdown[docx,pptx,xlsx,pdf]'
    .venv-readers/bin/pip install docling

Of each file, against its plain text (`plain_words.py`): *lost* are words and figures that stand in
the file more often than in what was read, *invented* words that stand nowhere in the file, such as
two that were glued; *rows* of tables whose cells stand in one line in order; *headings* known as
such. The errors of a file are the sum of what is wrong; the least is best. The files are taken by
name from each type in turn, those above 2 MB left out. docling's readers of PDF and EPUB are not
run: they need models, or torch.
"""

import argparse
import json
import re
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from plain_words import Plain, plain
from rich.console import Console
from rich.table import Table

from ingest.parsers import parse
from ingest.sniff import sniff

_TYPES = ("docx", "pptx", "xlsx", "html", "epub", "pdf", "csv", "md")
_LARGEST = 2_000_000
_WORD = re.compile(r"[^\W\d_]{2,}|\d{2,}")
_LONGEST_NUMBER = 8  # letters and digits of the number before a heading


@dataclass(frozen=True, slots=True)
class Score:
    """What a reader made of a file: words lost and invented, rows and headings missed."""

    lost: int
    invented: int
    rows: int
    headings: int
    seconds: float

    @property
    def errors(self) -> int:
        """The less, the better."""
        return self.lost + self.invented + self.rows + self.headings


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="with a folder for each type: docx/, pdf/, ...")
    parser.add_argument("--files", type=int, default=25)
    parser.add_argument("--python", default=".venv-readers/bin/python", help="with the others")
    options = parser.parse_args()
    files = _chosen(options.folder, options.files)
    inside = {file: plain(file) for file in files}
    read = {"ours": [_ours(file, inside[file]) for file in files]}
    for reader in ("markitdown", "docling"):
        read[reader] = _others(options.python, reader, files, inside)
    _print(files, inside, read)
    return 0


def _chosen(folder: Path, count: int) -> list[Path]:
    found = [
        sorted(file for file in folder.glob(f"{kind}/*.{kind}") if file.stat().st_size < _LARGEST)
        for kind in _TYPES
    ]
    in_turn = [file for files in zip_longest(*found) for file in files if file is not None]
    return sorted(in_turn[:count], key=lambda file: (file.suffix, file.name))


def _ours(file: Path, inside: Plain) -> Score | str:
    data = file.read_bytes()
    parse(data, sniff(data, file.suffix))
    start = time.perf_counter()
    document = parse(data, sniff(data, file.suffix))
    seconds = time.perf_counter() - start
    return score(inside, document.text, [each.title for each in document.headings], seconds)


def _others(
    python: str, reader: str, files: Sequence[Path], inside: dict[Path, Plain]
) -> list[Score | str]:
    script = Path(__file__).with_name("other_readers.py")
    try:
        run = subprocess.run(
            [python, script, reader, *files], stdout=subprocess.PIPE, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        return [f"not run: {error}"] * len(files)
    answers = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    scores: list[Score | str] = []
    for file, answer in zip(files, answers, strict=True):
        text = answer.get("text", "")
        headings = re.findall(r"^#{1,6} +(.+)$", text, flags=re.MULTILINE)
        scores.append(answer.get("error") or score(inside[file], text, headings, answer["seconds"]))
    return scores


def score(inside: Plain, text: str, headings: Sequence[str], seconds: float) -> Score:
    """How a text compares with what is in the file."""
    words, read = _words("\n".join(inside.lines)), _words(text)
    lines = [_key(line) for line in text.split("\n")]
    known = [_key(heading) for heading in headings]
    wanted = [key for heading in inside.headings if (key := _key(heading))]
    rows = [keys for row in inside.rows if len(keys := [k for c in row if (k := _key(c))]) > 1]
    return Score(
        lost=(words - read).total(),
        invented=sum(n for word, n in read.items() if word not in words and word.isalpha()),
        rows=sum(not any(_is_whole(row, line) for line in lines) for row in rows),
        headings=sum(
            not any(key in one and len(one) <= len(key) + _LONGEST_NUMBER for one in known)
            for key in wanted
        ),
        seconds=seconds,
    )


def _words(text: str) -> Counter[str]:
    text = unicodedata.normalize("NFKC", text.replace("\xad", ""))
    return Counter(_WORD.findall(text.casefold()))


def _key(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _is_whole(cells: Sequence[str], line: str) -> bool:
    place = 0
    for cell in cells:
        place = line.find(cell, place)
        if place < 0:
            return False
        place += len(cell)
    return True


def _print(
    files: Sequence[Path], inside: dict[Path, Plain], read: dict[str, list[Score | str]]
) -> None:
    table = Table("file", "words", *read, title="lost + invented + rows + headings missed, seconds")
    best = 0
    for place, file in enumerate(files):
        scores = {reader: all_of_it[place] for reader, all_of_it in read.items()}
        errors = [each.errors for each in scores.values() if isinstance(each, Score)]
        ours = scores["ours"]
        is_best = isinstance(ours, Score) and ours.errors == min(errors)
        best += is_best
        words = _words("\n".join(inside[file].lines)).total()
        shown = [_shown(each, is_least=_errors(each) == min(errors)) for each in scores.values()]
        table.add_row(file.name, f"{words:,}", *shown)
    console = Console(width=160)
    console.print(table)
    console.print(f"ours best or equal on {best} of {len(files)}")


def _errors(score: Score | str) -> int | None:
    return score.errors if isinstance(score, Score) else None


def _shown(score: Score | str, *, is_least: bool) -> str:
    if isinstance(score, str):
        return score[:40]
    parts = f"{score.lost} + {score.invented} + {score.rows} + {score.headings}"
    return f"{parts}{' *' if is_least else ''}, {score.seconds:.2f} s"


if __name__ == "__main__":
    sys.exit(main())
