"""Peak memory with both modes and the answering adapter in use, next to the base alone.

    python benchmarks/memory.py [--model CHECKPOINT] [--dtype bfloat16]

A child process loads the model, encodes, and generates with the adapter and without; another has
the base alone generate from the same prompts. What the libraries take by themselves is measured
with a model of one tiny layer in the same code, and taken off. The goal is at most 1.15 times the
base.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from embedder.chat import Message

MB = 1 << 20
_PASSAGE = "Polar bears live in the Arctic. " * 25
_QUESTION = "Where do polar bears live?"
_LOADED = "loaded"
_BOTH = "encoded a passage of 200 tokens, generated, encoded"
_ANSWERED = "answered from 1,400 tokens with the adapter, encoded"


def main() -> None:
    """Print the peak phase by phase."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="a folder or hub id (the bundled model)")
    parser.add_argument("--dtype", help="(what the CPU runs best)")
    parser.add_argument(
        "--child", choices=["base", "use", "answer", "alone"], help=argparse.SUPPRESS
    )
    arguments = parser.parse_args()
    from embedder import BUNDLED_MODEL
    from embedder.base import best_dtype

    source = arguments.model or str(BUNDLED_MODEL)
    dtype = arguments.dtype or best_dtype("cpu")
    if arguments.child == "base":
        print(json.dumps({"weights": _weights(source, dtype)}))
    elif arguments.child == "alone":
        print(json.dumps(_use_base(source, dtype)))
    elif arguments.child:
        print(json.dumps(_use(source, dtype, answering=arguments.child == "answer")))
    else:
        _report(source, dtype)


def _report(source: str, dtype: str) -> None:
    weights = _child("base", source, dtype)["weights"]
    peaks = _child("answer", source, dtype)
    alone = _child("alone", source, dtype)
    with tempfile.TemporaryDirectory() as folder:
        _make_tiny(Path(folder), source)
        tiny_weights = _child("base", folder, dtype)["weights"]
        fixed = _child("use", folder, dtype)
        fixed_alone = _child("alone", folder, dtype)
    table = Table("phase", "peak MB", "without the libraries", "/ weights", "/ the base alone")
    table.title = f"{source}: weights of the base {weights / MB:.0f} MB, {dtype}, CPU"
    for phase, peak in peaks.items():
        own = peak - (fixed[phase] - tiny_weights)
        of_base = ""
        if phase in alone:
            of_base = f"{own / (alone[phase] - (fixed_alone[phase] - tiny_weights)):.2f}"
        table.add_row(phase, f"{peak / MB:.0f}", f"{own / MB:.0f}", f"{own / weights:.2f}", of_base)
    Console().print(table)


def _child(part: str, source: str, dtype: str) -> dict[str, int]:
    command = [sys.executable, __file__, "--child", part, "--model", source, "--dtype", dtype]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def _weights(source: str, dtype: str) -> int:
    """Bytes of the base's weights; what is tied counts once."""
    from embedder.base import load_base
    from embedder.base_files import local_base
    from embedder.hub import local_folder
    from embedder.published import read_checkpoint

    lm = load_base(local_base(read_checkpoint(local_folder(source)).base), "cpu", dtype)
    return sum(parameter.numel() * parameter.element_size() for parameter in lm.parameters())


def _use(source: str, dtype: str, *, answering: bool) -> dict[str, int]:
    """Load and use a model; this process's peak in bytes after each phase."""
    from embedder import LLM2VecGen

    model = LLM2VecGen.from_pretrained(source, device="cpu", dtype=dtype)
    peaks = {_LOADED: process_peak()}
    model.encode_documents([_PASSAGE])
    list(model.stream(_asking(_PASSAGE), max_new_tokens=32))
    model.encode_queries([_QUESTION])
    peaks[_BOTH] = process_peak()
    list(model.stream(_asking(_PASSAGE * 7), answering=answering, max_new_tokens=32))
    model.encode_queries([_QUESTION])
    peaks[_ANSWERED] = process_peak()
    model.encode_documents([_PASSAGE] * 32)
    peaks["encoded full batches"] = process_peak()
    return peaks


def _use_base(source: str, dtype: str) -> dict[str, int]:
    """The same for the base alone, which generates from the same prompts."""
    import torch

    from embedder.base import load_base, load_tokenizer
    from embedder.base_files import local_base
    from embedder.generation import Prompt, chooser, embed, generate
    from embedder.hub import local_folder
    from embedder.published import read_checkpoint
    from embedder.tokenizing import Prompter

    checkpoint = read_checkpoint(local_folder(source))
    lm = load_base(local_base(checkpoint.base), "cpu", dtype)
    prompter = Prompter(load_tokenizer(checkpoint.tokenizer))
    peaks = {_LOADED: process_peak()}
    for phase, text in ((_BOTH, _PASSAGE), (_ANSWERED, _PASSAGE * 7)):
        prompt = embed(lm, torch.tensor([prompter.prompt_ids(_asking(text))]))
        list(islice(generate(lm, Prompt(prompt), chooser(0.0, None), guard=nullcontext), 32))
        peaks[phase] = process_peak()
    return peaks


def _asking(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def _make_tiny(folder: Path, source: str) -> None:
    """A random checkpoint of one layer in `folder`, with the tokenizer of `source`."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from embedder.base import load_tokenizer
    from embedder.hub import local_folder
    from embedder.published import Checkpoint, Head, read_checkpoint, write_checkpoint

    hidden = 64
    tokenizer = load_tokenizer(read_checkpoint(local_folder(source)).tokenizer)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=3 * hidden,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder / "base")
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


def process_peak() -> int:
    """The most memory that this process has held, in bytes."""
    # Not getrusage: its maximum begins with that of the process that forked this one.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


if __name__ == "__main__":
    main()
