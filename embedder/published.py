"""The published LLM2Vec-Gen layout on disk: read it exactly, write it so that others read it.

A checkpoint is a folder (or a hub repository of the same files):

    run_config.yml               base model, special token strings, max_input_length; with a base
                                 that is one file also its SHA-256 (base_sha256, ours)
    encoder_decoder_config.json  encoding_mode: last_K_tokens
    encoder/adapter_config.json, encoder/adapter_model.safetensors
                                 the special tokens' input vectors; LoRA weights where trained
    reconstruction_mlp           torch file: hidden state -> soft prompt
    alignment_mlp                torch file: soft prompt -> the teacher's space
    tokenizer.json, ...          the base's tokenizer, with the special tokens added
    answering/adapter_config.json, answering/adapter_model.safetensors
                                 ours: a LoRA that is on while grounded answers are written

    modules.json, config_sentence_transformers.json
                                 our module and the instructions, for SentenceTransformer(folder)

Choices that the published package does not know (`embedder.representation`) are in two files more,
`representation.json` and `representation.safetensors`; the encoding mode is then called
`duet_last_K_tokens`, so that the published package refuses instead of computing something else.
"""

import json
import pickle
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import PreTrainedConfig, PreTrainedTokenizerFast

from embedder.base_files import base_beside
from embedder.choices import CHOICES, Instructions
from embedder.errors import CheckpointError
from embedder.representation import Representation

ROWS = "trainable_tokens_delta"
SENTENCE_TRANSFORMERS_CONFIG = "config_sentence_transformers.json"
SENTENCE_TRANSFORMERS_MODULE = "embedder.adapters.sentence_transformers.LLM2VecGenModule"
LEARNED = {"query": ("pooling", "attention"), "mix": ("layers", "mix"), "idf": ("pooling", "idf")}
"""Tensors of a representation, and the choice that needs each."""


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
class Answering:
    """The adapter for grounded answers.

    Attributes:
        lora: Its weights are named from the whole language model on.
        base_weights: `embedder.fingerprint.weights_hash` of the base that it was trained on.
        retrieval_heads: Attention heads that look at the answer in a passage before the reply's
            first word (`embedder.train.answering.retrieval_heads`): layer and head, from 0.
    """

    lora: Lora
    base_weights: str | None
    retrieval_heads: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a published checkpoint holds beside the base model.

    Attributes:
        base: The base model, in one of the forms of `embedder.base_files`.
        tokenizer: Folder with the tokenizer's files: the checkpoint's own.
        special_tokens: The special tokens' strings; only their number matters here.
        rows: Their input vectors, `[special, hidden]`.
        states: How many of the last hidden states are read.
        max_length: Longest input in tokens, special tokens included.
        dtype: What the base was trained in, by name.
        base_weights: `embedder.fingerprint.weights_hash` of the base that this was trained on; None
            where the checkpoint does not tell.
        base_sha256: SHA-256 of a base that is one file, in hex; None if it does not matter.
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
    representation: Representation = field(default_factory=Representation)
    answering: Answering | None = None
    base_weights: str | None = None
    base_sha256: str | None = None

    @property
    def head(self) -> Head:
        """From a pooled state to the embedding.

        Both heads are linear and the pooling comes last, so one map equals them. A text's own
        states go to the alignment alone: the reconstruction is of the compression states.
        """
        if self.representation.reads_text:
            return self.alignment
        return self.reconstruction.then(self.alignment)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read the published layout.

    Raises:
        CheckpointError: A file is missing or damaged, or does not fit the others; it is named.
    """
    run = _run_config(folder / "run_config.yml")
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
    representation = _representation(folder)
    return Checkpoint(
        base=base_beside(folder, str(run["model_name_or_path"])),
        tokenizer=folder,
        special_tokens=special_tokens,
        rows=rows,
        reconstruction=_read_head(folder / "reconstruction_mlp"),
        alignment=_read_head(folder / "alignment_mlp"),
        states=_states(
            folder / "encoder_decoder_config.json",
            mode["encoding_mode"],
            len(rows),
            published=representation.published,
        ),
        max_length=run["max_input_length"],
        dtype=str(run.get("torch_dtype", "float32")),
        lora=_lora(adapter, weights),
        representation=representation,
        answering=_answering(folder / "answering"),
        base_weights=run.get("base_weights"),
        base_sha256=run.get("base_sha256"),
    )


def write_checkpoint(
    folder: Path,
    checkpoint: Checkpoint,
    tokenizer: PreTrainedTokenizerFast,
    base_config: Path | PreTrainedConfig | None = None,
) -> None:
    """Write `checkpoint` in the published layout.

    The special tokens are added to `tokenizer`, which is saved too: the published package finds
    the rows by their ids. The base's path is written as given; a relative one is read relative to
    `folder`.

    Args:
        folder: Where to; made if it is not there.
        checkpoint: What to write.
        tokenizer: The base's.
        base_config: The base's `config.json`, of which the published package wants a copy; a
            GGUF base has none, but the loaded model has its contents.
    """
    (folder / "encoder").mkdir(parents=True, exist_ok=True)
    special_tokens = list(checkpoint.special_tokens)
    _write_tokenizer(folder, tokenizer, special_tokens)
    if isinstance(base_config, Path):
        shutil.copyfile(base_config, folder / "encoder" / "config.json")
    elif base_config is not None:
        base_config.to_json_file(folder / "encoder" / "config.json")
    ids = cast("list[int]", tokenizer.convert_tokens_to_ids(special_tokens))
    _write_adapter(folder / "encoder", checkpoint, ids)
    prefix = "" if checkpoint.representation.published else "duet_"
    run = {
        "encoding_mode": f"{prefix}last_{checkpoint.states}_tokens",
        "max_input_length": checkpoint.max_length,
        "model_name_or_path": checkpoint.base,
        "special_tokens": special_tokens,
        "torch_dtype": checkpoint.dtype,
    }
    if checkpoint.base_weights is not None:
        run["base_weights"] = checkpoint.base_weights
    if checkpoint.base_sha256 is not None:
        run["base_sha256"] = checkpoint.base_sha256
    (folder / "run_config.yml").write_text(yaml.safe_dump(run))
    mode = {"encoding_mode": run["encoding_mode"], "save_decoder": False}
    _write_json(folder / "encoder_decoder_config.json", mode)
    write_sentence_transformers_files(folder, checkpoint.representation.instructions)
    _write_head(folder / "reconstruction_mlp", checkpoint.reconstruction, checkpoint.dtype)
    _write_head(folder / "alignment_mlp", checkpoint.alignment, checkpoint.dtype)
    if not checkpoint.representation.published:
        _write_json(folder / "representation.json", checkpoint.representation.names)
        tensors = {name: t.contiguous() for name, t in checkpoint.representation.tensors.items()}
        if tensors:
            save_file(tensors, folder / "representation.safetensors")


def write_alignment(folder: Path, head: Head) -> None:
    """Put `head` in the place of a checkpoint's alignment head."""
    dtype = str(_run_config(folder / "run_config.yml").get("torch_dtype", "float32"))
    _write_head(folder / "alignment_mlp", head, dtype)


