"""Peak memory with both modes in use next to the weights, on a random model of 160M parameters.

    python benchmarks/memory.py

The checkpoint is made in a temporary folder; a child process loads it, encodes and generates.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

MB = 1 << 20


def main() -> None:
    """Print the peak phase by phase; what a tiny model takes in the same code is taken off."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        _child(arguments.child)
        return
    with tempfile.TemporaryDirectory() as folder:
        tiny, large = Path(folder) / "tiny", Path(folder) / "large"
        tiny_weights, weights = _make(tiny, 64, 1), _make(large, 1024, 12)
        fixed, peaks = _peaks(tiny), _peaks(large)
    table = Table("phase", "peak MB", "without the fixed part", "/ weights")
    table.title = f"weights {weights / MB:.0f} MB, float32, CPU"
    for phase, peak in peaks.items():
        own = peak - (fixed[phase] - tiny_weights)
        table.add_row(phase, f"{peak / MB:.0f}", f"{own / MB:.0f}", f"{own / weights:.2f}")
    Console().print(table)


def _make(folder: Path, hidden: int, layers: int) -> int:
    """A random checkpoint in `folder`; returns the size of its base in bytes."""
    import torch
    from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

    from embedder import BUNDLED_MODEL
    from embedder.published import Checkpoint, Head, write_checkpoint

    tokenizer = AutoTokenizer.from_pretrained(BUNDLED_MODEL / "base")
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=64,
        intermediate_size=3 * hidden,
        tie_word_embeddings=True,
    )
    lm = Qwen3ForCausalLM(config)
    lm.save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    square = Head(torch.eye(hidden), torch.zeros(hidden))
    checkpoint = Checkpoint(
        base="base",
        tokenizer=folder,
        special_tokens=tuple(f"<question{i}>" for i in range(1, 11)),
        rows=torch.randn(10, hidden) * 0.02,
        reconstruction=square,
        alignment=square,
        states=10,
        max_length=512,
        dtype="float32",
    )
    write_checkpoint(folder, checkpoint, tokenizer)
    return sum(parameter.numel() * parameter.element_size() for parameter in lm.parameters())


def _peaks(folder: Path) -> dict[str, int]:
    command = [sys.executable, __file__, "--child", str(folder)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _child(folder: Path) -> None:
    """Load and use a model; print this process's peak in bytes after each phase."""
    from embedder import LLM2VecGen

    passage = "Polar bears live in the Arctic. " * 25
    model = LLM2VecGen.from_pretrained(folder, device="cpu", dtype="float32")
    peaks = {"loaded": process_peak()}
    model.encode_documents([passage])
    list(model.stream([{"role": "user", "content": passage}], max_new_tokens=32))
    model.encode_queries(["Where do polar bears live?"])
    peaks["encoded a passage of 200 tokens, generated, encoded"] = process_peak()
    model.encode_documents([passage] * 32)
    peaks["encoded full batches"] = process_peak()
    print(json.dumps(peaks))


def process_peak() -> int:
    """The most memory that this process has held, in bytes."""
    # Not getrusage: its maximum begins with that of the process that forked this one.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


if __name__ == "__main__":
    main()
