"""What became of each file."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


class Outcome(StrEnum):
    """What can become of a file."""

    INDEXED = "indexed"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"
    MOVED = "moved"
    REMOVED = "removed"
    EXCLUDED = "excluded"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.

    Attributes:
        path: Absolute POSIX path.
        outcome: What became of it.
        detail: Why it was not read, or what it was moved or copied from.
        chunks: How many chunks the index has of it now, as far as this run wrote them.
        note: What was left out or guessed when it was read.
    """

    path: str
    outcome: Outcome
    detail: str = ""
    chunks: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did.

    Attributes:
        entries: Every file once, sorted by path.
        embedded_chunks: Chunks that went through the model.
        embedded_tokens: Tokens of these, without their titles.
        seconds: How long the run took.
        interrupted: Whether Ctrl-C ended it; files that it did not reach have no entry.
        note: What else there is to know of the run.
        is_preview: Whether nothing was done, and the outcomes are what they would be.
    """

    entries: tuple[Entry, ...]
    embedded_chunks: int
    embedded_tokens: int
    seconds: float
    interrupted: bool = False
    note: str = ""
    is_preview: bool = False

    def count(self, outcome: Outcome) -> int:
        """How many files had this outcome."""
        return sum(entry.outcome is outcome for entry in self.entries)

    @property
    def exit_code(self) -> int:
        """0 if all went well, 1 if a file failed, 130 if Ctrl-C ended the run."""
        if self.interrupted:
            return 130
        return 1 if self.count(Outcome.FAILED) else 0

    def to_json(self) -> str:
        """Totals and entries; ASCII only, so that any file name can be written."""
        totals = Counter(entry.outcome for entry in self.entries)
        content = {
            "totals": {outcome.value: totals[outcome] for outcome in Outcome},
            "embedded_chunks": self.embedded_chunks,
            "embedded_tokens": self.embedded_tokens,
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
            "note": self.note,
            "is_preview": self.is_preview,
            "files": [asdict(entry) for entry in self.entries],
        }
        return json.dumps(content, indent=1)

    @classmethod
    def from_json(cls, content: str) -> Self:
        """The report that `to_json` wrote."""
        told = json.loads(content)
        del told["totals"]
        files = told.pop("files")
        entries = tuple(
            Entry(
                file["path"],
                Outcome(file["outcome"]),
                file["detail"],
                file["chunks"],
                file["note"],
            )
            for file in files
        )
        return cls(entries=entries, **told)

    def __rich__(self) -> RenderableType:
        """Totals, then each file that was not read as it is, or not at all, with what to know."""
        parts: list[RenderableType] = [self._summary()]
        noted = [(entry.path, entry.note) for entry in self.entries if entry.note]
        parts += [_table("read, with a note", "note", noted)] if noted else []
        for outcome in (Outcome.SKIPPED, Outcome.FAILED):
            told = [(each.path, each.detail) for each in self.entries if each.outcome is outcome]
            parts += [_table(outcome, "why", told)] if told else []
        return Group(*parts)

    def _summary(self) -> Text:
        counts = [f"{count} {o.value}" for o in Outcome if (count := self.count(o))]
        if self.is_preview:
            return Text(
                f"Nothing was changed. It would be:\n{', '.join(counts) or 'nothing to do'}"
            )
        rate = self.embedded_tokens / self.seconds if self.seconds else 0.0
        lines = [
            ("Interrupted. " if self.interrupted else "") + (", ".join(counts) or "nothing done"),
            f"{self.embedded_chunks:,} chunks, {self.embedded_tokens:,} tokens embedded in "
            f"{self.seconds:.1f} s ({rate:,.0f} tokens/s)",
        ]
        return Text("\n".join([*lines, self.note] if self.note else lines))


PATH_WIDTH = 60


def _table(title: str, column: str, told: Sequence[tuple[str, str]]) -> Table:
    """Paths, each with the words that go into the column."""
    table = Table(title=f"{title} ({len(told)})", title_justify="left", box=None)
    table.add_column("file", no_wrap=True)
    table.add_column(column, overflow="fold")
    for path, words in told:
        # Text, not str: a [bracket] in a name is no markup.
        table.add_row(Text(shorten(printable(path))), Text(printable(words)))
    return table


def shorten(path: str) -> str:
    """The end of a long path: that is where paths differ."""
    return path if len(path) <= PATH_WIDTH else "…" + path[1 - PATH_WIDTH :]


def printable(text: str) -> str:
    r"""Text for a terminal: a newline in a file name becomes `\n`, a byte not of UTF-8 `\xff`."""
    return "".join(
        character if character.isprintable() else _escaped(character) for character in text
    )


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # how Python holds such a byte of a file name
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
