"""A LoRA on the encoder, trained with the rows and heads."""

from typing import Any

from peft import LoraConfig, inject_adapter_in_model
from torch import nn
from transformers import PreTrainedModel

from embedder.errors import TrainingError
from embedder.representation import Representation
from embedder.train.recipe import Design

LORA_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
"""Every linear map of a layer, as published; the five families name them alike."""


def lora_config(design: Design) -> LoraConfig | None:
    """What peft needs to know, or None where the design has no LoRA."""
    if not design.lora_rank:
        return None
    return LoraConfig(
        r=design.lora_rank,
        lora_alpha=design.lora_alpha,
        lora_dropout=design.lora_dropout,
        target_modules=_targets(design),
        bias="none",
    )


def _targets(design: Design) -> list[str] | str:
    """The maps of all layers, or by a regular expression of those that are computed."""
    read = Representation(layers=design.layers).side_by_side
    if not read:
        return list(LORA_TARGETS)
    computed = "|".join(str(layer) for layer in range(max(read)))
    return rf"(.*\.)?layers\.({computed})\..*({'|'.join(LORA_TARGETS)})"


def saved_config(config: LoraConfig) -> dict[str, Any]:
    """The part of `config` that belongs into a checkpoint's `adapter_config.json`."""
    kept = ("r", "lora_alpha", "lora_dropout", "bias", "use_rslora", "use_dora")
    targets = config.target_modules
    return {
        "peft_type": "LORA",
        "target_modules": targets if isinstance(targets, str) else list(LORA_TARGETS),
        **{name: getattr(config, name) for name in kept},
    }


def add_lora(lm: PreTrainedModel, config: LoraConfig) -> None:
    """Put a LoRA into the layers of `lm`, its weights in float32.

    Raises:
        TrainingError: The base names its linear maps otherwise.
    """
    try:
        inject_adapter_in_model(config, lm.base_model)
    except ValueError as error:
        msg = f"LoRA does not fit this base: {' '.join(str(error).split())}"
        raise TrainingError(msg) from error
    for _, parameter in lora_parameters(lm.base_model):
        parameter.data = parameter.data.float()  # bfloat16 would lose small updates


def lora_parameters(base: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """The LoRA's weights in `base`, by the names that a checkpoint has for them."""
    return [
        (name.replace(".default", ""), parameter)
        for name, parameter in base.named_parameters()
        if ".lora_" in name
    ]
