"""One step from the same weights and rows as the reference package: its losses, its gradients.

`golden/make_golden.py` made the numbers, in an environment with the reference package.
"""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from embedder.base import load_base, load_tokenizer
from embedder.published import read_checkpoint
from embedder.train.batch import Collator
from embedder.train.pairs import Pair
from embedder.train.recipe import Design, Losses
from embedder.train.student import Student

GOLDEN = Path(__file__).parent / "golden"
CASE = Path(__file__).parents[1] / "parity" / "qwen3"


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("name", ["unsupervised", "supervised"])
def test_losses_and_gradients_are_the_references(name, checkpointing):
    golden = json.loads((GOLDEN / "one_step.json").read_text())
    tensors = load_file(GOLDEN / "one_step.safetensors")
    expected = golden[name]
    losses = Losses(**expected["weights"], hard_negatives=name == "supervised")
    design = Design()
    student = Student(load_base(CASE / "base", "cpu", "float32"), design, losses, 64, seed=0)
    student.start_from(read_checkpoint(CASE / "checkpoint"))
    if checkpointing:
        student.enable_gradient_checkpointing()
    student.train()
    collator = Collator(load_tokenizer(CASE / "base"), design, losses)
    negatives = tensors["negative_teacher"].numpy() if losses.hard_negatives else None
    pairs = [Pair(i, *row) for i, row in enumerate(golden["rows"], start=1)]
    found = student(collator.batch(pairs, tensors["teacher"].numpy(), negatives))
    found["loss"].backward()
    for loss, value in expected["losses"].items():
        assert float(found[loss].detach()) == pytest.approx(value, abs=1e-4), loss
    for part in (
        "rows",
        "reconstruction.weight",
        "reconstruction.bias",
        "alignment.weight",
        "alignment.bias",
    ):
        torch.testing.assert_close(
            student.get_parameter(part).grad, tensors[f"{name}.{part}"], atol=1e-4, rtol=1e-4
        )
