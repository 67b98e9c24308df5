"""`python -m app`: ask in the terminal, or serve the chat page and the API."""

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from app.settings import Settings
from embedder.errors import DuetError
from retriever import DEFAULT_K, Mode
from retriever.options import add_filter_options, filter_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        options.settings = _settings(options)
        return options.run(options) or 0
    except DuetError as error:
        from app.terminal import one_line

        print(f"error: {one_line(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app",
        parents=[_where(), _address()],
        description="Ask your own documents. Without a command: serve the chat page and the API.",
        epilog="Exit code: 0 answered, also if the documents do not say; 1 something that was "
        "evaluated became worse; 2 it could not be asked or served; 130 after Ctrl-C.",
    )
    parser.set_defaults(run=_serve, host="127.0.0.1", port=8501)
    commands = parser.add_subparsers(metavar="COMMAND")
    ask = commands.add_parser("ask", parents=[_where()], help="answer one question in the terminal")
    ask.set_defaults(run=_ask)
    ask.add_argument("question", nargs="+", help="with quotes or without")
    add_filter_options(ask)
    ask.add_argument(
        "--k",
        type=_passages,
        default=DEFAULT_K,
        help="passages to retrieve (default: %(default)s)",
    )
    ask.add_argument(
        "--search",
        choices=get_args(Mode),
        default="hybrid",
        help="by words and vectors, or by one of them (default: %(default)s)",
    )
    _add_evaluate(
        commands.add_parser("evaluate", parents=[_where()], help="measure answers and search")
    )
    tools = commands.add_parser(
        "mcp", parents=[_where()], help="give an assistant tools, over standard input and output"
    )
    tools.set_defaults(run=_tools)
    serve = commands.add_parser(
        "serve", parents=[_where(), _address()], help="serve the chat page and the API"
    )
    serve.set_defaults(run=_serve)
    return parser


def _where() -> argparse.ArgumentParser:
    """Options that may stand before a command and after it, where they count.

    Each parser gets its own: a default that one sets is set for all that share an option.
    """
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument(
        "--index",
        metavar="ADDRESS",
        help="a folder, or the URL of a Qdrant server (default: $DUET_INDEX or .duet/index)",
    )
    options.add_argument(
        "--model",
        help="hub id or folder of an LLM2Vec-Gen model (default: $DUET_MODEL or the bundled one)",
    )
    options.add_argument(
        "--generation-url",
        metavar="URL",
        help="the API of a server that writes the answers instead, with /v1; it gets the question "
        "and the passages (default: $DUET_GENERATION_URL or none; its key: $DUET_GENERATION_KEY)",
    )
    options.add_argument(
        "--generation-model",
        metavar="NAME",
        help="which model there (default: $DUET_GENERATION_MODEL or the only one)",
    )
    return options


def _settings(options: argparse.Namespace) -> Settings:
    told = vars(options)
    names = ("--model", "--index", "--generation-url", "--generation-model")
    return Settings.of(os.environ, {name: told.get(name[2:].replace("-", "_")) for name in names})


def _address() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument("--host", help="address to bind (default: 127.0.0.1)")
    options.add_argument("--port", type=_port, help="default: 8501")
    return options


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_evaluate)
    parser.description = (
        "Questions whose answers are known are asked, sets in BEIR's layout are searched; all "
        "figures with their 95 % intervals. Exit code: 1 if something is worse than --baseline."
    )
    parser.add_argument(
        "--questions",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="JSON lines: question, answers, is_answerable, file (and pages) or context",
    )
    parser.add_argument("--sets", type=Path, nargs="+", default=[], metavar="FOLDER")
    parser.add_argument("--rows", type=_count, help="at random so many questions of a file (all)")
    parser.add_argument("--queries", type=_count, help="the first so many of a set (all)")
    parser.add_argument("--minilm", action="store_true", help="search the sets with MiniLM, too")
    parser.add_argument(
        "--rerank", action="store_true", help="let the model rank the best ten of a set anew, too"
    )
    parser.add_argument("--verbose", action="store_true", help="print each answer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="results of before")


def _count(text: str) -> int:
    return _between(text, 1, 1_000_000)


def _passages(text: str) -> int:
    return _between(text, 1, 100)


def _port(text: str) -> int:
    return _between(text, 1, 65535)


def _between(text: str, low: int, high: int) -> int:
    if not text.isdecimal() or not low <= int(text) <= high:
        msg = f"expected a number from {low} to {high}, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _ask(options: argparse.Namespace) -> None:
    where = filter_of(options)
    from app.terminal import ask  # only now: rich and numpy take time, and --help should not

    ask(
        " ".join(options.question),
        options.settings,
        where=where,
        k=options.k,
        search=options.search,
    )


def _evaluate(options: argparse.Namespace) -> int:
    from app.evaluate.command import Plan, evaluate

    names = Plan.__dataclass_fields__
    return evaluate(Plan(**{name: getattr(options, name) for name in names}))


def _tools(options: argparse.Namespace) -> None:
    from app.mcp.stdio import serve_tools

    serve_tools(options.settings)


def _serve(options: argparse.Namespace) -> None:
    from app.server import serve

    serve(options.host, options.port, options.settings)


def command() -> None:
    """`main` for a process of its own: `python -m app`, and `duet` where it is installed."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that is not UTF-8
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: no traceback of tidying up
    sys.exit(code)


if __name__ == "__main__":
    command()
