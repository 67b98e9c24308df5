"""`python -m embedder.train respond ...` and `python -m embedder.train train ...`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from embedder.errors import DuetError
from embedder.train.recipe import Asking, Design, Losses, Pace, Plan, Shard

Values = TypeVar("Values", Asking, Design, Losses, Pace, Plan)


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
    commands = parser.add_subparsers(required=True, metavar="respond | train")
    _describe_respond(commands.add_parser("respond", help="let the model answer questions"))
    _describe_train(commands.add_parser("train", help="train special tokens and two heads"))
    return parser


def _describe_respond(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=_respond)
    add = parser.add_argument
    add("questions", type=Path, help='JSON lines with "question", may be gzipped')
    add("--base", required=True, help="chat model: a folder or a hub id")
    add("--out", type=Path, required=True, help="JSON lines with the answers; appended to")
    asking = _Fields(add, Asking)
    asking.add("max_new_tokens", "of an answer (%(default)s)")
    asking.add("batch", "questions at once (%(default)s)")
    asking.add("plain", "ask a base without a chat template")
    add("--shard", type=_shard, default=Shard(), metavar="I/N", help="every N-th from the I-th on")
    add("--device", help="cpu, cuda, mps (the best there is)")


def _describe_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=_train)
    add = parser.add_argument
    add("data", type=Path, help='JSON lines with "question" and "answer", may be gzipped')
    add("--base", required=True, help="causal language model: a folder or a hub id")
    add("--teacher", required=True, help="SentenceTransformer or LLM2Vec adapter: folder or hub id")
    add("--out", type=Path, required=True, help="folder of the run; the checkpoint is OUT/model")
    add("--teacher-adapter", help="second adapter of a LLM2Vec teacher")
    add("--start-from", help="checkpoint whose rows and heads are trained on")
    add("--cache", type=Path, help="folder for the teacher's vectors (OUT/teacher)")
    add("--device", choices=["cpu"], help="cpu; by default what accelerate finds")
    add("--dtype", choices=["float32", "bfloat16"], help="of the frozen base")
    _Fields(add, Plan).add("save_every", "steps between snapshots (%(default)s)")
    add("--no-gradient-checkpointing", action="store_true", help="faster, and needs more memory")

    design = _Fields(parser.add_argument_group("the embedder").add_argument, Design)
    design.add("tokens", "special tokens (%(default)s)")
    design.add("states", "last hidden states read (%(default)s)")
    design.add("max_length", "tokens of an input (%(default)s)")
    design.add("pooling", "of the states (%(default)s)")
    design.add("layers", "that the states are read from (%(default)s)")
    design.add("attention", "while a text is encoded (%(default)s)")
    design.add("lora_rank", "0: no LoRA, as published (%(default)s)")
    design.add("lora_alpha", "scale of the LoRA times its rank (%(default)s)")
    design.add("lora_dropout", "on its input (%(default)s)")

    losses = _Fields(parser.add_argument_group("losses, 0 is off").add_argument, Losses)
    losses.add("reconstruction", "weight (%(default)s)")
    losses.add("alignment", "weight (%(default)s)")
    losses.add("echo", "weight of the answers' own alignment (%(default)s)")
    losses.add("contrast", "weight of the in-batch InfoNCE (%(default)s)")
    losses.add("contrast_with", "whose vectors of the answers (%(default)s)")
    losses.add("scale", "of its cosines (%(default)s)")
    losses.add("hard_negatives", "use negative_question, negative_answer")
    losses.add("margin", "weight; needs hard negatives (%(default)s)")
    losses.add("margin_distance", "kept between different questions (%(default)s)")
    losses.add("instruction", "in front of every question (none)")
    losses.add("echo_instruction", "in front of an answer (%(default)r)")

    pace = _Fields(parser.add_argument_group("pace").add_argument, Pace)
    pace.add("steps", "0: only the start values (%(default)s)")
    pace.add("schedule_steps", "linear to zero (%(default)s)")
    pace.add("warmup", "steps (%(default)s)")
    pace.add("batch", "pairs, over all processes (%(default)s)")
    pace.add("learning_rate", "3e-4 for Qwen3, 5e-4 for others", kind=float)
    pace.add("seed", "of start values and order (%(default)s)")


class _Fields:
    """Adds options for fields of a dataclass: their names, kinds, choices and defaults."""

    def __init__(self, add_argument: Callable[..., object], kind: type) -> None:
        self._add_argument = add_argument
        self._defaults = {field.name: field.default for field in fields(kind)}
        self._types = get_type_hints(kind)

    def add(self, name: str, help_text: str, kind: type | None = None) -> None:
        """Add `--name`; `kind` where the field may also be None."""
        default = self._defaults[name]
        how: dict[str, Any] = {"default": default, "help": help_text}
        if isinstance(default, bool):
            how["action"] = "store_true"
        elif get_origin(self._types[name]) is Literal:
            how["choices"] = get_args(self._types[name])
        else:
            how["type"] = kind or self._types[name]
        self._add_argument("--" + name.replace("_", "-"), **how)


def _shard(text: str) -> Shard:
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        msg = f"expected I/N with I from 0 to N-1, such as 0/4, found {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return Shard(int(index), int(count))


def _respond(arguments: argparse.Namespace) -> None:
    from embedder.train.respond import respond

    count = respond(
        arguments.questions,
        arguments.base,
        arguments.out,
        _only(Asking, arguments),
        arguments.shard,
        arguments.device,
    )
    print(f"{count:,} questions answered now, all in {arguments.out}")


def _train(arguments: argparse.Namespace) -> None:
    from embedder.train.trainer import train

    arguments.design = _only(Design, arguments)
    arguments.losses = _only(Losses, arguments)
    arguments.pace = _only(Pace, arguments)
    arguments.gradient_checkpointing = not arguments.no_gradient_checkpointing
    print(f"the checkpoint is in {train(_only(Plan, arguments))}")


def _only(kind: type[Values], arguments: argparse.Namespace) -> Values:
    """A dataclass from the arguments of its fields' names."""
    return kind(**{field.name: getattr(arguments, field.name) for field in fields(kind)})


if __name__ == "__main__":
    sys.exit(main())