def write_sentence_transformers_files(folder: Path, told: Instructions) -> None:
    """Write what `SentenceTransformer(folder)` reads: which module it is, and its prompts."""
    module = {"idx": 0, "name": "0", "path": "", "type": SENTENCE_TRANSFORMERS_MODULE}
    (folder / "modules.json").write_text(json.dumps([module], indent=2) + "\n")
    config = {
        "model_type": "SentenceTransformer",
        "prompts": told._asdict(),
        "default_prompt_name": None,
        "similarity_fn_name": "cosine",
    }
    _write_json(folder / SENTENCE_TRANSFORMERS_CONFIG, config)


def copy_checkpoint(source: Path, target: Path) -> None:
    """Copy a checkpoint's folder; a base beside it is named by its absolute path in the copy."""
    if target.resolve() == source.resolve():
        return
    shutil.copytree(source, target, dirs_exist_ok=True)
    run_file, adapter_file = target / "run_config.yml", target / "encoder" / "adapter_config.json"
    run, adapter = yaml.safe_load(run_file.read_text()), json.loads(adapter_file.read_text())
    base = (source / run["model_name_or_path"]).resolve()
    if base.exists() and not base.is_relative_to(source.resolve()):
        run_file.write_text(yaml.safe_dump({**run, "model_name_or_path": str(base)}))
        _write_json(adapter_file, {**adapter, "base_model_name_or_path": str(base)})


def _write_tokenizer(
    folder: Path, tokenizer: PreTrainedTokenizerFast, special_tokens: list[str]
) -> None:
    """Save `tokenizer` so that transformers 4 and 5 both read it, and pad on the left.

    The published package reads the last states of a padded batch: on the right it would read
    padding. transformers 5 renamed the key of the special tokens and the plainest class.
    """
    tokenizer.add_special_tokens({"extra_special_tokens": special_tokens})
    tokenizer.save_pretrained(folder)
    file = folder / "tokenizer_config.json"
    config = json.loads(file.read_text())
    config |= {
        "additional_special_tokens": special_tokens,
        "extra_special_tokens": {},
        "padding_side": "left",
        "pad_token": config.get("pad_token") or config.get("eos_token"),
    }
    if config.get("tokenizer_class") == "TokenizersBackend":
        config["tokenizer_class"] = "PreTrainedTokenizerFast"
    _write_json(file, config)


