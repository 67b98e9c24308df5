"""LoRA adapters on a loaded base: one at most is on at a time, and none while it just generates."""

from typing import Any

from peft import LoraConfig, inject_adapter_in_model, set_peft_model_state_dict
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from embedder.errors import CheckpointError
from embedder.published import Lora

ENCODING = "default"
"""The encoder's adapter, by the name that peft gives where none is given."""
ANSWERING = "answering"
"""The adapter for grounded answers."""


class LoraSwitch:
    """The LoRA layers of one base, switched together; without any a switch of nothing.

    Attributes:
        active: The adapter that is on, if one is.
    """

    def __init__(self, base: nn.Module) -> None:
        """Take over the layers that are in `base`, and switch them off."""
        self._layers = [m for m in base.modules() if isinstance(m, BaseTunerLayer)]
        self.active: str | None = ""
        self.use(None)

    def use(self, name: str | None) -> None:
        """Switch the adapter of that name on and all others off; None leaves the plain base."""
        if name == self.active:
            return
        for layer in self._layers:
            named: Any = layer
            if name is not None and name in named.lora_A:
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
