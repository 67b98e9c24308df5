"""`python -m retriever`: look at an index, search it, copy it, embed it anew."""

import argparse
import io
import os
import signal
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from embedder.errors import DuetError
from retriever.address import DEFAULT_ADDRESS, open_index, open_present
from retriever.export import export_index, exported_encoder, import_index
from retriever.options import add_filter_options, filter_of
from retriever.reindex import migrate, reindex
from retriever.retriever import DEFAULT_K, Retriever
from retriever.search import Mode
from retriever.spread import Spread

if TYPE_CHECKING:
    from embedder import LLM2VecGen
    from retriever.index import Index


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except DuetError as error:
        print(f"error: {_printable(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m retriever",
        description="Look at an index, search it, copy it, embed it anew.",
        epilog="Exit code: 0 done, 2 it could not be done, 130 Ctrl-C.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    address = argparse.ArgumentParser(add_help=False)
    address.add_argument(
        "--index",
        default=os.environ.get("DUET_INDEX") or DEFAULT_ADDRESS,
        metavar="ADDRESS",
        help=f"a folder, or the URL of a Qdrant server (default: $DUET_INDEX or {DEFAULT_ADDRESS})",
    )
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument(
        "--model",
        default=os.environ.get("DUET_MODEL"),
        help="hub id or folder of an LLM2Vec-Gen model (default: $DUET_MODEL or the bundled one)",
    )

    def add(
        name: str,
        run: Callable[[argparse.Namespace], None],
        summary: str,
        *parents: argparse.ArgumentParser,
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, parents=parents, help=summary, description=summary)
        command.set_defaults(run=run)
        return command

    add("info", _info, "Print what an index holds.", address)
    _add_search_options(add("search", _search, "Print the best passages.", address, model))
    export = add("export", _export, "Write an index to a file of JSON lines.", address)
    export.add_argument("file", type=Path, metavar="FILE")
    load = add("import", _import, "Add the documents of an exported file.", address)
    load.add_argument("file", type=Path, metavar="FILE")
    migrate = add("migrate", _migrate, "Copy an index to another folder or server.")
    migrate.add_argument("origin", metavar="FROM", help="address of the index")
    migrate.add_argument("target", metavar="TO", help="an address without documents")
    summary = "Embed all passages with another model, and put the result in the index's place."
    add("reindex", _reindex, summary, address, model)
    return parser


def _add_search_options(search: argparse.ArgumentParser) -> None:
    search.add_argument("question")
    search.add_argument("--k", type=int, default=DEFAULT_K, help="passages (default: %(default)s)")
    search.add_argument(
        "--search",
        choices=get_args(Mode),
        default="hybrid",
        help="by words and vectors, or by one of them (default: %(default)s)",
    )
    search.add_argument("--min-score", type=float, help="least cosine similarity, -1 to 1")
    search.add_argument("--per-document", type=int, metavar="N", help="at most so many of each")
    search.add_argument(
        "--diversity", type=float, default=0.0, help="0 to 1: prefer passages unlike each other"
    )
    add_filter_options(search)


def _info(options: argparse.Namespace) -> None:
    with open_present(options.index, api_key=_api_key()) as index:
        info, records = index.info(), index.documents()
    types = Counter(record.media_type for record in records)
    print(f"address    {_printable(info.address)}")
    print(f"encoder    {_printable(str(info.encoder))}")
    print(f"chunks     {info.chunks:,}")
    print(f"documents  {info.documents:,}")
    for media_type, count in types.most_common():
        print(f"           {count:,} {_printable(media_type)}")
    half = sum(not record.complete for record in records)
    if half:
        print(f"incomplete {half:,}: ingest them again")


def _search(options: argparse.Namespace) -> None:
    if options.k < 1:
        msg = f"--k is {options.k}; expected at least 1"
        raise DuetError(msg)
    where = filter_of(options)
    try:
        spread = Spread(per_document=options.per_document, diversity=options.diversity)
    except ValueError as error:
        raise DuetError(str(error)) from error
    with open_present(options.index, api_key=_api_key()):
        pass  # that there is none is told before a model is loaded
    model = _model(options)
    with open_index(options.index, model.id, api_key=_api_key()) as index:
        hits = Retriever(model, index, where).retrieve(
            options.question,
            options.k,
            min_score=options.min_score,
            mode=options.search,
            spread=spread,
        )
    for number, hit in enumerate(hits, 1):
        chunk = hit.chunk
        page = "" if chunk.page is None else f", page {chunk.page}"
        print(f"{number}. {_printable(chunk.source)}{page}")
        print(f"   cosine {hit.score:.3f}, BM25 {hit.lexical:.2f}")
        print(f"   {_printable(textwrap.shorten(chunk.text, 200, placeholder=' …'))}")
    if not hits:
        print("Nothing was found.")


def _export(options: argparse.Namespace) -> None:
    with open_present(options.index, api_key=_api_key()) as index:
        _warn_of_incomplete(index)
        chunks = export_index(index, options.file)
    print(f"{chunks:,} chunks written to {_printable(str(options.file))}")


def _import(options: argparse.Namespace) -> None:
    encoder = exported_encoder(options.file)
    with open_index(options.index, encoder, api_key=_api_key()) as index:
        chunks = import_index(index, options.file)
    print(f"{chunks:,} chunks imported into {_printable(options.index)}")


def _migrate(options: argparse.Namespace) -> None:
    with open_present(options.origin, api_key=_api_key()) as index:
        _warn_of_incomplete(index)
        chunks = migrate(index, options.target, api_key=_api_key())
    print(f"{chunks:,} chunks copied to {_printable(options.target)}")


def _reindex(options: argparse.Namespace) -> None:
    with open_present(options.index, api_key=_api_key()) as index:
        _warn_of_incomplete(index)
        total = index.info().chunks
        model = _model(options)
        with reindex(index, model, progress=lambda done: _tell(done, total)) as new:
            chunks = new.info().chunks
    print(f"{chunks:,} chunks embedded by {_printable(str(model.id))}")
    print("The former index is kept: python -m ingest --rollback swaps back.")


def _model(options: argparse.Namespace) -> "LLM2VecGen":
    from embedder import BUNDLED_MODEL, LLM2VecGen  # only now: torch takes seconds

    return LLM2VecGen.from_pretrained(options.model or BUNDLED_MODEL)


def _tell(done: int, total: int) -> None:
    print(f"{done:,} of {total:,} chunks", file=sys.stderr)


def _warn_of_incomplete(index: "Index") -> None:
    half = [record.source for record in index.documents() if not record.complete]
    if half:
        print(
            f"left out: {len(half):,} incomplete documents, such as {_printable(half[0])}; ingest "
            "them again",
            file=sys.stderr,
        )


def _api_key() -> str | None:
    return os.environ.get("DUET_QDRANT_API_KEY") or None


def _printable(text: str) -> str:
    """One line that does not steer the terminal."""
    return "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that is not UTF-8
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # who reads has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: no traceback of tidying up
    sys.exit(code)
