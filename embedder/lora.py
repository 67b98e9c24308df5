"""LoRA adapters on a loaded base: one at most is on at a time, and none while it just generates."""

from typing import Any

import torch
from peft import LoraConfig, inject_adapter_in_model, set_peft_model_state_dict
from peft.tuners.lora.layer import Linear
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn
from torch.nn.functional import linear

from embedder.errors import CheckpointError
from embedder.published import Lora

ENCODING = "default"
"""The encoder's adapter, by the name that peft gives where none is given."""
ANSWERING = "answering"
"""The adapter for grounded answers."""


class LowRankLinear(nn.Module):
    """A linear layer and what adapters add to it, of which one at most is on: to use, not to train.

    peft's layer asks at each pass what it might have to do. For a token after a prompt that took a
    third of the time (`benchmarks/bench.py`).
    """

    def __init__(self, layer: Linear) -> None:
        """Take over the base's layer and the weights of its adapters."""
        super().__init__()
        named: Any = layer  # peft's attributes are untyped
        self.base_layer = layer.get_base_layer()
        self._added = {
            name: (
                down.weight.detach(),
                named.lora_B[name].weight.detach() * named.scaling[name],
            )
            for name, down in named.lora_A.items()
        }
        self._on: tuple[torch.Tensor, torch.Tensor] | None = None

    def use(self, name: str | None) -> None:
        """Switch the adapter of that name on, if it has one here, and all others off."""
        self._on = None if name is None else self._added.get(name)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Map `[..., in]` to `[..., out]`."""
        found = self.base_layer(states)
        if self._on is None:
            return found
        down, up = self._on
        return found.add_(linear(linear(states, down), up))


def to_use(base: nn.Module) -> None:
    """Exchange peft's plain LoRA layers in `base` for faster ones that cannot be trained.

    Layers of other kinds, as DoRA's, stay as they are.
    """
    for name, layer in list(base.named_modules()):
        if (
            isinstance(layer, Linear)
            and not layer.lora_variant
            and not any(layer.lora_bias.values())
        ):
            base.set_submodule(name, LowRankLinear(layer))


class LoraSwitch:
    """The LoRA layers of one base, switched together; without any a switch of nothing.

    Attributes:
        active: The adapter that is on, if one is.
    """

    def __init__(self, base: nn.Module) -> None:
        """Take over the layers that are in `base`, and switch them off."""
        kinds = BaseTunerLayer | LowRankLinear
        self._layers: list[Any] = [m for m in base.modules() if isinstance(m, kinds)]
        self.active: str | None = ""
        self.use(None)

    def use(self, name: str | None) -> None:
        """Switch the adapter of that name on and all others off; None leaves the plain base."""
        if name == self.active:
            return
        for layer in self._layers:
            if isinstance(layer, LowRankLinear):
                layer.use(name)
            elif name is not None and name in layer.lora_A:
                layer.set_adapter(name)
                layer.enable_adapters(True)
            else:
                layer.enable_adapters(False)
        self.active = name


def add_adapter(base: nn.Module, lora: Lora, name: str) -> None:
    """Put the layers of `lora` into `base`, beside those of other names, in the base's own type.

    Raises:
        CheckpointError: The adapter's weights do not fit the base.
    """
    known = LoraConfig.__dataclass_fields__
    # The rows of the special tokens are ours to feed: peft would resize the embedding for them.
    settings = {
        key: value
        for key, value in lora.config.items()
        if key in known and key not in ("trainable_token_indices", "auto_mapping", "peft_type")
    }
    misfit = f"the {name} LoRA does not fit its base model"
    try:
        inject_adapter_in_model(LoraConfig(**settings), base, adapter_name=name)
        result = set_peft_model_state_dict(base, lora.weights, adapter_name=name)
    except (RuntimeError, ValueError, TypeError) as error:
        msg = f"{misfit}: {' '.join(str(error).split())}"
        raise CheckpointError(msg) from error
    if result.unexpected_keys:
        msg = f"{misfit}: no layer for {result.unexpected_keys[0]}"
        raise CheckpointError(msg)
    own = next(base.parameters()).dtype
    for parameter_name, parameter in base.named_parameters():
        if ".lora_" in parameter_name:
            parameter.data = parameter.data.to(own)  # mixed types cost a factor of two to three
    base.requires_grad_(False)
    base.eval()  # peft's new layers are in training mode, and would drop inputs at random
