"""What a person sees while a run goes on."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich import progress as bars
from rich.console import Console

from ingest.pipeline import Progress

PLAIN_INTERVAL = 5.0
"""Seconds between lines where there is no terminal."""


@contextmanager
def show_progress(console: Console) -> Generator[Callable[[Progress], None]]:
    """Yields what `ingest` is to call: a bar on a terminal, a line now and then elsewhere."""
    if not console.is_terminal:
        yield _PlainLines(console)
        return
    columns = (
        bars.SpinnerColumn(),
        bars.BarColumn(),
        bars.TextColumn("{task.completed}/{task.total} files, {task.description}"),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("comparing", total=None)
        rate = _Rate()

        def update(state: Progress) -> None:
            bar.update(
                task,
                description=rate.describe(state),
                completed=state.files,
                total=state.files_total,
            )

        yield update


class _Rate:
    """Tokens a second since the first file was compared."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def describe(self, state: Progress) -> str:
        seconds = time.monotonic() - self._started
        rate = state.tokens / seconds if seconds else 0.0
        return f"{state.chunks:,} chunks, {rate:,.0f} tokens/s"


class _PlainLines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._rate = _Rate()
        self._due = time.monotonic() + PLAIN_INTERVAL

    def __call__(self, state: Progress) -> None:
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + PLAIN_INTERVAL
            self._console.print(
                f"{state.files}/{state.files_total} files, {self._rate.describe(state)}",
                highlight=False,
            )
