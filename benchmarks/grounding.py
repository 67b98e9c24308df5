"""How the model answers from three passages, without the app's safety net.

    python benchmarks/grounding.py ROWS.jsonl [--rows 200] [--threads 2]

    python benchmarks/grounding.py ROWS.jsonl --shard 1/2 --threads 1 --out first.jsonl &
    python benchmarks/grounding.py ROWS.jsonl --shard 2/2 --threads 1 --out second.jsonl
    python benchmarks/grounding.py --merge first.jsonl second.jsonl

A row has id, source, title, question, context, is_answerable and answers. For an answerable row its
context stands among two of other titles. One that is not answerable is asked twice: with its own
context, which looks as if it held the answer, and with three of other titles. The other passages
are drawn by the row's id, so shards ask what one run would. Passages that are too long for the
model's window are cut. The answering adapter is on.
"""

import argparse
import json
import random
import string
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from app.answering.check.markers import MARKER, marked_numbers
from embedder import BUNDLED_MODEL, LLM2VecGen
from embedder.chat import grounded_messages, is_refusal
from embedder.errors import PromptTooLongError

Row = dict[str, Any]
Case = Literal["answerable", "related", "unrelated"]

_PASSAGES = 3
_LONGEST_REPLY = 96
"""Tokens."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the model replied to one prompt.

    Attributes:
        model: Its name and hash.
        id: Of the row.
        source: Of the row.
        case: "answerable"; or of a row that is not: "related" with its own context, "unrelated"
            with three others.
        place: Number of the row's own passage, from 1; 0 if it was not given.
        answers: Accepted ones; none for a row that is not answerable.
        reply: As it was written.
    """

    model: str
    id: str
    source: str
    case: Case
    place: int
    answers: tuple[str, ...]
    reply: str

    @property
    def refused(self) -> bool:
        """Whether it begins with the refusal."""
        return is_refusal(self.reply)

    @property
    def cites_its_passage(self) -> bool:
        """Whether it cites the row's own passage and no other."""
        return marked_numbers(self.reply) == [self.place]

    @property
    def has_an_accepted_answer(self) -> bool:
        """Whether the words of an accepted answer stand in it, in their order."""
        reply = f" {' '.join(squad_words(self.reply))} "
        return any(f" {' '.join(squad_words(answer))} " in reply for answer in self.answers)

    @property
    def token_f1(self) -> float:
        """Against the accepted answer that fits best; citations do not count."""
        text = MARKER.sub("", self.reply)
        return max((token_f1(text, answer) for answer in self.answers), default=0.0)


def token_f1(reply: str, answer: str) -> float:
    """SQuAD's measure: harmonic mean of the words' precision and recall."""
    got, wanted = Counter(squad_words(reply)), Counter(squad_words(answer))
    common = (got & wanted).total()
    return 2 * common / (got.total() + wanted.total()) if common else 0.0


def squad_words(text: str) -> list[str]:
    """Words as SQuAD's evaluation compares them: lower case, no punctuation, no articles."""
    bare = text.lower().translate(str.maketrans("", "", string.punctuation))
    return [word for word in bare.split() if word not in ("a", "an", "the")]


def main() -> None:
    """Print the table by source; with --out also keep every reply."""
    arguments = _arguments()
    outcomes = merged(arguments.merge) if arguments.merge else _run(arguments)
    Console().print(_table(outcomes))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", metavar="ROWS.jsonl")
    parser.add_argument("--model", default=BUNDLED_MODEL)
    parser.add_argument("--rows", type=int, help="a random so many (all)")
    parser.add_argument("--shard", type=_shard, default=(1, 1), metavar="I/N", help="the I-th of N")
    parser.add_argument("--threads", type=int, help="of torch (as many as cores)")
    parser.add_argument("--out", type=Path, help="write the replies here, one a line")
    parser.add_argument("--merge", type=Path, nargs="+", help="report on what --out wrote")
    arguments = parser.parse_args()
    if (arguments.file is None) == (arguments.merge is None):
        parser.error("expected either ROWS.jsonl or --merge with files that --out wrote")
    return arguments


