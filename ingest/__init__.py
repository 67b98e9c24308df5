"""Files in, index out: scan, parse, chunk, embed, store; `python -m ingest FOLDER` does it.

Importing this package is cheap: names load with their first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.pipeline import Progress, Stopped, ingest
    from ingest.report import Report
    from ingest.selection import Selection

__all__ = ["Progress", "Report", "Selection", "Stopped", "ingest"]

_MODULES = {
    "Progress": "pipeline",
    "Report": "report",
    "Selection": "selection",
    "Stopped": "pipeline",
    "ingest": "pipeline",
}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(f"ingest.{_MODULES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
