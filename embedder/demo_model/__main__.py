"""`python -m embedder.demo_model OUT --text FOLDER`: make the bundled model, or one like it."""

import argparse
import sys
from pathlib import Path

from embedder.errors import DuetError


def main() -> int:
    """Parse the command line, then import torch and build; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m embedder.demo_model",
        description="Make a small base language model with its LLM2Vec-Gen part from text files. "
        "A stopped run goes on where it was, from the files in --work.",
    )
    parser.add_argument("out", type=Path, help="folder for the checkpoint")
    parser.add_argument("--text", type=Path, required=True, help="folder of *.txt or *.txt.xz")
    parser.add_argument(
        "--questions",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="JSON lines: question, context, answer; or SelQA's *.json",
    )
    parser.add_argument("--utterances", type=Path, help="folder of Rasa NLU *.json")
    parser.add_argument("--work", type=Path, default=Path("runs/demo"), help="(%(default)s)")
    parser.add_argument("--pairs", type=int, default=190_000, help="texts to embed (%(default)s)")
    parser.add_argument("--steps", type=int, default=4200, help="of pretraining (%(default)s)")
    parser.add_argument("--threads", type=int, help="CPU threads (all)")
    arguments = parser.parse_args()
    try:
        _build(arguments)
    except DuetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _build(arguments: argparse.Namespace) -> None:
    import torch

    from embedder.demo_model.build import Plan, build
    from embedder.demo_model.pretrain import Schedule

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    plan = Plan(
        text=arguments.text,
        questions=arguments.questions,
        utterances=arguments.utterances,
        work=arguments.work,
        pairs=arguments.pairs,
        schedule=Schedule(steps=arguments.steps),
    )
    build(plan, arguments.out)


if __name__ == "__main__":
    sys.exit(main())
