"""Tokens a second of both modes, next to MiniLM's encoding, in one run.

    python benchmarks/speed.py FILE [--model CHECKPOINT] [--threads 2]

FILE is plain text; it is cut into passages of about 200 words, 64 of which are encoded, and its
first five make a prompt whose replies are timed from the first piece on.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from embedder import BUNDLED_MODEL, LLM2VecGen
from embedder.chat import grounded_messages
from embedder.evaluate.encoders import MiniLM

WORDS, PASSAGES, REPLY = 200, 64, 128


def main() -> None:
    """Print the median of five rounds, in which all take turns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", default=BUNDLED_MODEL)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model, minilm = LLM2VecGen.from_pretrained(arguments.model), MiniLM()
    words = arguments.file.read_text().split()
    passages = [" ".join(words[i : i + WORDS]) for i in range(0, len(words), WORDS)][:PASSAGES]
    tokens = sum(model.count_tokens(passage) for passage in passages)
    timed: dict[str, Callable[[], float]] = {
        "encode": lambda: tokens / _seconds(model.encode_documents, passages),
        "encode, MiniLM": lambda: tokens / _seconds(minilm.encode_documents, passages),
        "decode": lambda: _decoded_a_second(model, passages[:5]),
    }
    rounds = [{name: measure() for name, measure in timed.items()} for _ in range(6)][1:]
    title = f"{arguments.threads} threads, {len(passages)} passages, {tokens:,} tokens of the model"
    table = Table("mode", "tokens a second", "worst of five", title=title)
    for name in timed:
        values = sorted(one[name] for one in rounds)
        table.add_row(name, f"{values[2]:,.0f}", f"{values[0]:,.0f}")
    Console().print(table)


def _seconds(encode: Callable[[Sequence[str]], object], passages: Sequence[str]) -> float:
    began = time.perf_counter()
    encode(passages)
    return time.perf_counter() - began


def _decoded_a_second(model: LLM2VecGen, passages: Sequence[str]) -> float:
    """Pieces of sampled replies, as greedy ones may end at once; a piece is a token or a few."""
    messages = grounded_messages("What is this about?", passages)
    pieces, spent = 0, 0.0
    while pieces < REPLY:
        stream = model.stream(messages, max_new_tokens=REPLY, temperature=1.0, seed=pieces)
        next(stream, None)
        began = time.perf_counter()
        pieces += sum(1 for _ in stream)
        spent += time.perf_counter() - began
    return pieces / spent


if __name__ == "__main__":
    main()
