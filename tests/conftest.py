"""What all tests share: no network, few threads, and the models."""

import os
import signal

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from pathlib import Path

import pytest

from embedder import BUNDLED_MODEL, LLM2VecGen

PARITY = Path(__file__).parent / "parity"

# A shell starts background jobs with Ctrl-C ignored, and so would every process started here.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny() -> LLM2VecGen:
    """A real checkpoint with random weights: fast, and what it writes is gibberish."""
    return LLM2VecGen.from_pretrained(
        PARITY / "llama" / "checkpoint", device="cpu", dtype="float32"
    )


@pytest.fixture(scope="session")
def bundled() -> LLM2VecGen:
    """The model that comes with the project."""
    return LLM2VecGen.from_pretrained(BUNDLED_MODEL, device="cpu")
