"""`python -m ingest PATH...`: bring an index in line with files and folders, or take them out."""

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from embedder.errors import DuetError
from ingest.chunk import CHUNK_TOKENS, MIN_CHUNK_TOKENS
from retriever import DEFAULT_ADDRESS

if TYPE_CHECKING:
    from ingest.report import Report
    from ingest.scan import Scan


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _options(arguments)
    try:
        if options.rollback or options.remove:
            (_roll_back if options.rollback else _remove)(options)
            return 0
        report = _run(options)
        _show(report, options)
    except DuetError as error:
        from ingest.report import printable

        print(f"error: {printable(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return report.exit_code


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args(arguments)
    if bool(options.paths) == options.rollback:
        parser.error("give at least one PATH, or --rollback alone")
    if options.drop_others and not options.rebuild:
        parser.error("--drop-others goes with --rebuild")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ingest",
        description="Bring an index in line with files and folders: what is new or changed is "
        "embedded, what is gone from a given folder is removed.",
        epilog="Exit code: 0 all is well, 1 a file failed, 2 nothing could be done, 130 Ctrl-C.",
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="a file or a folder")
    parser.add_argument(
        "--index",
        default=os.environ.get("DUET_INDEX") or DEFAULT_ADDRESS,
        metavar="ADDRESS",
        help=f"a folder, or the URL of a Qdrant server (default: $DUET_INDEX or {DEFAULT_ADDRESS})",
    )
    parser.add_argument(
        "--model",
        default=os.environ.get("DUET_MODEL"),
        help="hub id or folder of an LLM2Vec-Gen model (default: $DUET_MODEL or the bundled one)",
    )
    swaps = parser.add_mutually_exclusive_group()
    swaps.add_argument(
        "--rebuild",
        action="store_true",
        help="make the index anew from these paths and put it in the place of the old one",
    )
    swaps.add_argument(
        "--remove",
        action="store_true",
        help="take these files, or all below these folders, out of the index, also if they are "
        "gone from the disk; the files themselves stay",
    )
    swaps.add_argument(
        "--rollback",
        action="store_true",
        help="swap the index that the last rebuild made with the one before; takes no PATH",
    )
    parser.add_argument(
        "--drop-others",
        action="store_true",
        help="with --rebuild: let go of documents of the index that lie outside of these paths",
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

    found = scan(options.paths)  # a mistyped path is told before a model is loaded
    if options.rebuild and not options.drop_others:
        _check_others(options.index, found)
    model = LLM2VecGen.from_pretrained(options.model or BUNDLED_MODEL)
    console = Console(stderr=True, quiet=options.quiet)
    opened = (rebuild if options.rebuild else open_index)(
        options.index, model.id, api_key=_api_key()
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


def _check_others(address: str, found: "Scan") -> None:
    """Refuse a rebuild that would drop documents which nobody has named.

    Raises:
        InputError: There are some.
    """
    from ingest.errors import InputError
    from ingest.report import printable
    from retriever import present_documents
    from retriever.errors import IndexDamagedError

    try:
        records = present_documents(address, api_key=_api_key())
    except IndexDamagedError:
        return  # a rebuild is the way out
    others = [record.source for record in records if not found.covers(record.source)]
    if others:
        msg = (
            f"{len(others):,} of the {len(records):,} documents in the index at {address} lie "
            f"elsewhere, for example {printable(others[0])}: a rebuild from these paths would drop "
            "them. Give their folders too, or say --drop-others; nothing was changed"
        )
        raise InputError(msg)


def _remove(options: argparse.Namespace) -> None:
    from ingest.remove import remove
    from ingest.report import printable
    from retriever import open_present

    with open_present(options.index, api_key=_api_key()) as index:
        removed = remove(options.paths, index)
    if not options.quiet:
        for record in removed:
            print(f"removed {printable(record.source)}: {_counted(record.chunks, 'chunk')}")
        print(f"{_counted(len(removed), 'document')} taken out of the index; no file was deleted.")


def _roll_back(options: argparse.Namespace) -> None:
    from retriever import rollback

    rollback(options.index, api_key=_api_key())
    if not options.quiet:
        print(f"The index at {options.index} is the one before again; --rollback swaps back.")


def _api_key() -> str | None:
    return os.environ.get("DUET_QDRANT_API_KEY") or None


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


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that is not UTF-8
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: no traceback of tidying up
    sys.exit(code)
