"""Encoding next to the published package, by turns, on a base of Qwen3-0.6B's shape.

    python -m venv peer
    peer/bin/pip install torch==2.13.0 transformers==4.56.2 peft==0.18.0
    peer/bin/pip install --no-deps llm2vec-gen==0.1.3
    python benchmarks/peer.py peer/bin/python [--passages 48] [--dtype bfloat16]

Both read the same checkpoint, of random weights: how fast they are does not depend on these. The
tokenizer is the bundled model's, and the texts are passages of the sample documents. The package
reads its checkpoint in the type that this names; it wants an environment of its own, since it
needs an older transformers.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from bench import passages
from rich.console import Console
from rich.table import Table
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, Qwen3Config

from embedder import BUNDLED_MODEL, LLM2VecGen
from embedder.base import load_tokenizer
from embedder.published import Checkpoint, Head, write_checkpoint

SPECIAL = 10
ENCODER = Path(__file__).with_name("peer_encoder.py")


def main() -> None:
    """Print tokens a second of both, and how near their embeddings are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("python", help="of the environment that has llm2vec-gen")
    parser.add_argument("--passages", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--layers", type=int, default=28, help="of the base (%(default)s)")
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16")
    options = parser.parse_args()
    torch.set_num_threads(2)
    texts = passages()[: options.passages]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _make_checkpoint(folder, options.layers, options.dtype)
        (folder / "texts.json").write_text(json.dumps(texts))
        model = LLM2VecGen.from_pretrained(folder / "checkpoint", dtype=options.dtype)
        tokens = sum(map(model.count_tokens, texts))
        ours = model.encode(texts)
        seconds: dict[str, list[float]] = {"llm2vec-gen": [], "Duet": []}
        with _started(options.python, folder) as peer:
            for _ in range(options.rounds + 1):
                seconds["llm2vec-gen"].append(_asked(peer))
                began = time.perf_counter()
                model.encode(texts)
                seconds["Duet"].append(time.perf_counter() - began)
            peer.communicate()
        theirs = np.load(folder / "theirs.npy")
    cosines = (ours * theirs).sum(1) / np.linalg.norm(theirs, axis=1)
    medians = {name: statistics.median(taken[1:]) for name, taken in seconds.items()}
    table = Table("", "tokens a second", "times", "worst of the rounds")
    for name, median in medians.items():
        rate, worst = tokens / median, tokens / max(seconds[name][1:])
        table.add_row(
            name, f"{rate:,.0f}", f"{medians['llm2vec-gen'] / median:.2f}", f"{worst:,.0f}"
        )
    table.title = (
        f"{len(texts)} passages of {tokens:,} tokens, {options.layers} layers of Qwen3-0.6B, "
        f"{options.dtype}; least cosine of both {cosines.min():.4f}"
    )
    Console().print(table)


def _make_checkpoint(folder: Path, layers: int, dtype: str) -> None:
    """`base` and `checkpoint` in `folder`."""
    torch.manual_seed(0)
    tokenizer = load_tokenizer(BUNDLED_MODEL)
    width = 1024
    config = Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=width, intermediate_size=3072,
        num_hidden_layers=layers, num_attention_heads=16, num_key_value_heads=8, head_dim=128,
        max_position_embeddings=4096, tie_word_embeddings=True,
    )  # fmt: skip
    kind = getattr(torch, dtype)
    AutoModelForCausalLM.from_config(config, dtype=kind).save_pretrained(folder / "base")
    heads = [Head(torch.randn(width, width) / width**0.5, torch.zeros(width)) for _ in range(2)]
    checkpoint = Checkpoint(
        base=str(folder / "base"),
        tokenizer=folder,
        special_tokens=tuple(f"<embed{number}>" for number in range(SPECIAL)),
        rows=torch.randn(SPECIAL, width) / 50,
        reconstruction=heads[0],
        alignment=heads[1],
        states=SPECIAL,
        max_length=512,
        dtype=dtype,
    )
    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    write_checkpoint(folder / "checkpoint", checkpoint, tokenizer, config)


def _started(python: str, folder: Path) -> "subprocess.Popen[str]":
    peer = subprocess.Popen(
        [
            python,
            str(ENCODER),
            *(str(folder / n) for n in ("checkpoint", "texts.json", "theirs.npy")),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if peer.stdout is None or peer.stdout.readline().strip() != "ready":
        sys.exit(f"expected {python} to load llm2vec-gen; see above what came instead")
    return peer


def _asked(peer: "subprocess.Popen[str]") -> float:
    assert peer.stdin is not None
    assert peer.stdout is not None
    peer.stdin.write("\n")
    peer.stdin.flush()
    return float(peer.stdout.readline())


if __name__ == "__main__":
    main()
