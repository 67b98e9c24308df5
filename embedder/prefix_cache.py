"""What was read is not read again: keys and values of the last prompts.

Prompts of grounded answers begin alike, and one passage is often read twice: to see whether an
answer stands in it, then to write that answer.
"""

import threading
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, cast

import torch
from transformers import DynamicCache, PretrainedConfig

Layers = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values of each layer, `[1, heads, tokens, width]`."""


class PrefixCache:
    """Keys and values of the prompts that were read last; may be used from several threads.

    All must come from the same weights, adapters included.

    Args:
        config: Of the language model. One with sliding windows keeps too little of a prompt: then
            nothing is remembered.
        max_bytes: The oldest are forgotten beyond it.
    """

    def __init__(self, config: PretrainedConfig, max_bytes: int) -> None:
        self._config = config
        self._max_bytes = max_bytes
        self._kept: dict[tuple[int, ...], Layers] = {}
        self._lock = threading.Lock()

    def begin(self, ids: Sequence[int]) -> tuple[DynamicCache, int]:
        """A cache for the prompt `ids`, and how many of its first ids it has already read.

        At least one is left to be read, for its logits.
        """
        with self._lock:
            best = max(self._kept, key=lambda kept: _shared(kept, ids), default=())
            layers = self._kept.pop(best, [])
            if best:
                self._kept[best] = layers  # the last that was used is the last to go
        shared = min(_shared(best, ids), len(ids) - 1)
        cache = DynamicCache(config=self._config)
        if shared:
            for layer, (keys, values) in enumerate(layers):
                cache.update(keys[:, :, :shared], values[:, :, :shared], layer)
        return cache, shared

    def keep(self, ids: Sequence[int], cache: DynamicCache) -> None:
        """Remember `cache`, which has read `ids`, and perhaps more after them."""
        if any(cache.is_sliding):
            return
        # What the cache holds now: it never writes into its tensors, it makes longer ones.
        layers: Layers = [
            (layer.keys[:, :, : len(ids)], layer.values[:, :, : len(ids)])
            for layer in cast("list[Any]", cache.layers)
        ]
        with self._lock:
            self._kept.pop(tuple(ids), None)
            self._kept[tuple(ids)] = layers
            while self._kept and sum(map(_bytes, self._kept.values())) > self._max_bytes:
                del self._kept[next(iter(self._kept))]


def _shared(kept: Sequence[int], ids: Sequence[int]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(kept, ids, strict=False)))


def _bytes(layers: Layers) -> int:
    return sum(keys.nbytes + values.nbytes for keys, values in layers)
