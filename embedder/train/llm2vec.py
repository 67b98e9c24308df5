"""A published LLM2Vec pair as teacher: one LoRA (MNTP) on a base, a second (SimCSE) on top.

LLM2Vec (arXiv 2404.05961) reads a text with bidirectional attention and takes the mean of the last
layer's states. Its own classes come as remote code; here the adapters are added to a plain base.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from embedder.base import best_dtype, load_base, load_tokenizer
from embedder.base_files import local_base
from embedder.batching import by_length
from embedder.errors import TrainingError
from embedder.generation import embed
from embedder.representation import Representation
from embedder.tokenizing import Prompter
from embedder.train.batch import Tokens

MAX_LENGTH = 512
BATCH_TOKENS = 4096


def load_llm2vec(
    folder: Path, adapter: Path | None, device: str
) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """The function from texts to mean states, `[n, hidden]`, not normalised.

    Args:
        folder: The first adapter; its configuration names the base.
        adapter: The second one, or None.
        device: Where the base runs.

    Raises:
        TrainingError: An adapter is damaged, or does not fit the base.
    """
    config = _config(folder)
    base = local_base(str(config.get("base_model_name_or_path")))
    lm = load_base(base, device, best_dtype(device))
    own = (folder / "tokenizer.json").exists()
    tokenizer = load_tokenizer(folder if own else base)
    for place in [folder, adapter]:
        if place is not None:
            _merge(lm.base_model, place)
    prompter = Prompter(tokenizer)
    bidirectional = Representation(attention="bidirectional")

    @torch.inference_mode()
    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        ids = [prompter.text_ids(text)[:MAX_LENGTH] or [0] for text in texts]
        vectors = np.empty((len(ids), lm.config.get_text_config().hidden_size), dtype=np.float32)
        for batch in by_length([len(sequence) for sequence in ids], BATCH_TOKENS):
            tokens = Tokens.of([ids[i] for i in batch], lm.device)
            text = embed(lm, tokens.ids)
            hidden = lm.base_model(
                inputs_embeds=text,
                attention_mask=bidirectional.mask(tokens.lengths, text),
                use_cache=False,
            ).last_hidden_state.float()
            counts = torch.arange(hidden.shape[1], device=hidden.device) < tokens.lengths[:, None]
            means = (hidden * counts[..., None]).sum(dim=1) / tokens.lengths[:, None]
            vectors[batch] = means.cpu().numpy()
        return vectors

    return encode


def _config(folder: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((folder / "adapter_config.json").read_text())
    except (OSError, ValueError) as error:
        msg = f"{folder / 'adapter_config.json'} cannot be read: {error}"
        raise TrainingError(msg) from error
    if config.get("use_dora"):
        msg = f"{folder}: a DoRA adapter cannot be a teacher, expected a plain LoRA"
        raise TrainingError(msg)
    return config


def _merge(base: nn.Module, folder: Path) -> None:
    """Add the LoRA in `folder` to the weights of `base`: `W + scale * B A`."""
    config = _config(folder)
    rank, alpha = int(config["r"]), float(config["lora_alpha"])
    scale = alpha / (rank**0.5 if config.get("use_rslora") else rank)
    try:
        weights = load_file(folder / "adapter_model.safetensors")
        for name, down in weights.items():
            if not name.endswith(".lora_A.weight"):
                continue
            stem = name.removesuffix(".lora_A.weight")
            up = weights[f"{stem}.lora_B.weight"]
            place = stem.removeprefix("base_model.model.").removeprefix("model.")
            target = base.get_submodule(place).get_parameter("weight")
            change = (up.double() @ down.double() * scale).to(target)
            target.data += change
    except (OSError, SafetensorError, KeyError, AttributeError, RuntimeError) as error:
        msg = f"the LLM2Vec adapter in {folder} does not fit its base: {error}"
        raise TrainingError(msg) from error
