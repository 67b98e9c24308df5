"""`python -m ingest PATH...`: bring an index in line with files and folders."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from embedder.errors import DuetError
from ingest.chunk import CHUNK_TOKENS, MIN_CHUNK_TOKENS

if TYPE_CHECKING:
    from ingest.report import Report

DEFAULT_INDEX = ".duet/index"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        report = _run(options)
        _show(report, options)
    except DuetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return report.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ingest",
        description="Bring an index in line with files and folders: what is new or changed is "
        "embedded, what is gone from a given folder is removed.",
        epilog="Exit code: 0 all is well, 1 a file failed, 2 nothing could be done, 130 Ctrl-C.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or a folder")
    parser.add_argument(
        "--index",
        default=os.environ.get("DUET_INDEX", DEFAULT_INDEX),
        metavar="ADDRESS",
        help="a folder, or the URL of a Qdrant server (default: $DUET_INDEX or %(default)s)",
    )
    parser.add_argument(
        "--model",
        default=os.environ.get("DUET_MODEL"),
        help="hub id or folder of an LLM2Vec-Gen model (default: $DUET_MODEL or the bundled one)",
    )
    parser.add_argument(
        "--rebuild",
        action="store_true",
        help="make the index anew from these paths alone and put it in the place of the old one",
    )
    parser.add_argument(
        "--chunk-tokens",
        type=_chunk_tokens,
        default=CHUNK_TOKENS,
        metavar="N",
        help="longest passage in tokens (default: %(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report here, too")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    return parser


def _chunk_tokens(text: str) -> int:
    if not text.isdecimal() or int(text) < MIN_CHUNK_TOKENS:
        msg = f"expected a number of at least {MIN_CHUNK_TOKENS}, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


class _InterruptedRebuildError(Exception):
    """Ends a rebuild without publishing a part of an index."""

    def __init__(self, report: "Report") -> None:
        super().__init__()
        self.report = report


def _run(options: argparse.Namespace) -> "Report":
    # Only now: these take seconds to import, and --help should not.
    from rich.console import Console

    from embedder import BUNDLED_MODEL, LLM2VecGen
    from ingest.console import show_progress
    from ingest.pipeline import ingest
    from ingest.scan import scan
    from retriever import open_index, rebuild

    scan(options.paths)  # a mistyped path is told before a model is loaded
    model = LLM2VecGen.from_pretrained(options.model or BUNDLED_MODEL)
    console = Console(stderr=True, quiet=options.quiet)
    opened = (rebuild if options.rebuild else open_index)(
        options.index,
        fingerprint=model.fingerprint,
        dimension=model.dimension,
        api_key=os.environ.get("DUET_QDRANT_API_KEY"),
    )
    try:
        with opened as index, show_progress(console) as progress:
            report = ingest(
                options.paths, model, index, chunk_tokens=options.chunk_tokens, progress=progress
            )
            if report.interrupted and options.rebuild:
                raise _InterruptedRebuildError(report)
    except _InterruptedRebuildError as interrupted:
        return interrupted.report
    return report


def _show(report: "Report", options: argparse.Namespace) -> None:
    from rich.console import Console

    from ingest.errors import InputError

    if not options.quiet:
        Console().print(report)
        if report.interrupted and options.rebuild:
            print("The index is as it was: a rebuild is put in place only when it is complete.")
    if options.json:
        try:
            options.json.write_text(report.to_json() + "\n", encoding="ascii")
        except OSError as error:
            msg = f"the report cannot be written to {options.json}: {error.strerror}"
            raise InputError(msg) from error


if __name__ == "__main__":
    sys.exit(main())
