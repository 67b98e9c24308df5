"""The language model in a GGUF file, dequantized to plain weights.

The families below are put together here: transformers' own reader takes ten times as long (it reads
the vocabulary twice and makes one table of names a module), assumes Qwen3's and Gemma 3's usual
head sizes and rope, and leaves out Llama 3's. Other families are left to it.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    PreTrainedConfig,
    PreTrainedModel,
)

from embedder.errors import CheckpointError
from embedder.gguf.file import GgufFile
from embedder.gguf.tokenizer import stop_tokens

Loaded = tuple[PreTrainedModel, dict[str, Any]]
"""A model, and transformers' report of weights that are missing or do not fit."""

_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_GEMMA_LAYER = _LAYER | {
    "ffn_norm": "pre_feedforward_layernorm",
    "post_attention_norm": "post_attention_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}
_WHOLE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def load_gguf(path: Path, dtype: torch.dtype) -> Loaded:
    """The model in `path`, on the CPU.

    Raises:
        CheckpointError: The file is no whole GGUF, or of a quantization that cannot be undone.
        ValueError: transformers knows no such family.
    """
    file = GgufFile.read(path)
    configure = FAMILIES.get(file.architecture)
    lm, report = (
        _by_transformers(path, dtype)
        if configure is None
        else _assemble(file, configure(file), dtype)
    )
    lm.generation_config.eos_token_id = stop_tokens(file)
    return lm, report


def _by_transformers(path: Path, dtype: torch.dtype) -> Loaded:
    # Since transformers 5.2x some families would stay quantized, and could not be trained on.
    config: Any = getattr(transformers, "GgufConfig", None)
    options = {} if config is None else {"quantization_config": config(dequantize=True)}
    loaded = AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=dtype, output_loading_info=True, **options
    )
    lm, report = cast("Loaded", loaded)
    if hasattr(lm.config, "quantization_config"):
        delattr(lm.config, "quantization_config")  # it is dequantized
    return lm, report


