"""Whether a checkpoint fits the base that it is put on."""

from collections.abc import Sequence

from transformers import PreTrainedModel

from embedder.attention import Head
from embedder.errors import CheckpointError
from embedder.fingerprint import weights_hash
from embedder.published import Checkpoint


def check_fit(name: str, checkpoint: Checkpoint, lm: PreTrainedModel) -> None:
    """Refuse a base that the checkpoint, called `name`, was not made for.

    Raises:
        CheckpointError: Its widths, layers, heads or weights are others.
    """
    config = lm.config.get_text_config()
    hidden, layers = int(config.hidden_size), int(config.num_hidden_layers)
    misfit = f"checkpoint {name} does not fit its base model"
    if checkpoint.rows.shape[1] != hidden:
        msg = (
            f"{misfit}: the special tokens have {checkpoint.rows.shape[1]} dimensions, "
            f"the model {hidden}"
        )
        raise CheckpointError(msg)
    read = checkpoint.representation
    if not read.fits(layers):
        msg = f"{misfit}: it reads layers {read.layers}, the model has {layers}"
        raise CheckpointError(msg)
    taken = checkpoint.head.weight.shape[1]
    if taken != read.width(hidden):
        msg = (
            f"{misfit}: its heads take {taken} numbers, the states it reads have "
            f"{read.width(hidden)}"
        )
        raise CheckpointError(msg)
    _check_weights(name, checkpoint, lm)
    if checkpoint.answering is not None:
        _check_heads(name, checkpoint.answering.retrieval_heads, layers, config.num_attention_heads)


def _check_heads(name: str, heads: Sequence[Head], layers: int, most: int) -> None:
    """Refuse retrieval heads that the base does not have."""
    for layer, head in heads:
        if not (0 <= layer < layers and 0 <= head < most):
            msg = (
                f"the answering adapter of {name} names attention head {head} of layer {layer}, "
                f"but its base has {most} heads in each of {layers} layers: find its own "
                "(python -m embedder.train retrieval-heads)"
            )
            raise CheckpointError(msg)


def _check_weights(name: str, checkpoint: Checkpoint, lm: PreTrainedModel) -> None:
    """Refuse a base that is not the one that a part of the checkpoint was trained on."""
    answering = checkpoint.answering
    wanted = {"checkpoint": checkpoint.base_weights}
    wanted["answering adapter"] = None if answering is None else answering.base_weights
    found = weights_hash(lm)
    for part, expected in wanted.items():
        if expected is not None and expected != found:
            msg = (
                f"the {part} of {name} was trained on another base: expected weights {expected}, "
                f"found {found}; name the base that it was trained on"
            )
            raise CheckpointError(msg)
