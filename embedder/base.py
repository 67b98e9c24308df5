"""The base: a causal language model loaded once, never resized, shared by both modes."""

import logging
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast

import torch
import transformers
from torch import nn
from torch.nn.functional import linear
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from embedder.attention import attend_in_few_steps
from embedder.errors import CheckpointError
from embedder.gguf.file import GgufFile
from embedder.gguf.model import load_gguf
from embedder.gguf.tokenizer import gguf_tokenizer

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}

_ASKED_TOKENS, _ASKED_TIMES = 256, 12
_NARROW = 256
"""Hidden states below this width multiply about as fast in either type: asking would be chance."""
_WORTH = 1.4
"""So many times as fast bfloat16 has to be: it is less exact."""

_logger = logging.getLogger(__name__)


def best_device() -> str:
    """The fastest kind of device of this machine: cuda, mps or cpu."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def usable_device(device: str) -> str:
    """`device`, if this machine has it.

    Raises:
        CheckpointError: It has not.
    """
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        msg = f"device {device!r} cannot be used here: {_one_line(error)}"
        raise CheckpointError(msg) from error
    return device


def best_dtype(device: str) -> str:
    """bfloat16 where the device multiplies it natively, else float32.

    On CPUs that means AMX, where bfloat16 is up to five times as fast as float32. Without it it is
    slower, also where AVX512-BF16 is there: 86 GFLOP/s a core, and 160 in float32, were measured.
    """
    if device.startswith("cuda"):
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return "bfloat16" if native else "float32"
    capabilities = torch.cpu.get_capabilities() if device == "cpu" else {}
    return "bfloat16" if capabilities.get("amx_bf16") else "float32"


@cache
def encoding_dtype(device: str, width: int) -> str:
    """What a model of that hidden width encodes and writes fastest in.

    A CPU is asked rather than its flags: on one with AVX512-BF16 a core multiplied 86 GFLOP/s in
    bfloat16 and 160 in float32, on another 216 and 102.

    Args:
        device: Where the model is to run.
        width: Of its hidden states; small matrices gain nothing.
    """
    if device != "cpu" or best_dtype(device) == "bfloat16":
        return best_dtype(device)
    if width < _NARROW:
        return "float32"
    states, weight = torch.ones(_ASKED_TOKENS, width), torch.ones(3 * width, width)
    with torch.inference_mode():
        slow = _seconds(states, weight)
        fast = _seconds(states.bfloat16(), weight.bfloat16())
    return "bfloat16" if slow > _WORTH * fast else "float32"


def _seconds(states: torch.Tensor, weight: torch.Tensor) -> float:
    """The least time of a few that a multiplication takes: whatever else the machine does."""

    def once() -> float:
        started = time.perf_counter()
        linear(states, weight)
        return time.perf_counter() - started

    return min(once() for _ in range(_ASKED_TIMES))


def load_base(base: Path, device: str, dtype: str) -> PreTrainedModel:
    """Load a causal language model, in evaluation mode, its weights frozen.

    Args:
        base: A folder with `config.json` and weights, or a GGUF file, which is dequantized.
        device: Where to.
        dtype: One of `DTYPES`.

    Raises:
        CheckpointError: It is of a family without a causal language model that takes input
            vectors, or its files are missing or damaged.
    """
    lm, report = _read_base(base, DTYPES[dtype])
    _check_weights(base, report)
    window = getattr(lm.config.get_text_config(), "max_position_embeddings", None)
    if not isinstance(window, int) or window < 1:
        msg = (
            f"{base / 'config.json' if base.is_dir() else base}: expected max_position_embeddings "
            f"(the model's window in tokens) to be at least 1, found {window}"
        )
        raise CheckpointError(msg)
    if not isinstance(lm.get_input_embeddings(), nn.Embedding):
        msg = f"the base model in {base} has no embedding table for input vectors"
        raise CheckpointError(msg)
    lm.requires_grad_(False)
    nn.Module.to(lm, device)  # the subclass's own `to` is typed for quantized models only
    attend_in_few_steps(lm)
    cast("nn.Module", lm.get_output_embeddings()).register_forward_pre_hook(_as_if_made_alone)
    return lm.eval()


def _as_if_made_alone(_head: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor]:
    """The states before the output layer, with the strides of a tensor of their own.

    Those of the last tokens are a slice with the strides of the whole, and torch then copies the
    layer's weights before it multiplies: 45 ms a pass of the bundled model.
    """
    return (inputs[0].clone(memory_format=torch.contiguous_format),)


def _read_base(base: Path, dtype: torch.dtype) -> tuple[PreTrainedModel, dict[str, Any]]:
    """The model, and transformers' report of the weights that do not fit."""
    if base.is_dir() and not (base / "config.json").exists():
        msg = (
            f"{base / 'config.json'} is missing: expected the folder of a base model, or a GGUF "
            "file (path/to/file.gguf, or owner/name#file.gguf on the hub)"
        )
        raise CheckpointError(msg)
    transformers.utils.logging.disable_progress_bar()  # reading a file is not worth one
    try:
        with _without_report():
            if not base.is_dir():
                return load_gguf(base, dtype)
            loaded = AutoModelForCausalLM.from_pretrained(
                base,
                dtype=dtype,
                trust_remote_code=False,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
    except CheckpointError:
        raise
    except ValueError as error:
        msg = (
            f"the base model in {base} is of an unsupported family: expected a causal language "
            f"model that transformers knows, such as Qwen, Llama, Mistral or Gemma "
            f"({_one_line(error)})"
        )
        raise CheckpointError(msg) from error
    except Exception as error:
        # transformers raises many kinds here: OSError, KeyError, SafetensorError, RuntimeError
        msg = f"the base model in {base} cannot be loaded: {_one_line(error)}"
        raise CheckpointError(msg) from error
    return cast("tuple[PreTrainedModel, dict[str, Any]]", loaded)


@contextmanager
def _without_report() -> Generator[None]:
    """Keep transformers' table of weights that do not fit off the terminal."""
    logger = logging.getLogger("transformers.modeling_utils")
    disabled, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = disabled


def _check_weights(base: Path, report: dict[str, Any]) -> None:
    """Refuse a base with random weights: transformers draws those that are missing or misshapen."""
    stated = "metadata" if base.is_file() else "config.json"
    misfits = [
        f"{name} of shape {list(expected)}, found {list(found)}"
        for name, found, expected in report["mismatched_keys"]
    ]
    misfits += [f"{name}, found no such weights" for name in report["missing_keys"]]
    if misfits:
        msg = (
            f"the base model in {base} does not fit its {stated}: expected {min(misfits)}; "
            "copy or download it again"
        )
        raise CheckpointError(msg)
    if report["unexpected_keys"]:
        _logger.warning(
            "The base model in %s leaves out %d weights that its %s does not name, such as %s",
            base,
            len(report["unexpected_keys"]),
            stated,
            min(report["unexpected_keys"]),
        )


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Load the tokenizer in `folder`, or in a GGUF file.

    Raises:
        CheckpointError: Its files are missing or damaged, or it is not a fast one.
    """
    if folder.is_file():
        return gguf_tokenizer(GgufFile.read(folder))
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:
        msg = f"the tokenizer in {folder} cannot be loaded: {_one_line(error)}"
        raise CheckpointError(msg) from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        msg = f"the tokenizer in {folder} is not a fast one: expected a tokenizer.json"
        raise CheckpointError(msg)
    return tokenizer


def row_scale(lm: PreTrainedModel) -> float:
    """What the embedding layer itself multiplies its rows by (Gemma's `embed_scale`), else 1.

    Rows that bypass the layer as input vectors need the same factor.
    """
    return float(getattr(lm.get_input_embeddings(), "embed_scale", 1.0))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
