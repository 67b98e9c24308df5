"""`python -m embedder.evaluate TASK SET...`: measure encoders next to MiniLM and BM25."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from embedder.defaults import DECODED_TOKENS, DECODED_WORDS
from embedder.errors import DuetError
from embedder.evaluate.defaults import BM25, MAX_TOKENS, MINILM, RECALL_AT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.task == "decode":
            _decode(options)
        else:
            _evaluate(options)
    except DuetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m embedder.evaluate",
        description="Measure encoders next to MiniLM and BM25, and show what embeddings say.",
        epilog="Exit code: 0 done, 2 it could not be done, 130 Ctrl-C.",
    )
    tasks = parser.add_subparsers(metavar="TASK", dest="task", required=True)
    common = _common()

    def add(name: str, help_text: str, sets: str) -> argparse.ArgumentParser:
        task = tasks.add_parser(name, parents=[common], help=help_text, description=help_text)
        task.add_argument("sets", nargs="+", metavar="SET", help=sets)
        return task

    retrieval = add(
        "retrieval",
        "nDCG@10, Recall@k and MRR@10 on folders in BEIR's layout",
        "a folder with corpus.jsonl, queries.jsonl and qrels.tsv",
    )
    retrieval.add_argument(
        "--queries", type=_positive, metavar="N", help="only the first N that have an answer"
    )
    retrieval.add_argument(
        "--recall",
        type=_positive,
        nargs="+",
        default=RECALL_AT,
        metavar="K",
        help=f"({' '.join(map(str, RECALL_AT))})",
    )
    _add_comparison(retrieval, [MINILM, BM25])
    labelled = (
        "a folder with train.jsonl and test.jsonl (text, label), or a retrieval set of classes"
    )
    pairs = "JSON lines with sentence1, sentence2 and score"
    _add_comparison(add("classification", "accuracy of a linear classifier", labelled), [MINILM])
    _add_comparison(add("clustering", "V-measure of k-means", labelled), [MINILM])
    _add_comparison(add("sts", "rank correlation with people's scores", pairs), [MINILM])
    add(
        "mteb",
        "mteb's tasks, or its retrieval over a local folder; long texts are cut",
        "a task's name, or a folder",
    )
    _add_decode(tasks.add_parser("decode", help="what the embeddings of a file's texts say"))
    return parser


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--model",
        action="append",
        metavar="MODEL",
        help="hub id or folder of an LLM2Vec-Gen model; given several times, the others are "
        "compared with the first (default: $DUET_MODEL or the bundled one)",
    )
    common.add_argument("--json", type=Path, metavar="FILE", help="write the results here, too")
    common.set_defaults(baselines=[], max_tokens=MAX_TOKENS)
    return common


def _add_comparison(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    lower = [name.lower() for name in names]
    parser.add_argument(
        "--baselines",
        nargs="*",
        choices=lower,
        default=lower,
        metavar="NAME",
        help=f"of {' and '.join(lower)}; without a name: none (default: all)",
    )
    parser.add_argument(
        "--max-tokens",
        type=_positive,
        default=MAX_TOKENS,
        metavar="N",
        help="cut texts here, in the model's own tokens (default: %(default)s, as MiniLM does)",
    )


def _add_decode(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a text in each line, or .jsonl with a “text”")
    parser.add_argument(
        "--model", help="hub id or folder (default: $DUET_MODEL or the bundled one)"
    )
    parser.add_argument(
        "--instruction",
        choices=("query", "document", "none"),
        default="query",
        help="what each text is embedded as (default: %(default)s)",
    )
    parser.add_argument(
        "--words", type=_positive, default=DECODED_WORDS, help="of each token (%(default)s)"
    )
    parser.add_argument(
        "--max-new-tokens", type=_positive, default=DECODED_TOKENS, help="(%(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report here, too")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        msg = f"expected a number of at least 1, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _evaluate(options: argparse.Namespace) -> None:
    # Only now: torch and the like take seconds to import, and --help should not.
    from rich.console import Console

    from embedder.evaluate import run
    from embedder.evaluate.report import check_writable, show, write_json

    if options.json:
        check_writable(options.json)
    paths = [Path(name) for name in options.sets]
    with Console(stderr=True).status("loading") as status:
        systems = run.Systems(
            models=options.model or [os.environ.get("DUET_MODEL")],
            baselines=[name for name in (MINILM, BM25) if name.lower() in options.baselines],
            max_tokens=options.max_tokens,
            progress=status.update,
        )
        if options.task == "retrieval":
            report = run.retrieval(
                paths, systems, queries=options.queries, recall_at=options.recall
            )
        elif options.task == "mteb":
            report = run.mteb(options.sets, systems)
        else:
            task = {"classification": run.classification, "clustering": run.clustering}
            report = task.get(options.task, run.similarity)(paths, systems)
    show(report)
    if options.json:
        write_json(report.as_json(), options.json)


def _decode(options: argparse.Namespace) -> None:
    from rich.console import Console

    from embedder import BUNDLED_MODEL, LLM2VecGen
    from embedder.evaluate.decoding import decode_texts, read_texts
    from embedder.evaluate.report import check_writable, write_json

    if options.json:
        check_writable(options.json)
    texts = read_texts(options.file)
    model = LLM2VecGen.from_pretrained(
        options.model or os.environ.get("DUET_MODEL") or BUNDLED_MODEL
    )
    console = Console()
    shown: list[dict[str, object]] = []
    for decoded in decode_texts(
        model,
        texts,
        instruction={**model.instructions._asdict(), "none": ""}[options.instruction],
        max_new_tokens=options.max_new_tokens,
        words=options.words,
    ):
        console.print(decoded)
        shown.append(decoded.as_json())
    if options.json:
        write_json({"model": model.id.label, "texts": shown}, options.json)


if __name__ == "__main__":
    sys.exit(main())