def _assemble(file: GgufFile, values: dict[str, Any], dtype: torch.dtype) -> Loaded:
    config = AutoConfig.for_model(**values)
    gemma = file.architecture.startswith("gemma")
    state: dict[str, torch.Tensor] = {}
    for name in file.tensors:
        if (target := _name(name, _GEMMA_LAYER if gemma else _LAYER)) is not None:
            weights = _undone(file, name, file.tensor(name), config)
            state[target] = torch.from_numpy(weights).to(dtype)
    kind = cast("type[PreTrainedModel]", MODEL_FOR_CAUSAL_LM_MAPPING[type(config)])
    loaded = kind.from_pretrained(
        None,
        config=config,
        state_dict=state,
        dtype=dtype,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    lm, report = cast("Loaded", loaded)
    lm.config.architectures = [kind.__name__]
    if "rope_freqs.weight" in file.tensors:
        _slow_down(lm, file.tensor("rope_freqs.weight"))
    return lm, report


def _name(name: str, layer: dict[str, str]) -> str | None:
    """The name of a tensor in transformers; None for what is no weight."""
    match = re.fullmatch(r"blk\.(\d+)\.(\w+)\.(weight|bias)", name)
    if match and match[2] in layer:
        return f"model.layers.{match[1]}.{layer[match[2]]}.{match[3]}"
    stem, _, leaf = name.rpartition(".")
    return f"{_WHOLE[stem]}.{leaf}" if stem in _WHOLE else None


def _undone(
    file: GgufFile, name: str, weights: NDArray[np.float32], config: PreTrainedConfig
) -> NDArray[np.float32]:
    """Undo what llama.cpp's conversion does to the values."""
    if file.architecture.startswith("gemma") and name.endswith("norm.weight"):
        return weights - 1  # Gemma multiplies by one more than its weight
    if file.architecture == "llama" and re.search(r"attn_[qk]\.", name):
        # Rotary pairs lie side by side in GGUF, half a head apart in transformers.
        heads = config.num_attention_heads if "_q." in name else config.num_key_value_heads
        pairs = weights.reshape(heads, weights.shape[0] // heads // 2, 2, *weights.shape[1:])
        return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(weights.shape))
    return weights


def _slow_down(lm: PreTrainedModel, factors: NDArray[np.float32]) -> None:
    """Llama 3.1's rope: the file has what each frequency is divided by, not the formula."""
    rotary: Any = lm.base_model.rotary_emb
    rotary.inv_freq /= torch.from_numpy(factors).to(rotary.inv_freq)
    rotary.original_inv_freq = rotary.inv_freq.clone()


def _common(file: GgufFile) -> dict[str, Any]:
    heads, hidden = file.whole("attention.head_count"), file.whole("embedding_length")
    if "token_embd.weight" not in file.tensors:
        msg = f"{file.path}: expected a tensor token_embd.weight, the table of input vectors"
        raise CheckpointError(msg)
    head = file.whole("rope.dimension_count", hidden // heads)
    ids = {
        f"{name}_token_id": file.metadata.get(f"tokenizer.ggml.{key}_token_id")
        for name, key in (("bos", "bos"), ("eos", "eos"), ("pad", "padding"))
    }
    return {
        "vocab_size": file.tensors["token_embd.weight"].shape[0],
        "hidden_size": hidden,
        "intermediate_size": file.whole("feed_forward_length"),
        "num_hidden_layers": file.whole("block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": file.whole("attention.head_count_kv", heads),
        "head_dim": file.whole("attention.key_length", head),
        "max_position_embeddings": file.whole("context_length"),
        "rms_norm_eps": file.real("attention.layer_norm_rms_epsilon"),
        "attention_bias": "blk.0.attn_q.bias" in file.tensors,
        "tie_word_embeddings": "output.weight" not in file.tensors,
        "rope_parameters": _rope(file),
        **ids,
    }


def _rope(file: GgufFile) -> dict[str, Any]:
    rope: dict[str, Any] = {
        "rope_type": "default",
        "rope_theta": file.real("rope.freq_base", 10_000.0),
    }
    scaling = file.text("rope.scaling.type", "none")
    if scaling in ("linear", "yarn"):
        rope |= {"rope_type": scaling, "factor": file.real("rope.scaling.factor")}
    elif scaling != "none":
        msg = f"{file.path}: rope scaling {scaling!r} is unknown: expected none, linear or yarn"
        raise CheckpointError(msg)
    if scaling == "yarn":
        original = file.whole("rope.scaling.original_context_length")
        rope["original_max_position_embeddings"] = original
    return rope


def _llama(file: GgufFile) -> dict[str, Any]:
    return {"model_type": "llama", **_common(file)}


def _qwen2(file: GgufFile) -> dict[str, Any]:
    return {"model_type": "qwen2", **_common(file)}


def _qwen3(file: GgufFile) -> dict[str, Any]:
    return {"model_type": "qwen3", **_common(file)}


def _gemma(file: GgufFile) -> dict[str, Any]:
    """What both Gemmas share; llama.cpp too knows the 27B ones by their number of layers."""
    common = _common(file)
    largest = file.whole("block_count") == {"gemma2": 46, "gemma3": 62}[file.architecture]
    scaled = common["hidden_size"] // common["num_attention_heads"]
    return common | {
        "query_pre_attn_scalar": scaled if largest else common["head_dim"],
        "sliding_window": file.whole("attention.sliding_window"),
    }


def _gemma2(file: GgufFile) -> dict[str, Any]:
    return _gemma(file) | {
        "model_type": "gemma2",
        "attn_logit_softcapping": file.real("attn_logit_softcapping", 50.0),
        "final_logit_softcapping": file.real("final_logit_softcapping", 30.0),
    }


def _gemma3(file: GgufFile) -> dict[str, Any]:
    near = {"rope_type": "default", "rope_theta": file.real("rope.freq_base_swa", 10_000.0)}
    return _gemma(file) | {
        "model_type": "gemma3_text",
        "rope_parameters": {"full_attention": _rope(file), "sliding_attention": near},
    }


FAMILIES: dict[str, Callable[[GgufFile], dict[str, Any]]] = {
    "llama": _llama,  # Mistral too
    "qwen2": _qwen2,
    "qwen3": _qwen3,
    "gemma2": _gemma2,
    "gemma3": _gemma3,
}
"""By `general.architecture`: a config.json made from the metadata."""
