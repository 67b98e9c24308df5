"""LoRA on a loaded base: on while it encodes, off while it generates."""

from peft import LoraConfig, inject_adapter_in_model, set_peft_model_state_dict
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from embedder.errors import CheckpointError
from embedder.published import Lora


class LoraSwitch:
    """The LoRA layers of one base, switched together; without LoRA a switch of nothing."""

    def __init__(self, base: nn.Module, lora: Lora | None) -> None:
        """Put the adapter's layers into `base` and leave them off.

        With `lora` None, layers that peft has put into `base` before are taken over.

        Raises:
            CheckpointError: The adapter's weights do not fit the base.
        """
        self._on = True
        if lora is not None:
            _inject(base, lora)
        self._layers = [m for m in base.modules() if isinstance(m, BaseTunerLayer)]
        self.set(on=False)

    @property
    def on(self) -> bool:
        """Whether the adapter is on."""
        return self._on

    def set(self, *, on: bool) -> None:
        """Switch the adapter on or off; nothing happens where it is so already."""
        if on == self._on:
            return
        for layer in self._layers:
            layer.enable_adapters(on)
        self._on = on


def _inject(base: nn.Module, lora: Lora) -> None:
    known = LoraConfig.__dataclass_fields__
    # The rows of the special tokens are ours to feed: peft would resize the embedding for them.
    settings = {
        key: value
        for key, value in lora.config.items()
        if key in known and key not in ("trainable_token_indices", "auto_mapping", "peft_type")
    }
    try:
        inject_adapter_in_model(LoraConfig(**settings), base)
        result = set_peft_model_state_dict(base, lora.weights)
    except (RuntimeError, ValueError, TypeError) as error:
        msg = f"the checkpoint's LoRA does not fit its base model: {' '.join(str(error).split())}"
        raise CheckpointError(msg) from error
    if result.unexpected_keys:
        name = result.unexpected_keys[0]
        msg = f"the checkpoint's LoRA does not fit its base model: no layer for {name}"
        raise CheckpointError(msg)
    base.requires_grad_(False)
    base.eval()  # peft's new layers are in training mode, and would drop inputs at random
