"""Our numbers next to those of the published package (see tests/parity/README.md)."""

import json
from itertools import islice, takewhile
from pathlib import Path

import numpy as np
import pytest

from embedder import LLM2VecGen, generation
from embedder.published import read_checkpoint

PARITY = Path(__file__).parents[1] / "parity"
CASES = ("qwen3", "qwen2", "llama", "mistral", "qwen3_teacher_dim", "qwen3_lora")


@pytest.fixture(scope="module", params=CASES)
def case(request):
    folder = PARITY / request.param
    model = LLM2VecGen.from_pretrained(folder / "checkpoint", device="cpu", dtype="float32")
    return model, json.loads((folder / "expected.json").read_text())


def test_each_text_alone(case):
    model, expected = case
    alone = [model.encode([t], normalize=False, truncate=True)[0] for t in expected["texts"]]
    np.testing.assert_allclose(alone, expected["single"], rtol=0, atol=1e-5)


def test_all_texts_in_a_batch(case):
    model, expected = case
    together = model.encode(expected["texts"], normalize=False, truncate=True)
    np.testing.assert_allclose(together, expected["batch"], rtol=0, atol=1e-5)


def test_truncated_at_48_tokens(case):
    model, expected = case
    cut = model.encode(expected["texts"], normalize=False, truncate=True, max_length=48)
    np.testing.assert_allclose(cut, expected["batch_max_length_48"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_decoded_tokens(name):
    """The parts that `decode` is made of, without its stop at the end of text."""
    import torch

    folder = PARITY / name
    model = LLM2VecGen.from_pretrained(folder / "checkpoint", device="cpu", dtype="float32")
    expected = json.loads((folder / "expected.json").read_text())
    for states, ids in zip(expected["reconstruction"], expected["decoded_ids"], strict=True):
        tokens = generation.generate(
            model._lm,
            generation.Prompt(torch.tensor([states])),
            generation.chooser(0.0, None),
            guard=lambda: model._mode(None),
        )
        assert list(islice(tokens, len(ids))) == ids


@pytest.mark.parametrize("name", CASES)
def test_decode_writes_the_same_tokens_up_to_the_end_of_text(name):
    folder = PARITY / name
    model = LLM2VecGen.from_pretrained(folder / "checkpoint", device="cpu", dtype="float32")
    expected = json.loads((folder / "expected.json").read_text())
    for text, ids in zip(expected["texts"], expected["decoded_ids"], strict=False):
        until_end = list(takewhile(lambda token: token not in model._stop_ids, ids))
        written = model.decode(text, max_new_tokens=len(ids)).text
        plain = model._tokenizer.decode(until_end, skip_special_tokens=True)
        assert written == plain.rstrip("\ufffd")


@pytest.mark.parametrize("name", CASES)
def test_reconstruction_states(name):
    folder = PARITY / name
    model = LLM2VecGen.from_pretrained(folder / "checkpoint", device="cpu", dtype="float32")
    expected = json.loads((folder / "expected.json").read_text())
    reconstruction = read_checkpoint(folder / "checkpoint").reconstruction
    for text, states in zip(expected["texts"], expected["reconstruction"], strict=False):
        soft = reconstruction(model._compression_states([model._ids(text)]))[0]
        np.testing.assert_allclose(soft.numpy(), states, rtol=0, atol=1e-5)