def _write_adapter(folder: Path, checkpoint: Checkpoint, ids: list[int]) -> None:
    rows, lora = checkpoint.rows.contiguous(), checkpoint.lora
    common = {
        "base_model_name_or_path": checkpoint.base,
        "inference_mode": True,
        "task_type": None,
    }
    if lora is None:
        adapter = {
            **common,
            "peft_type": "TRAINABLE_TOKENS",
            "target_modules": "embed_tokens",
            "token_indices": ids,
            "init_weights": True,
        }
        weights = {f"base_model.model.embed_tokens.{ROWS}": rows}
    else:
        adapter = {**lora.config, **common, "trainable_token_indices": {"embed_tokens": ids}}
        weights = {f"base_model.model.{name}": t.contiguous() for name, t in lora.weights.items()}
        weights[f"base_model.model.embed_tokens.token_adapter.{ROWS}"] = rows
    _write_json(folder / "adapter_config.json", adapter)
    save_file(weights, folder / "adapter_model.safetensors")


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
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        msg = f"{file} is damaged: {' '.join(str(error).split())}"
        raise CheckpointError(msg) from error
    missing = [key for key in required if not isinstance(content, dict) or key not in content]
    if missing:
        msg = f"{file} is damaged: expected the keys {', '.join(required)}; {missing[0]} is missing"
        raise CheckpointError(msg)
    return cast("dict[str, Any]", content)


def _run_config(file: Path) -> dict[str, Any]:
    run = _mapping(file, yaml.safe_load, "model_name_or_path", "special_tokens")
    run.setdefault("max_input_length", 512)
    kinds = (("special_tokens", list, "a list"), ("max_input_length", int, "a whole number"))
    for key, kind, expected in kinds:
        if not isinstance(run[key], kind):
            msg = f"{file}: expected {key} to be {expected}, found {run[key]!r}"
            raise CheckpointError(msg)
    digest = run.get("base_sha256")
    if digest is not None and not re.fullmatch("[0-9a-fA-F]{64}", str(digest)):
        msg = f"{file}: expected base_sha256 to be 64 hex digits, found {digest!r}"
        raise CheckpointError(msg)
    return run


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


def _answering(folder: Path) -> Answering | None:
    if not folder.is_dir():
        return None
    config = _mapping(folder / "adapter_config.json", json.loads, "peft_type")
    weights = _adapter_weights(folder / "adapter_model.safetensors")
    lora = _lora(config, weights)
    if lora is None:
        msg = f"{folder / 'adapter_model.safetensors'} is damaged: expected the weights of a LoRA"
        raise CheckpointError(msg)
    named = config.get("retrieval_heads", ())
    try:
        heads = tuple((int(layer), int(head)) for layer, head in named)
    except (TypeError, ValueError) as error:
        msg = (
            f"{folder / 'adapter_config.json'}: expected retrieval_heads to be pairs of a layer "
            f"and a head, found {named!r}"
        )
        raise CheckpointError(msg) from error
    return Answering(lora, config.get("base_weights"), heads)


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
    except (RuntimeError, KeyError, TypeError, OSError, EOFError) as error:
        msg = (
            f"{file} is damaged or cut short: expected a torch file with the projection.weight and "
            "projection.bias of a linear head; copy or download it again"
        )
        raise CheckpointError(msg) from error


def _write_head(file: Path, head: Head, dtype: str) -> None:
    """The weights stay float32; `dtype` is what the published package casts them to."""
    config = {
        "input_dim": head.weight.shape[1],
        "output_dim": head.weight.shape[0],
        "dtype": f"torch.{dtype}",
        "size": 1,
        "pooling_mode": "linear",
    }
    state = {"projection.weight": head.weight, "projection.bias": head.bias}
    torch.save({"state_dict": state, "config": config}, file)


def _representation(folder: Path) -> Representation:
    """The choices in `representation.json`, with their tensors; the published ones without it."""
    file = folder / "representation.json"
    if not file.exists():
        return Representation()
    names = _mapping(file, json.loads, *CHOICES)
    for choice, known in CHOICES.items():
        if not re.fullmatch(known, str(names[choice])):
            msg = f"{file}: {choice} {names[choice]!r} is unknown: expected {known}"
            raise CheckpointError(msg)
    told = Instructions()
    told = Instructions(
        str(names.get("query_instruction", told.query)),
        str(names.get("document_instruction", told.document)),
    )
    tensors_file = folder / "representation.safetensors"
    tensors = _adapter_weights(tensors_file) if tensors_file.exists() else {}
    for name, (choice, value) in LEARNED.items():
        if (names[choice] == value) != (name in tensors):
            msg = (
                f"{folder / 'representation.safetensors'} is damaged: expected the tensor "
                f"{name!r} exactly where {choice} is {value}"
            )
            raise CheckpointError(msg)
    return Representation(
        names["pooling"],
        names["layers"],
        names["attention"],
        told,
        tensors.get("query"),
        tensors.get("mix"),
        tensors.get("idf"),
    )


def _write_json(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=2) + "\n")


def _states(file: Path, mode: object, rows: int, *, published: bool) -> int:
    prefix = "" if published else "duet_"
    match = re.fullmatch(rf"{prefix}last_(\d+)_tokens", str(mode))
    if not match or not 0 < int(match.group(1)) <= rows:
        msg = (
            f"{file}: expected encoding_mode {prefix}last_K_tokens with K from 1 to {rows}, "
            f"found {mode!r}"
        )
        raise CheckpointError(msg)
    return int(match.group(1))
