"""Files in, index out: scan, parse, chunk, embed, store; `python -m ingest FOLDER` does it.

Importing this package is cheap: names load with their first use.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.pipeline import ingest
    from ingest.report import Report

__all__ = ["Report", "ingest"]


def __getattr__(name: str) -> object:
    if name == "ingest":
        from ingest.pipeline import ingest

        return ingest
    if name == "Report":
        from ingest.report import Report

        return Report
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