def _shard(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        msg = f"expected I/N with I from 1 to N, like 1/4, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(number), int(count)


def _run(arguments: argparse.Namespace) -> list[Outcome]:
    if arguments.threads:
        import torch

        torch.set_num_threads(arguments.threads)
    model = LLM2VecGen.from_pretrained(arguments.model)
    rows = [json.loads(line) for line in arguments.file.read_text().splitlines()]
    chosen = random.Random(0).sample(rows, arguments.rows or len(rows))
    number, count = arguments.shard
    outcomes: list[Outcome] = []
    if arguments.out:
        arguments.out.write_text("")
    for row in tqdm(chosen[number - 1 :: count]):
        new = list(ask(model, row, rows))
        outcomes += new
        if arguments.out:  # each at once, so that a run that is stopped leaves what it has
            with arguments.out.open("a") as file:
                file.writelines(json.dumps(asdict(outcome)) + "\n" for outcome in new)
    return outcomes


def merged(files: Sequence[Path]) -> list[Outcome]:
    """The outcomes of several shards.

    Raises:
        SystemExit: They are of several models, or one stands there twice.
    """
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    outcomes = [Outcome(**{**row, "answers": tuple(row["answers"])}) for row in rows]
    models = sorted({outcome.model for outcome in outcomes})
    if len(models) != 1:
        raise SystemExit(f"error: expected outcomes of one model, found {models}")
    prompts = Counter((outcome.id, outcome.case) for outcome in outcomes)
    twice = [key for key, count in prompts.items() if count > 1]
    if twice:
        raise SystemExit(f"error: {len(twice)} outcomes stand there twice, such as {twice[0]}")
    return outcomes


def ask(model: LLM2VecGen, row: Row, rows: Sequence[Row]) -> Iterator[Outcome]:
    """Put a row's question to `model`: once if it is answerable, else twice."""
    rng = random.Random(row["id"])
    contexts = sorted({other["context"] for other in rows if other["title"] != row["title"]})
    cases: tuple[Case, ...] = ("answerable",) if row["is_answerable"] else ("related", "unrelated")
    for case in cases:
        passages, place = rng.sample(contexts, _PASSAGES), 0
        if case != "unrelated":
            place = rng.randrange(_PASSAGES) + 1
            passages[place - 1] = row["context"]
        yield Outcome(
            model=model.id.label,
            id=row["id"],
            source=row["source"],
            case=case,
            place=place,
            answers=tuple(row["answers"]),
            reply=_reply(model, row["question"], passages),
        )


def _reply(model: LLM2VecGen, question: str, passages: Sequence[str]) -> str:
    messages = grounded_messages(question, passages)
    try:
        pieces = model.stream(messages, answering=True, max_new_tokens=_LONGEST_REPLY)
    except PromptTooLongError:
        longest = max(len(passage) for passage in passages)
        return _reply(model, question, [passage[: int(0.9 * longest)] for passage in passages])
    return "".join(pieces)


def _table(outcomes: Sequence[Outcome]) -> Table:
    """A column a source, and one for all: means, and of how many replies."""
    sources = sorted({outcome.source for outcome in outcomes})
    table = Table("", *sources, "all", title=f"{len(outcomes):,} replies of {outcomes[0].model}")
    measures = {
        "right passage cited": ("answerable", lambda o: o.cites_its_passage),
        "accepted answer": ("answerable", lambda o: o.has_an_accepted_answer),
        "token F1": ("answerable", lambda o: o.token_f1),
        "answerable, yet refused": ("answerable", lambda o: o.refused),
        "unrelated passages, refused": ("unrelated", lambda o: o.refused),
        "related but unanswerable, refused": ("related", lambda o: o.refused),
    }
    for name, (case, measure) in measures.items():
        cells = []
        for source in [*sources, None]:
            values = [
                float(measure(outcome))
                for outcome in outcomes
                if outcome.case == case and source in (None, outcome.source)
            ]
            cells.append(f"{np.mean(values):.3f} of {len(values)}" if values else "-")
        table.add_row(name, *cells)
    return table


if __name__ == "__main__":
    main()
