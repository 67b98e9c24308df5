"""Results as tables and as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from embedder.errors import EvaluationError
from embedder.evaluate.measures import Estimate, difference
from embedder.evaluate.tasks import Result

CELL = len("0.000 ±0.000*")
_WIDEST = 1000  # characters


@dataclass(frozen=True, slots=True)
class Report:
    """Results of all sets and systems.

    Attributes:
        versions: What each system is, exactly: a fingerprint, or a package and its version.
        results: A set's results stand together, in the order of the systems.
    """

    versions: Mapping[str, str]
    results: Sequence[Result]

    def as_json(self) -> dict[str, object]:
        """Systems and results; a difference is to the first system, on the same queries."""
        return {
            "systems": dict(self.versions),
            "results": [
                {
                    "task": result.task,
                    "set": result.dataset,
                    **{name.replace(" ", "_"): size for name, size in result.sizes.items()},
                    "system": result.system,
                    "measures": {
                        name: _as_json(estimate, group[0].measures[name])
                        for name, estimate in result.measures.items()
                    },
                }
                for group in _by_set(self.results)
                for result in group
            ],
        }

    def __rich__(self) -> RenderableType:
        """A table for each task."""
        tasks = dict.fromkeys(result.task for result in self.results)
        return Group(*(_table(task, [r for r in self.results if r.task == task]) for task in tasks))


def show(report: Report) -> None:
    """Print `report`; of many systems no column is cut off where the terminal is narrow."""
    console = Console()
    wide = console.options.update(max_width=_WIDEST)
    console.width = max(console.width, Measurement.get(console, wide, report).minimum)
    console.print(report)


def printable(text: str) -> str:
    """Text without control characters: a file must not steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def check_writable(file: Path) -> None:
    """Tell before a long run that its results could not be written.

    Raises:
        EvaluationError: `file` is a folder, or its folder is missing.
    """
    if file.is_dir() or not file.resolve().parent.is_dir():
        what = "is a folder" if file.is_dir() else "has no folder to be in"
        msg = f"{file} {what}: give a file's name in a folder that is there"
        raise EvaluationError(msg)


def write_json(content: object, file: Path) -> None:
    """Write `content` at once: an old file stays whole until the new one is.

    Raises:
        EvaluationError: The file cannot be written.
    """
    partial = file.with_name(file.name + ".part")
    try:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="ascii")
        partial.replace(file)
    except OSError as error:
        msg = f"the results cannot be written to {file}: {error.strerror}"
        raise EvaluationError(msg) from error


def _as_json(estimate: Estimate, first: Estimate) -> dict[str, object]:
    content: dict[str, object] = {"value": round(estimate.value, 4)}
    if estimate.low is not None and estimate.high is not None:
        content["interval"] = [round(estimate.low, 4), round(estimate.high, 4)]
    gap = None if estimate is first else difference(estimate, first)
    if gap:
        content["difference"] = _as_json(gap, gap)
    return content


def _by_set(results: Sequence[Result]) -> list[list[Result]]:
    """The results of one set after the other; two folders may have the same name."""
    sets: list[list[Result]] = []
    for result in results:
        first = sets[-1][0] if sets else None
        if first and result.dataset == first.dataset and result.system != first.system:
            sets[-1].append(result)
        else:
            sets.append([result])
    return sets


def _table(task: str, results: Sequence[Result]) -> Table:
    table = Table(title=task, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("set", overflow="fold")
    table.add_column("measure", no_wrap=True)
    for system in dict.fromkeys(result.system for result in results):
        # Text, not str: a [bracket] in a folder's name is no markup.
        table.add_column(Text(printable(system)), justify="right", overflow="fold", min_width=CELL)
    for group in _by_set(results):
        _add_set(table, group)
    table.caption = _caption(results)
    return table


def _add_set(table: Table, group: Sequence[Result]) -> None:
    """A row a measure; under the set's name its sizes."""
    first = group[0]
    head = [printable(first.dataset), *(f"  {size:,} {what}" for what, size in first.sizes.items())]
    for name, place in zip_longest(first.measures, head):
        cells = [_cell(result.measures[name], first.measures[name]) for result in group if name]
        table.add_row(Text(place or ""), Text(name or ""), *cells)
    table.add_section()


def _cell(estimate: Estimate, first: Estimate) -> Text:
    text = Text(f"{estimate.value:.3f}")
    if estimate.low is not None and estimate.high is not None:
        text.append(f" ±{(estimate.high - estimate.low) / 2:.3f}", style="dim")
    gap = None if estimate is first else difference(estimate, first)
    return text.append("*" if gap and _beyond_chance(gap) else " ")


def _beyond_chance(gap: Estimate) -> bool:
    return gap.low is not None and gap.high is not None and not gap.low <= 0 <= gap.high


def _caption(results: Sequence[Result]) -> str | None:
    estimates = [estimate for result in results for estimate in result.measures.values()]
    if all(estimate.low is None for estimate in estimates):
        return None
    several = len({result.system for result in results}) > 1
    star = several and any(estimate.values is not None for estimate in estimates)
    other = "; * differs from the first column, 95 %, paired" if star else ""
    return f"± half of the 95 % interval{other}"
