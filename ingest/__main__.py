"""`python -m ingest PATH...`: bring an index in line with files and folders, or take them out."""

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from embedder.errors import DuetError
from ingest.options import parse
from ingest.where import cluster, stages

if TYPE_CHECKING:
    from embedder.encoder import Encoder
    from ingest.cluster.connection import Share
    from ingest.report import Report
    from ingest.scan import Scan
    from ingest.selection import Selection
    from retriever import Index
    from retriever.owner import Owner


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        if options.remove or options.rollback:
            (_remove if options.remove else _roll_back)(options)
            return 0
        if options.watch:
            return _watch(options)
        report = _dry_run(options) if options.dry_run else _run(options)
        _show(report, options)
    except DuetError as error:
        _tell(error)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return report.exit_code


def _tell(error: DuetError) -> None:
    from ingest.report import printable

    print(f"error: {printable(str(error))}", file=sys.stderr, flush=True)


class _InterruptedRebuildError(Exception):
    """Ends a rebuild without publishing a part of an index."""

    def __init__(self, report: "Report") -> None:
        super().__init__()
        self.report = report


def _run(options: argparse.Namespace) -> "Report":
    from ingest.scan import scan
    from retriever import open_index, rebuild

    # A mistyped path is told before a model is loaded.
    found = scan(options.paths, selection=_selection(options))
    if options.rebuild and not options.drop_others:
        _check_others(options.index, found)
    owner = None if options.rebuild else _owner(options)
    if owner is not None:
        from ingest.through_owner import ingest_through

        return ingest_through(owner, options)
    opening = rebuild if options.rebuild else open_index
    try:
        with cluster(options) as share:
            model = _model(options)
            with opening(options.index, model.id, api_key=_api_key()) as index:
                report = _bring_in_line(options, model, index, share)
                if report.interrupted and options.rebuild:
                    raise _InterruptedRebuildError(report)
    except _InterruptedRebuildError as interrupted:
        return interrupted.report
    return report


def _bring_in_line(
    options: argparse.Namespace, model: "Encoder", index: "Index", share: "Share | None" = None
) -> "Report":
    from rich.console import Console

    from ingest.console import show_progress
    from ingest.pipeline import bring_in_line

    with (
        stages(options, model, share) as reading_and_embedding,
        show_progress(Console(stderr=True, quiet=options.quiet)) as progress,
    ):
        return bring_in_line(
            options.paths,
            reading_and_embedding,
            index,
            selection=_selection(options),
            progress=progress,
        )


def _watch(options: argparse.Namespace) -> int:
    """Bring the index in line, then again after each change, until Ctrl-C."""
    from ingest.errors import InputError
    from ingest.scan import scan
    from ingest.selection import Selection
    from ingest.watch import changes
    from retriever import index_folder, open_index

    scan(options.paths, selection=Selection(may_empty=True))  # a mistyped path is told at once
    model = _model(options)
    with (
        open_index(options.index, model.id, api_key=_api_key()) as index,
        suppress(KeyboardInterrupt),  # between two ingests; one that is interrupted says so itself
    ):
        for count, _ in enumerate(changes(options.paths, exclude=index_folder(index.address))):
            try:
                report = _bring_in_line(options, model, index)
                _show(report, options)
                if report.interrupted:
                    return report.exit_code
            except InputError as error:  # an empty folder may fill, and a drive come back
                _tell(error)
            if not count and not options.quiet:
                print("Watching for changes; Ctrl-C ends it.", flush=True)
    return 0


def _dry_run(options: argparse.Namespace) -> "Report":
    from ingest.changes import check_emptied
    from ingest.pipeline import preview
    from ingest.scan import scan
    from retriever import index_folder, present_documents

    selection = _selection(options)
    found = scan(options.paths, exclude=index_folder(options.index), selection=selection)
    records = present_documents(options.index, api_key=_api_key())
    if not selection.may_empty:
        check_emptied(found, records)
    return preview(found, records, _model(options), options.chunk_tokens)


def _owner(options: argparse.Namespace) -> "Owner | None":
    """The program that has the index open, if it can do this with its own model."""
    from retriever.owner import owner_of

    if options.ray or options.model not in (None, os.environ.get("DUET_MODEL")):
        return None  # opening the index tells that it is in use
    return owner_of(options.index)


def _selection(options: argparse.Namespace) -> "Selection":
    from ingest.selection import Selection

    return Selection(
        include=options.include,
        exclude=options.exclude,
        gitignore=options.gitignore,
        may_empty=options.yes,
    )


def _model(options: argparse.Namespace) -> "Encoder":
    # Only now: these take seconds to import, and --help should not.
    from retriever import check_free

    check_free(options.index)
    from embedder import BUNDLED_MODEL, LLM2VecGen

    return LLM2VecGen.from_pretrained(options.model or BUNDLED_MODEL)


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
    from retriever.owner import owner_of

    owner = owner_of(options.index)
    if owner is not None:
        from ingest.through_owner import remove_through

        removed = remove_through(owner, options)
    else:
        with open_present(options.index, api_key=_api_key()) as index:
            removed = [(each.source, each.chunks) for each in remove(options.paths, index)]
    if not options.quiet:
        for source, chunks in removed:
            print(f"removed {printable(source)}: {_counted(chunks, 'chunk')}")
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
