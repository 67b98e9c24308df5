"""The published LLM2Vec-Gen layout on disk: read it exactly, write it so that others read it.

A checkpoint is a folder (or a hub repository of the same files):

    run_config.yml               base model, special token strings, max_input_length
    encoder_decoder_config.json  encoding_mode: last_K_tokens
    encoder/adapter_config.json, encoder/adapter_model.safetensors
                                 the special tokens' input vectors; LoRA weights where trained
    reconstruction_mlp           torch file: hidden state -> soft prompt
    alignment_mlp                torch file: soft prompt -> the teacher's space
    tokenizer.json, ...          the base's tokenizer, with the special tokens added
"""

import json
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerFast

from embedder.errors import CheckpointError

ROWS = "trainable_tokens_delta"


@dataclass(frozen=True, slots=True)
class Head:
    """A linear map in float32: `weight [out, in]`, `bias [out]`."""

    weight: torch.Tensor
    bias: torch.Tensor

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """Map `[..., in]` to `[..., out]`."""
        return torch.nn.functional.linear(states, self.weight, self.bias)

    def then(self, outer: "Head") -> "Head":
        """The one linear map that equals this one followed by `outer`."""
        weight, bias = outer.weight.double(), outer.bias.double()
        return Head(
            (weight @ self.weight.double()).float(), (weight @ self.bias.double() + bias).float()
        )


@dataclass(frozen=True, slots=True)
class Lora:
    """LoRA on the encoder: peft's configuration and its weights by the base's module names."""

    config: dict[str, Any]
    weights: dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a published checkpoint holds beside the base model.

    Attributes:
        base: Folder of the base model, or its hub id.
        tokenizer: Folder with the tokenizer's files.
        special_tokens: The special tokens' strings; only their number matters here.
        rows: Their input vectors, `[special, hidden]`.
        states: How many of the last hidden states are read.
        max_length: Longest input in tokens, special tokens included.
        dtype: What the base was trained in, by name.
    """

    base: str
    tokenizer: Path
    special_tokens: tuple[str, ...]
    rows: torch.Tensor
    reconstruction: Head
    alignment: Head
    states: int
    max_length: int
    dtype: str
    lora: Lora | None = None


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read the published layout.

    Raises:
        CheckpointError: A file is missing or damaged, or does not fit the others; it is named.
    """
    run = _mapping(
        folder / "run_config.yml", yaml.safe_load, "model_name_or_path", "special_tokens"
    )
    adapter = _mapping(folder / "encoder" / "adapter_config.json", json.loads, "peft_type")
    mode = _mapping(folder / "encoder_decoder_config.json", json.loads, "encoding_mode")
    weights = _adapter_weights(folder / "encoder" / "adapter_model.safetensors")
    rows = _rows(weights, folder / "encoder" / "adapter_model.safetensors")
    special_tokens = tuple(str(token) for token in run["special_tokens"])
    if len(rows) != len(special_tokens):
        msg = (
            f"{folder / 'run_config.yml'} names {len(special_tokens)} special tokens, but "
            f"encoder/adapter_model.safetensors holds {len(rows)} vectors; they must be of one "
            "checkpoint"
        )
        raise CheckpointError(msg)
    return Checkpoint(
        base=_base(folder, str(run["model_name_or_path"])),
        tokenizer=folder,
        special_tokens=special_tokens,
        rows=rows,
        reconstruction=_read_head(folder / "reconstruction_mlp"),
        alignment=_read_head(folder / "alignment_mlp"),
        states=_states(folder / "encoder_decoder_config.json", mode["encoding_mode"], len(rows)),
        max_length=int(run.get("max_input_length", 512)),
        dtype=str(run.get("torch_dtype", "float32")),
        lora=_lora(adapter, weights),
    )


