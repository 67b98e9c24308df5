"""Peak memory with both modes in use next to the weights, on a random model of 160M parameters.

    python benchmarks/memory.py

The checkpoint is made in a temporary folder; a child process loads it, encodes and generates.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

MB = 1 << 20


def main() -> None:
    """Print weights, peak and their ratio; the interpreter with torch imported is taken off."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--child", choices=("empty", "load"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        _child(arguments.child, arguments.folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        weights = _make(Path(folder))
        empty, loaded = (_peak(mode, Path(folder)) for mode in ("empty", "load"))
    table = Table("", "MB", title="float32, CPU, both modes loaded")
    for name, size in (
        ("weights", weights),
        ("interpreter, torch and transformers imported", empty),
        ("peak, encoding and generating", loaded),
        ("peak without the interpreter", loaded - empty),
    ):
        table.add_row(name, f"{size / MB:.0f}")
    table.add_row("peak without the interpreter / weights", f"{(loaded - empty) / weights:.2f}")
    Console().print(table)


def _make(folder: Path) -> int:
    import torch
    from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

    from embedder import BUNDLED_MODEL
    from embedder.checkpoint import Checkpoint, Head, write_checkpoint

    tokenizer = AutoTokenizer.from_pretrained(BUNDLED_MODEL / "base")
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=1024,
        num_hidden_layers=12,
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=64,
        intermediate_size=3072,
        tie_word_embeddings=True,
    )
    lm = Qwen3ForCausalLM(config)
    lm.save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    square = Head(torch.eye(1024), torch.zeros(1024))
    checkpoint = Checkpoint(
        base="base",
        tokenizer=folder,
        special_tokens=tuple(f"<question{i}>" for i in range(1, 11)),
        rows=torch.randn(10, 1024) * 0.02,
        reconstruction=square,
        alignment=square,
        states=10,
        max_length=512,
        dtype="float32",
    )
    write_checkpoint(folder, checkpoint, tokenizer)
    return sum(parameter.numel() * parameter.element_size() for parameter in lm.parameters())


def _peak(mode: str, folder: Path) -> int:
    command = [sys.executable, __file__, "--child", mode, "--folder", str(folder)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _child(mode: str, folder: Path) -> None:
    from embedder.model import LLM2VecGen

    if mode == "load":
        model = LLM2VecGen.from_pretrained(folder, device="cpu", dtype="float32")
        model.encode_documents(["Polar bears live in the Arctic. " * 40] * 4)
        list(model.stream([{"role": "user", "content": "Where? " * 100}], max_new_tokens=32))
        model.encode_queries(["Where do polar bears live?"])
    # Not getrusage: its maximum begins with that of the process that forked this one.
    status = Path("/proc/self/status").read_text()
    print(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024)


if __name__ == "__main__":
    main()
