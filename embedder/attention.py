"""Attention of a few tokens to many, written out; and a look at what a token attends to.

Torch's fused attention is made for whole prompts. Of one token to 1,000 others it takes 0.69 ms in
bfloat16 on a CPU, and two plain multiplications take 0.1 ms: a third of a token's whole time.
"""

from collections.abc import Collection, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from embedder.multiplying import attending

_NAME, _FUSED = "few_to_many", "sdpa"
_WATCH = "_duet_watch"
_FEW = 8
"""Tokens of a pass: one, and those of a draft. Of more the fused one is as fast."""


Head = tuple[int, int]
"""An attention head: its layer, and its number there, from 0."""


def attend_in_few_steps(lm: PreTrainedModel) -> None:
    """Let `lm` attend so where it attends by torch's fused function now."""
    if cast("Any", lm.config)._attn_implementation == _FUSED:
        ALL_ATTENTION_FUNCTIONS.register(_NAME, _attention)
        ALL_MASK_ATTENTION_FUNCTIONS.register(_NAME, ALL_MASK_ATTENTION_FUNCTIONS[_FUSED])
        lm.set_attn_implementation(_NAME)


@contextmanager
def watched(
    lm: PreTrainedModel, heads: Collection[Head], token: int
) -> Generator[dict[Head, torch.Tensor]]:
    """What a token attends to in the forward pass that is made meanwhile.

    Args:
        lm: One that attends as `attend_in_few_steps` has it; of another nothing is seen.
        heads: Which to watch.
        token: Of those of that pass, from 0.

    Yields:
        Filled by the pass: for each head its weights of all tokens up to that one, float32; those
        that were cached before the pass come first.
    """
    seen: dict[Head, torch.Tensor] = {}

    def watch(layer: int, query: torch.Tensor, key: torch.Tensor, scaling: float) -> None:
        _, count, tokens, _ = query.shape
        length = key.shape[2] - tokens + token + 1
        for head in [head for at, head in heads if at == layer]:
            keys = key[0, head * key.shape[1] // count, :length].float()
            scores = keys @ query[0, head, token].float() * scaling
            seen[layer, head] = scores.softmax(dim=-1).cpu()

    layers = cast("Any", lm.base_model).layers
    modules = {layer: layers[layer].self_attn for layer, _ in heads}
    for layer, module in modules.items():
        setattr(module, _WATCH, partial(watch, layer))
    try:
        yield seen
    finally:
        for module in modules.values():
            delattr(module, _WATCH)


def _attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """The states `[batch, tokens, heads, width]` of queries `[batch, heads, tokens, width]`.

    Keys and values are `[batch, groups, length, width]`; each group serves as many heads.
    """
    batch, heads, tokens, width = query.shape
    scaling = options.get("scaling") or width**-0.5
    watch = getattr(module, _WATCH, None)
    if watch is not None:
        watch(query, key, scaling)
    # A mask is left out where there is nothing to hide, and where torch is to make it.
    lacks_mask = attention_mask is None and tokens > 1
    is_biased = options.get("position_bias") is not None or options.get("dropout")
    is_long = tokens > _FEW or query.device.type != "cpu"
    if batch > 1 or is_long or lacks_mask or is_biased:
        fused = ALL_ATTENTION_FUNCTIONS[_FUSED]
        return cast("Any", fused)(module, query, key, value, attention_mask, **options)
    groups = key.shape[1]
    grouped = query.reshape(groups, heads // groups * tokens, width)
    with attending():
        scores = grouped @ key[0].transpose(1, 2) * scaling
    if attention_mask is not None:
        seen = attention_mask[0, 0, :, : key.shape[2]].repeat(heads // groups, 1)
        scores = (
            scores.masked_fill(~seen, -torch.inf) if seen.dtype == torch.bool else scores + seen
        )
    shares = scores.softmax(dim=-1, dtype=torch.float32).to(value.dtype)
    with attending():
        states = shares @ value[0]
    return states.view(1, heads, tokens, width).transpose(1, 2), None