def write_checkpoint(
    folder: Path, checkpoint: Checkpoint, tokenizer: PreTrainedTokenizerFast
) -> None:
    """Write `checkpoint` (rows only, no LoRA) in the published layout.

    The special tokens are added to `tokenizer`, which is saved too: the published package finds
    the rows by their ids. The base's path is written as given; a relative one is read relative to
    `folder`.
    """
    (folder / "encoder").mkdir(parents=True, exist_ok=True)
    tokenizer.add_special_tokens({"extra_special_tokens": list(checkpoint.special_tokens)})
    tokenizer.save_pretrained(folder)
    adapter = {
        "peft_type": "TRAINABLE_TOKENS",
        "base_model_name_or_path": checkpoint.base,
        "target_modules": "embed_tokens",
        "token_indices": tokenizer.convert_tokens_to_ids(list(checkpoint.special_tokens)),
        "init_weights": True,
        "inference_mode": True,
        "task_type": None,
    }
    _write_json(folder / "encoder" / "adapter_config.json", adapter)
    run = {
        "encoding_mode": f"last_{checkpoint.states}_tokens",
        "max_input_length": checkpoint.max_length,
        "model_name_or_path": checkpoint.base,
        "special_tokens": list(checkpoint.special_tokens),
        "torch_dtype": checkpoint.dtype,
    }
    (folder / "run_config.yml").write_text(yaml.safe_dump(run))
    mode = {"encoding_mode": run["encoding_mode"], "save_decoder": False}
    _write_json(folder / "encoder_decoder_config.json", mode)
    save_file(
        {f"base_model.model.embed_tokens.{ROWS}": checkpoint.rows.contiguous()},
        folder / "encoder" / "adapter_model.safetensors",
    )
    _write_head(folder / "reconstruction_mlp", checkpoint.reconstruction)
    _write_head(folder / "alignment_mlp", checkpoint.alignment)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        msg = f"{file} is missing: expected a checkpoint in the layout that LLM2Vec-Gen publishes"
        raise CheckpointError(msg) from error
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise CheckpointError(msg) from error


def _mapping(file: Path, parse: Callable[[bytes], Any], *required: str) -> dict[str, Any]:
    """The parsed file, which must be a mapping with all `required` keys."""
    data = _read(file)
    try:
        content = parse(data)
    except (ValueError, yaml.YAMLError) as error:
        msg = f"{file} is damaged: {' '.join(str(error).split())}"
        raise CheckpointError(msg) from error
    missing = [key for key in required if not isinstance(content, dict) or key not in content]
    if missing:
        msg = f"{file} is damaged: expected the keys {', '.join(required)}; {missing[0]} is missing"
        raise CheckpointError(msg)
    return cast("dict[str, Any]", content)


def _adapter_weights(file: Path) -> dict[str, torch.Tensor]:
    _read(file)
    try:
        return load_file(file)
    except (SafetensorError, ValueError) as error:
        msg = f"{file} is damaged: {error}"
        raise CheckpointError(msg) from error


def _rows(weights: dict[str, torch.Tensor], file: Path) -> torch.Tensor:
    rows = [tensor for name, tensor in weights.items() if name.endswith(ROWS)]
    if len(rows) != 1 or rows[0].ndim != 2:
        msg = f"{file}: expected one matrix named ...{ROWS}, found {len(rows)}"
        raise CheckpointError(msg)
    return rows[0]


def _lora(config: dict[str, Any], weights: dict[str, torch.Tensor]) -> Lora | None:
    named = {
        name.removeprefix("base_model.model."): tensor
        for name, tensor in weights.items()
        if ".lora_" in name
    }
    return Lora(config, named) if named else None


def _read_head(file: Path) -> Head:
    _read(file)
    try:
        saved = torch.load(file, map_location="cpu", weights_only=True)
        state = saved["state_dict"]
        return Head(state["projection.weight"].float(), state["projection.bias"].float())
    except pickle.UnpicklingError as error:
        msg = (
            f"{file} is refused: it is damaged, or holds something other than tensors, "
            "which could run code when loaded"
        )
        raise CheckpointError(msg) from error
    except (RuntimeError, KeyError, TypeError, EOFError) as error:
        msg = f"{file} is damaged: expected a torch file of a linear head ({error})"
        raise CheckpointError(msg) from error


def _write_head(file: Path, head: Head) -> None:
    config = {
        "input_dim": head.weight.shape[1],
        "output_dim": head.weight.shape[0],
        "dtype": "torch.float32",
        "size": 1,
        "pooling_mode": "linear",
    }
    state = {"projection.weight": head.weight, "projection.bias": head.bias}
    torch.save({"state_dict": state, "config": config}, file)


def _write_json(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=2) + "\n")


def _states(file: Path, mode: object, rows: int) -> int:
    match = re.fullmatch(r"last_(\d+)_tokens", str(mode))
    if not match or not 0 < int(match.group(1)) <= rows:
        msg = (
            f"{file}: expected encoding_mode last_K_tokens with K from 1 to {rows}, found {mode!r}"
        )
        raise CheckpointError(msg)
    return int(match.group(1))


def _base(folder: Path, base: str) -> str:
    """The base's folder where the checkpoint names one beside itself, else the id as it stands."""
    beside = folder / base
    if beside.is_dir():
        return str(beside.resolve())
    if base.startswith(".") or base.startswith("/") or base.count("/") != 1:
        msg = (
            f"{beside} is missing: run_config.yml names {base!r} as the base model, which is "
            "neither a folder beside it nor a hub id (owner/name)"
        )
        raise CheckpointError(msg)
    return base
