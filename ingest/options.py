"""The options of `python -m ingest`; nothing heavy is imported for `--help`."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from ingest.chunk import CHUNK_TOKENS, MIN_CHUNK_TOKENS
from retriever import DEFAULT_ADDRESS

_EPILOG = (
    "`python -m ingest remove PATH...` takes files, or all below folders, out of the index; the "
    "files stay, and may be gone. Exit code: 0 all is well, 1 a file failed, 2 nothing could be "
    "done, 130 Ctrl-C."
)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options; ends the program where they are wrong."""
    removes = list(arguments[:1]) == ["remove"]
    parser = _removing() if removes else _ingesting()
    options = parser.parse_args(arguments[1:] if removes else arguments)
    options.remove = removes
    if not removes:
        _check(parser, options)
    return options


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if bool(options.paths) == options.rollback:
        parser.error("give at least one PATH, or --rollback alone")
    if options.drop_others and not options.rebuild:
        parser.error("--drop-others goes with --rebuild")
    if options.watch and (options.rebuild or options.dry_run):
        parser.error("--watch goes with neither --rebuild nor --dry-run")
    if options.ray and (options.watch or options.dry_run or options.rollback):
        parser.error("--ray goes with neither --watch nor --dry-run nor --rollback")
    if options.workers and not options.ray:
        parser.error("--workers goes with --ray")


def _removing() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ingest remove",
        description="Take files, or all below folders, out of an index. No file is deleted.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or a folder")
    _add_common(parser)
    return parser


def _ingesting() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ingest",
        description="Bring an index in line with files and folders: what is new or changed is "
        "embedded, what is gone from a given folder is removed.",
        epilog=_EPILOG,
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="a file or a folder")
    _add_common(parser)
    _add_selection(parser)
    _add_cluster(parser)
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
        "--dry-run", action="store_true", help="say what would be done, and change nothing"
    )
    parser.add_argument(
        "--watch", action="store_true", help="go on, and take up each change until Ctrl-C"
    )
    parser.add_argument(
        "--chunk-tokens",
        type=_chunk_tokens,
        default=CHUNK_TOKENS,
        metavar="N",
        help="longest passage in tokens (default: %(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report here, too")
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--index",
        default=os.environ.get("DUET_INDEX") or DEFAULT_ADDRESS,
        metavar="ADDRESS",
        help=f"a folder, or the URL of a Qdrant server (default: $DUET_INDEX or {DEFAULT_ADDRESS})",
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _add_selection(parser: argparse.ArgumentParser) -> None:
    for name, meaning in (
        ("include", "read only files like this, *.pdf for example"),
        ("exclude", "leave out files and folders like this, drafts/ for example"),
    ):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="PATTERN",
            help=f"{meaning}; as in .gitignore, may be given several times",
        )
    parser.add_argument(
        "--gitignore", action="store_true", help="leave out what .gitignore files in folders name"
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="let a folder that has no files any more lose all that is indexed of it",
    )


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ray",
        nargs="?",
        const=os.environ.get("RAY_ADDRESS") or "local",
        type=_ray_address,
        metavar="ADDRESS",
        help="have the machines of a Ray cluster read and embed: HOST:PORT of its head, auto for "
        "the one that runs here (default: $RAY_ADDRESS, or local, which starts one here)",
    )
    parser.add_argument(
        "--workers",
        type=_workers,
        metavar="N",
        help="with --ray: so many (default: one for each GPU; without GPUs, for each machine)",
    )


def _ray_address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if text in ("local", "auto") or (host and port.isdecimal() and "/" not in host):
        return text
    msg = f"expected HOST:PORT, auto or local, got {text!r}; a PATH stands in front of --ray"
    raise argparse.ArgumentTypeError(msg)


def _workers(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        msg = f"expected a number of at least 1, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _chunk_tokens(text: str) -> int:
    if not text.isdecimal() or int(text) < MIN_CHUNK_TOKENS:
        msg = f"expected a number of at least {MIN_CHUNK_TOKENS}, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)
