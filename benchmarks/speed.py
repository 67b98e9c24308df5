"""Speed of both modes, next to MiniLM's encoding, in one run.

    python benchmarks/speed.py FILE [--model CHECKPOINT] [--threads 2]

FILE is plain text; it is cut into passages of about 200 words, 64 of which are encoded. As much of
it as makes a prompt of 1,500 tokens is answered, with the answering adapter and without: timed are
the first piece of the reply (about one forward pass of the prompt) and the tokens after it.
"""

import argparse
import itertools
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from embedder import BUNDLED_MODEL, LLM2VecGen
from embedder.chat import Message, grounded_messages
from embedder.evaluate.encoders import MiniLM

WORDS, PASSAGES, PROMPT, REPLY = 200, 64, 1500, 64
_NUMBERS = itertools.count()


def main() -> None:
    """Print the median and the worst of some rounds, in which all take turns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", default=BUNDLED_MODEL)
    parser.add_argument("--threads", type=int, default=2, help="of torch (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="after one to warm up (%(default)s)")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model, minilm = LLM2VecGen.from_pretrained(arguments.model), MiniLM()
    words = arguments.file.read_text().split()
    passages = [" ".join(words[i : i + WORDS]) for i in range(0, len(words), WORDS)][:PASSAGES]
    tokens = sum(model.count_tokens(passage) for passage in passages)
    prompt = _prompt(model, words)
    rates: dict[str, Callable[[], float]] = {
        "encode": lambda: tokens / _seconds(lambda: model.encode_documents(passages)),
        "encode, MiniLM": lambda: tokens / _seconds(lambda: minilm.encode_documents(passages)),
        "decode": lambda: _decoded_a_second(model, prompt, answering=False),
        "decode, answering": lambda: _decoded_a_second(model, prompt, answering=True),
    }
    waits: dict[str, Callable[[], float]] = {
        "first token": lambda: _seconds(lambda: _first(model, prompt, answering=False)),
        "first token, answering": lambda: _seconds(lambda: _first(model, prompt, answering=True)),
    }
    timed = rates | waits
    rounds = range(arguments.rounds + 1)
    runs = [{name: measure() for name, measure in timed.items()} for _ in rounds][1:]
    table = Table("", "median", f"worst of {arguments.rounds}", "")
    table.title = (
        f"{model.name}, {arguments.threads} threads; {len(passages)} passages of {tokens:,} tokens "
        f"of the model, a prompt of {model.count_prompt_tokens(prompt):,}"
    )
    for name in timed:
        values = sorted((run[name] for run in runs), reverse=name in waits)
        unit, digits = ("seconds", 2) if name in waits else ("tokens a second", 0)
        median, worst = values[len(values) // 2], values[0]
        table.add_row(name, f"{median:,.{digits}f}", f"{worst:,.{digits}f}", unit)
    Console().print(table)


def _prompt(model: LLM2VecGen, words: list[str]) -> list[Message]:
    """The longest one of at most `PROMPT` tokens: five passages of as many of `words`."""

    def made(count: int) -> list[Message]:
        passages = [" ".join(words[i * count : (i + 1) * count]) for i in range(5)]
        return grounded_messages("What is this about?", passages)

    count = 1
    while 5 * (count + 1) <= len(words) and model.count_prompt_tokens(made(count + 1)) <= PROMPT:
        count += 1
    return made(count)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _first(model: LLM2VecGen, prompt: list[Message], *, answering: bool) -> None:
    """Reads all of the prompt: what it begins with is new each time, so none of it is kept."""
    system, user = prompt
    system = {**system, "content": f"{next(_NUMBERS)}. {system['content']}"}
    next(model.stream([system, user], answering=answering, max_new_tokens=REPLY), None)


def _decoded_a_second(model: LLM2VecGen, prompt: list[Message], *, answering: bool) -> float:
    """Tokens of sampled replies, as greedy ones may end at once."""
    tokens, spent = 0, 0.0
    for seed in range(32):
        stream = model.stream(
            prompt, answering=answering, max_new_tokens=REPLY, temperature=1.0, seed=seed
        )
        next(stream, None)
        began = time.perf_counter()
        rest = "".join(stream)
        spent += time.perf_counter() - began
        tokens += model.count_tokens(rest)
        if tokens >= REPLY:
            break
    return tokens / spent


if __name__ == "__main__":
    main()
