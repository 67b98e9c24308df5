"""Speed and memory of training at the published settings, on a base with random weights.

    python -m benchmarks.training            # the shape of Qwen3-0.6B; meant for a GPU
    python -m benchmarks.training --tiny     # two layers, a minute on a CPU

A step is what `python -m embedder.train train` does in one: special rows and heads are trained on
reconstruction and alignment, the base is frozen, layers are checkpointed. The share of the peak
counts what was computed, the layers' second forward pass included.
"""

import argparse
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from benchmarks.memory import process_peak

SHAPES = {
    # huggingface.co/Qwen/Qwen3-0.6B/blob/main/config.json
    "Qwen3-0.6B": {
        "vocab_size": 151_936,
        "hidden_size": 1024,
        "intermediate_size": 3072,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
    },
    "tiny": {
        "vocab_size": 8192,
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
    },
}
DIMENSION = 1024
"""Of the teacher's vectors: the published teacher of Qwen3-0.6B is of its own width."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="a shape for trying this command")
    parser.add_argument("--batch", type=int, default=32, help="rows (%(default)s, as published)")
    parser.add_argument("--question", type=int, default=32, help="tokens of each (%(default)s)")
    parser.add_argument("--answer", type=int, default=500, help="tokens of each (%(default)s)")
    parser.add_argument("--steps", type=int, default=10, help="measured, after two (%(default)s)")
    _measure(parser.parse_args())


def _measure(arguments: argparse.Namespace) -> None:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from embedder.base import best_device, best_dtype

    device = best_device()
    dtype = best_dtype(device)
    name = "tiny" if arguments.tiny else "Qwen3-0.6B"
    step, tokens = _training(name, device, dtype, arguments)
    for _ in range(2):  # allocates, and picks kernels
        step()
    with FlopCounterMode(display=False) as counter:
        step()
    seconds = _seconds(step, device, arguments.steps)
    memory = torch.cuda.max_memory_allocated() if device == "cuda" else process_peak()
    computed = counter.get_total_flops() / seconds
    peak = _matrix_product_rate(device, dtype)

    where = (
        torch.cuda.get_device_name()
        if device == "cuda"
        else f"CPU, threads: {torch.get_num_threads()}"
    )
    table = Table("", "measured", title=f"{name} shape, {dtype}, {where}")
    table.add_row("tokens a second", f"{tokens / seconds:,.0f}")
    table.add_row("seconds a step", f"{seconds:.3f}")
    table.add_row("peak memory", f"{memory / 2**30:.2f} GiB")
    table.add_row("computed", f"{computed / 1e12:.3f} TFLOP/s")
    table.add_row("a matrix product alone", f"{peak / 1e12:.3f} TFLOP/s")
    table.add_row("share of that", f"{computed / peak:.0%}")
    Console().print(table)


def _training(
    name: str, device: str, dtype: str, arguments: argparse.Namespace
) -> tuple[Callable[[], None], int]:
    """A function that does one step, and the tokens of a step."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    from embedder.base import DTYPES
    from embedder.train.batch import Batch, Side, Tokens
    from embedder.train.recipe import Design, Losses, Pace
    from embedder.train.student import Student

    config = Qwen3Config(**SHAPES[name], tie_word_embeddings=True)
    lm = Qwen3ForCausalLM(config).to(device, DTYPES[dtype]).eval().requires_grad_(False)
    student = Student(lm, Design(), Losses(), DIMENSION, seed=0)
    student.enable_gradient_checkpointing()
    student.train()
    optimizer = torch.optim.AdamW(student.parameters(), Pace().rate(100, "qwen3"))

    def texts(length: int) -> Tokens:
        rows = torch.randint(config.vocab_size, (arguments.batch, length))
        return Tokens.of(rows.tolist(), device)

    teacher = torch.randn(arguments.batch, DIMENSION, device=device)
    batch = Batch(Side(texts(arguments.question), texts(arguments.answer), None, teacher))

    def step() -> None:
        student(batch)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step, batch.tokens


def _matrix_product_rate(device: str, dtype: str) -> float:
    """Operations a second of a large square matrix product."""
    import torch

    from embedder.base import DTYPES

    size = 8192 if device == "cuda" else 2048
    matrix = torch.randn(size, size, dtype=DTYPES[dtype], device=device)
    matrix @ matrix
    return 2 * size**3 / _seconds(lambda: matrix @ matrix, device, 20)


def _seconds(work: Callable[[], object], device: str, times: int) -> float:
    """Mean wall time of `work`."""
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(times):
        work()
    if device == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - began) / times


if __name__ == "__main__":
    main()
