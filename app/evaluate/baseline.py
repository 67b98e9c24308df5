"""Comparing results with those of before."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from embedder.errors import DataError
from embedder.evaluate.tasks import Result

LESS_IS_BETTER = ("answerable, yet refused", "sentences not supported")
NOT_COMPARED = ("ms a search", "written by the model")


def drops(results: Sequence[Result], baseline: Path) -> list[str]:
    """A line for each measure that is worse than in `baseline` beyond its 95 % interval.

    Args:
        results: What was measured now.
        baseline: What `--json` wrote before; sets and systems that it has not are not compared.

    Raises:
        DataError: It is no such file.
    """
    before = _read(baseline)
    lines: list[str] = []
    for result in results:
        for measure, estimate in result.measures.items():
            was = before.get((result.dataset, result.system.split("@")[0], measure))
            if was is None or measure in NOT_COMPARED:
                continue
            low, high = estimate.low, estimate.high
            worse = low is not None and low > was
            if measure not in LESS_IS_BETTER:
                worse = high is not None and high < was
            if worse:
                lines.append(
                    f"{result.dataset}, {result.system}: {measure} is {estimate.value:.3f} "
                    f"({low:.3f} to {high:.3f}), and was {was:.3f}"
                )
    return lines


def _read(file: Path) -> dict[tuple[str, str, str], float]:
    try:
        content: Any = json.loads(file.read_text())
        return {
            (row["set"], row["system"].split("@")[0], measure): float(told["value"])
            for row in content["results"]
            for measure, told in row["measures"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{file} is no baseline: expected what `python -m app evaluate --json FILE` writes"
        raise DataError(msg) from error
