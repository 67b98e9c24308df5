"""`python -m ingest` while a program has the index open: that one does it, with its model."""

import json
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from rich.console import Console

from ingest.console import show_progress
from ingest.errors import InputError
from ingest.pipeline import Progress
from ingest.report import Report
from retriever.owner import Owner

_LOOK = 0.3  # seconds between two looks at how it goes


def ingest_through(owner: Owner, options: Namespace) -> Report:
    """Have the owner bring its index in line; Ctrl-C has it stop, and what was written stays.

    Raises:
        RetrieverError: It refuses, or does not answer.
        InputError: It could do nothing; the text says why.
    """
    job = owner.call(
        "POST",
        "/api/ingest",
        {
            "paths": [_resolved(path) for path in options.paths],
            "include": options.include,
            "exclude": options.exclude,
            "gitignore": options.gitignore,
            "may_empty": options.yes,
            "chunk_tokens": options.chunk_tokens,
        },
    )
    with show_progress(Console(stderr=True, quiet=options.quiet)) as progress:
        while job["state"] in ("waiting", "running"):
            progress(_progress(job))
            try:
                time.sleep(_LOOK)
            except KeyboardInterrupt:
                owner.call("DELETE", f"/api/jobs/{job['id']}")
            job = owner.call("GET", f"/api/jobs/{job['id']}")
    if job["report"] is None:
        raise InputError(job["detail"])
    return Report.from_json(json.dumps(job["report"]))


def remove_through(owner: Owner, options: Namespace) -> list[tuple[str, int]]:
    """Have the owner take documents out; each one's path and number of chunks.

    Raises:
        RetrieverError: Nothing is indexed at one of the paths, or it does not answer.
    """
    paths = [str(path.expanduser().absolute()) for path in options.paths]
    removed = owner.call("POST", "/api/remove", {"paths": paths})
    return [(each["source"], each["passages"]) for each in removed["documents"]]


def _resolved(path: Path) -> str:
    return path.expanduser().resolve().as_posix()


def _progress(job: dict[str, Any]) -> Progress:
    return Progress(
        files=job["files"],
        files_total=job["files_total"],
        chunks=job["passages"],
        chunks_total=job["passages_total"],
    )
