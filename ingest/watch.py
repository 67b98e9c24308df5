"""When do files change? For `python -m ingest --watch`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import watchfiles

_TICK_MS = 500


def changes(paths: Sequence[Path], *, exclude: Path | None = None) -> Iterator[None]:
    """Yields once when nothing can be missed any more, then after each change, until Ctrl-C.

    Args:
        paths: Files and folders.
        exclude: A folder whose changes do not count (the index, should it lie among them).
    """
    excluded = None if exclude is None else exclude.resolve()

    def counts(_change: object, path: str) -> bool:
        return excluded is None or not Path(path).resolve().is_relative_to(excluded)

    is_listening = False
    # It says "no changes" at each tick: at the first it listens.
    for changed in watchfiles.watch(
        *paths,
        watch_filter=counts,
        yield_on_timeout=True,
        rust_timeout=_TICK_MS,
        raise_interrupt=False,
    ):
        if changed or not is_listening:
            is_listening = True
            yield
