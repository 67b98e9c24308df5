"""`python -m embedder.train respond | train | examples | answering ...`."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from embedder import instructions
from embedder.errors import DuetError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Values = TypeVar("Values", bound="DataclassInstance")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, then import torch and work; returns the exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        parsed.work(parsed)
    except DuetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped: the same command goes on where it was", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m embedder.train",
        description="Turn a causal language model into an embedder (LLM2Vec-Gen). A stopped "
        "command goes on where it was when it is given again.",
    )
    commands = parser.add_subparsers(
        required=True, metavar="respond | train | examples | answering"
    )
    _describe_respond(commands.add_parser("respond", help="let the model answer questions"))
    _describe_train(commands.add_parser("train", help="train special tokens and two heads"))
    _describe_examples(commands.add_parser("examples", help="make examples of grounded answers"))
    _describe_answering(commands.add_parser("answering", help="train a LoRA to give such answers"))
    return parser


def _describe_respond(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=_respond)
    add = parser.add_argument
    add("questions", type=Path, help='JSON lines with "question", may be gzipped')
    add("--base", required=True, help="chat model: folder, GGUF file or hub id")
    add("--out", type=Path, required=True, help="JSON lines with the answers; appended to")
    add("--max-new-tokens", type=int, default=500, help="of an answer (%(default)s)")
    add("--batch", type=int, default=16, help="questions at once (%(default)s)")
    add(
        "--shard",
        type=_shard,
        default=(0, 1),
        metavar="I/N",
        help="every N-th question from the I-th",
    )
    add("--plain", action="store_true", help="ask a base without a chat template")
    add("--device", help="cpu, cuda, mps (the best there is)")


def _describe_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=_train)
    add = parser.add_argument
    add("data", type=Path, help='JSON lines with "question" and "answer", may be gzipped')
    add("--base", required=True, help="causal language model: folder, GGUF file or hub id")
    add("--teacher", required=True, help="SentenceTransformer or LLM2Vec adapter: folder or hub id")
    add("--out", type=Path, required=True, help="folder of the run; the checkpoint is OUT/model")
    add("--teacher-adapter", help="second adapter of a LLM2Vec teacher")
    add("--start-from", help="checkpoint whose rows and heads are trained on")
    add("--cache", type=Path, help="folder for the teacher's vectors (OUT/teacher)")
    add("--device", choices=["cpu"], help="cpu; by default what accelerate finds")
    add("--dtype", choices=["float32", "bfloat16"], help="of the frozen base")
    add("--save-every", type=int, default=100, help="steps between snapshots (%(default)s)")
    add("--no-gradient-checkpointing", action="store_true", help="faster, and needs more memory")

    group = parser.add_argument_group("the embedder").add_argument
    group("--tokens", type=int, default=10, help="special tokens (%(default)s)")
    group("--states", type=int, default=10, help="last hidden states read (%(default)s)")
    group("--max-length", type=int, default=512, help="tokens of an input (%(default)s)")
    group("--pooling", choices=["mean", "attention", "last", "text"], default="mean")
    group("--layers", default="last", help="last, mix, or some side by side, such as 0+5+10")
    group("--attention", choices=["causal", "bidirectional"], default="causal")
    group("--lora-rank", type=int, default=0, help="0: no LoRA, as published")
    group("--lora-alpha", type=int, default=16)
    group("--lora-dropout", type=float, default=0.05)
    group("--words", default="", help="what the special rows start as (random)")
    group("--query-instruction", default=instructions.QUERY, help="in front of questions")
    group("--document-instruction", default=instructions.DOCUMENT, help="in front of passages")

    group = parser.add_argument_group("losses, 0 is off").add_argument
    group("--reconstruction", type=float, default=1.0, help="weight (%(default)s)")
    group("--alignment", type=float, default=1.0, help="weight (%(default)s)")
    group("--echo", type=float, default=0.0, help="weight of the answers' own alignment")
    group("--contrast", type=float, default=0.0, help="weight of the in-batch InfoNCE")
    group("--contrast-with", choices=["echo", "teacher"], default="echo")
    group("--scale", type=float, default=20.0, help="of its cosines (%(default)s)")
    group("--hard-negatives", action="store_true", help="use negative_question, negative_answer")
    group("--margin", type=float, default=0.0, help="weight; needs hard negatives")
    group("--margin-distance", type=float, default=10.0)
    group("--instruction", default="", help="in front of every question")
    group("--echo-instruction", default="Repeat this text word by word. ")

    group = parser.add_argument_group("pace").add_argument
    group("--steps", type=int, default=5000, help="0: only the start values (%(default)s)")
    group("--schedule-steps", type=int, default=20_000, help="linear to zero (%(default)s)")
    group("--warmup", type=int, default=100, help="steps (%(default)s)")
    group("--batch", type=int, default=32, help="pairs, over all processes (%(default)s)")
    group("--learning-rate", type=float, help="3e-4 for Qwen3, 5e-4 for others")
    group("--seed", type=int, default=42)
    group("--heads-share", type=float, default=1.0, help="the heads' share of the learning rate")
    group("--closed-form", type=int, default=0, help="rows that the heads start from (0: random)")


def _describe_examples(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=_examples)
    add = parser.add_argument
    add("questions", type=Path, nargs="+", help="JSON lines of passages with questions")
    add("--documents", type=Path, nargs="+", required=True, help="plain text, a paragraph a line")
    add("--out", type=Path, required=True, help="JSON lines, gzipped")
    add("--count", type=int, default=4000, help="examples (%(default)s)")
    add("--seed", type=int, default=0)


def _describe_answering(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=_answering)
    add = parser.add_argument
    add("data", type=Path, help="what `examples` wrote")
    add("--base", required=True, help="causal language model: folder, GGUF file or hub id")
    add("--out", type=Path, required=True, help="folder of the run; the adapter is OUT/answering")
    add("--rank", type=int, default=16, help="of the LoRA (%(default)s)")
    add("--alpha", type=int, default=32, help="its scale is alpha / rank (%(default)s)")
    add("--first-layer", type=int, default=6, help="the first with a LoRA (%(default)s)")
    add("--steps", type=int, help="by default all examples once")
    add("--batch", type=int, default=4, help="examples a step (%(default)s)")
    add("--longest", type=int, default=1536, help="tokens of an example (%(default)s)")
    add("--learning-rate", type=float, default=1e-3, help="at its peak (%(default)s)")
    add("--warmup", type=int, default=20, help="steps (%(default)s)")
    add("--device", choices=["cpu"], help="cpu; by default what accelerate finds")
    add("--dtype", choices=["float32", "bfloat16"], help="of the frozen base")
    add("--save-every", type=int, default=25, help="steps between states (%(default)s)")
    add("--seed", type=int, default=0)


def _shard(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        msg = f"expected I/N with I from 0 to N-1, such as 0/4, found {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(index), int(count)


def _respond(arguments: argparse.Namespace) -> None:
    from embedder.train.respond import Asking, Shard, respond

    count = respond(
        arguments.questions,
        arguments.base,
        arguments.out,
        _only(Asking, arguments),
        Shard(*arguments.shard),
        arguments.device,
    )
    print(f"{count:,} questions answered now, all in {arguments.out}")


def _train(arguments: argparse.Namespace) -> None:
    from embedder.train.recipe import Design, Losses, Pace, Plan
    from embedder.train.trainer import train

    arguments.design = _only(Design, arguments)
    arguments.losses = _only(Losses, arguments)
    arguments.pace = _only(Pace, arguments)
    arguments.gradient_checkpointing = not arguments.no_gradient_checkpointing
    print(f"the checkpoint is in {train(_only(Plan, arguments))}")


def _examples(arguments: argparse.Namespace) -> None:
    from itertools import islice

    from embedder.train.answering.example import write_examples
    from embedder.train.answering.mixing import Mixer
    from embedder.train.answering.texts import read_documents, read_texts

    told = [text for file in arguments.questions for text in read_texts(file)]
    documents = [d for file in arguments.documents for d in read_documents(file)]
    drawn = Mixer(told, documents).draw(arguments.seed)
    count = write_examples(arguments.out, islice(drawn, arguments.count))
    print(f"{count:,} examples in {arguments.out}")


def _answering(arguments: argparse.Namespace) -> None:
    from embedder.train.answering.trainer import Adapter, AnsweringPlan, train_answering

    arguments.adapter = _only(Adapter, arguments)
    print(f"the adapter is in {train_answering(_only(AnsweringPlan, arguments))}")


def _only(kind: type[Values], arguments: argparse.Namespace) -> Values:
    """A dataclass from the arguments of its fields' names."""
    return kind(**{field.name: getattr(arguments, field.name) for field in fields(kind)})


if __name__ == "__main__":
    sys.exit(main())
