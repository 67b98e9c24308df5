"""`python -m embedder.train respond | train | heads | examples | answering | retrieval-heads`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from embedder.errors import DuetError
from embedder.train.answering.plan import Adapter, AnsweringPlan
from embedder.train.heads.plan import HeadPlan
from embedder.train.recipe import Asking, Design, Losses, Pace, Plan, Shard

Values = TypeVar("Values", Adapter, AnsweringPlan, Asking, Design, HeadPlan, Losses, Pace, Plan)


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
        required=True, metavar="respond | train | heads | examples | answering | retrieval-heads"
    )
    _describe_respond(commands.add_parser("respond", help="let the model answer questions"))
    _describe_train(commands.add_parser("train", help="train special tokens and two heads"))
    _describe_heads(commands.add_parser("heads", help="train a checkpoint's head to find passages"))
    _describe_examples(commands.add_parser("examples", help="make examples of grounded answers"))
    _describe_answering(commands.add_parser("answering", help="train a LoRA to give such answers"))
    _describe_retrieval_heads(
        commands.add_parser("retrieval-heads", help="find the heads that look for answers")
    )
    return parser


def _describe_respond(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=_respond)
    add = parser.add_argument
    add("questions", type=Path, help='JSON lines with "question", may be gzipped')
    add("--base", required=True, help="chat model: folder, GGUF file or hub id")
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
    add("--base", required=True, help="causal language model: folder, GGUF file or hub id")
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
    design.add("pooling", "of the states, or of the text's own (%(default)s)")
    design.add("layers", "last, mix, or some side by side, such as 0+5+10 (%(default)s)")
    design.add("attention", "while a text is encoded (%(default)s)")
    design.add("lora_rank", "0: no LoRA, as published (%(default)s)")
    design.add("lora_alpha", "scale of the LoRA times its rank (%(default)s)")
    design.add("lora_dropout", "on its input (%(default)s)")
    design.add("words", "what the special rows start as (random)")
    design.add("query_instruction", "in front of questions (%(default)r)")
    design.add("document_instruction", "in front of passages (%(default)r)")

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
    pace.add("closed_form", "pairs that the heads are fitted to first (%(default)s)")
    pace.add("evenness", "of the directions then, 0 to 1 (%(default)s)")
    pace.add("heads_share", "the heads' share of the learning rate (%(default)s)")


def _describe_heads(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=_heads)
    add = parser.add_argument
    add("data", type=Path, help='JSON lines with "question" and "answer" or "group"')
    add("--model", required=True, help="checkpoint: folder or hub id")
    add("--out", type=Path, required=True, help="folder of the run; the checkpoint is OUT/model")
    plan = _Fields(add, HeadPlan)
    plan.add("add", "directions of the states put beside the head (%(default)s)")
    plan.add("dimension", "of the embeddings in the end; 0: all (%(default)s)")
    plan.add("steps", "how many (%(default)s)")
    plan.add("batch", "pairs a step (%(default)s)")
    plan.add("together", "neighbours in the data that share a step (%(default)s)")
    plan.add("learning_rate", "at its peak (%(default)s)")
    plan.add("warmup", "steps (%(default)s)")
    plan.add("scale", "of the cosines (%(default)s)")
    plan.add("groups", "weight of rows that mean the same (%(default)s)")
    plan.add("keep", "weight of staying near the head as it was (%(default)s)")
    plan.add("max_length", "tokens of a text that are read (%(default)s)")
    plan.add("seed", "of the order (%(default)s)")


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
    adapter = _Fields(add, Adapter)
    adapter.add("rank", "of the LoRA (%(default)s)")
    adapter.add("alpha", "its scale is alpha / rank (%(default)s)")
    adapter.add("first_layer", "the first with a LoRA (%(default)s)")
    plan = _Fields(add, AnsweringPlan)
    plan.add("start_from", "folder of an adapter to go on from (none)", kind=Path)
    plan.add("steps", "0: all examples once (%(default)s)")
    plan.add("batch", "examples a step (%(default)s)")
    plan.add("at_once", "of them computed together; more on a GPU (%(default)s)")
    plan.add("workers", "processes that prepare steps meanwhile (%(default)s)")
    plan.add("longest", "tokens of an example (%(default)s)")
    plan.add("learning_rate", "at its peak (%(default)s)")
    plan.add("warmup", "steps (%(default)s)")
    plan.add("save_every", "steps between snapshots (%(default)s)")
    plan.add("seed", "of the start values (%(default)s)")
    add("--device", choices=["cpu"], help="cpu; by default what accelerate finds")
    add("--dtype", choices=["float32", "bfloat16"], help="of the frozen base")


def _describe_retrieval_heads(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=_retrieval_heads)
    add = parser.add_argument
    add("questions", type=Path, nargs="+", help="JSON lines of passages with questions")
    add("--model", type=Path, required=True, help="folder of a checkpoint; they are noted in it")
    add("--count", type=int, default=250, help="questions to try (%(default)s)")
    add("--keep", type=int, default=4, help="heads to note (%(default)s)")
    add("--seed", type=int, default=0, help="of the draw")


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


def _heads(arguments: argparse.Namespace) -> None:
    from embedder.train.heads.trainer import train_head

    print(f"the checkpoint is in {train_head(_only(HeadPlan, arguments))}")


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
    from embedder.train.answering.trainer import train_answering

    arguments.adapter = _only(Adapter, arguments)
    print(f"the adapter is in {train_answering(_only(AnsweringPlan, arguments))}")


def _retrieval_heads(arguments: argparse.Namespace) -> None:
    from embedder.train.answering.retrieval_heads import find_retrieval_heads
    from embedder.train.answering.texts import read_texts

    texts = [text for file in arguments.questions for text in read_texts(file)]
    shares = find_retrieval_heads(
        arguments.model, texts, count=arguments.count, keep=arguments.keep, seed=arguments.seed
    )
    print("layer  head  looks at the sentence with the answer")
    for (layer, head), share in list(shares.items())[: 2 * arguments.keep]:
        print(f"{layer:5}  {head:4}  {share:6.1%}")
    print(f"the best {arguments.keep} are noted in {arguments.model}")


def _only(kind: type[Values], arguments: argparse.Namespace) -> Values:
    """A dataclass from the arguments of its fields' names."""
    return kind(**{field.name: getattr(arguments, field.name) for field in fields(kind)})


if __name__ == "__main__":
    sys.exit(main())
