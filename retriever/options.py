"""The options of command lines that say where to look; cheap to import."""

import argparse
from datetime import datetime
from pathlib import Path

from retriever.errors import FilterError
from retriever.filter import FILE_TYPES, Filter


def add_filter_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `filter_of` reads."""
    where = parser.add_argument_group("which passages to look at")
    where.add_argument("--source", metavar="PATH", help="this file, or files below this folder")
    where.add_argument("--type", choices=FILE_TYPES, help="files of this type")
    where.add_argument(
        "--pages", type=_pages, metavar="N[-M]", help="those that start on these pages: 7, 3-9, 3-"
    )
    where.add_argument(
        "--after",
        type=_moment,
        metavar="DATE",
        help="files changed then or later: 2026-01-31, or with a time, 2026-01-31T18:00",
    )
    where.add_argument("--before", type=_moment, metavar="DATE", help="files changed earlier")


def filter_of(options: argparse.Namespace) -> Filter:
    """The filter that the options of `add_filter_options` make.

    Raises:
        FilterError: Nothing could meet it.
    """
    first, last = options.pages or (None, None)
    return Filter(
        source=None if options.source is None else _resolved(options.source),
        file_type=options.type,
        first_page=first,
        last_page=last,
        modified_after=options.after,
        modified_before=options.before,
    )


def _resolved(path: str) -> str:
    try:
        return Path(path).expanduser().resolve().as_posix()
    except (OSError, RuntimeError) as error:  # nobody's home, or a loop of links
        msg = f"There is no {path} ({error}). Give an indexed file, or a folder above some."
        raise FilterError(msg) from error


def _pages(text: str) -> tuple[int, int | None]:
    first, dash, last = text.partition("-")
    if not first.isdecimal() or not (last.isdecimal() or not last):
        msg = f"expected a page or a range of pages such as 7, 3-9 or 3-, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    end = int(last) if last else None
    return int(first), end if dash else int(first)


def _moment(text: str) -> datetime:
    """A date or a date with a time; of this machine's time zone where it names none."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        msg = f"expected a date such as 2026-01-31, or 2026-01-31T18:00, got {text!r}"
        raise argparse.ArgumentTypeError(msg) from error
