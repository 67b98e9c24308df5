"""From hidden states to one vector: which tokens may see which, which layers, which pooling.

The published recipe is one point of this space (causal, last layer, mean). The other choices are
for one's own training (`python -m embedder.train`) and are saved with the checkpoint.
"""

import copy
import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from embedder.choices import (
    CHOICES,
    OWN_TEXT,
    PUBLISHED,
    Attention,
    Instructions,
    Layers,
    Pooling,
)


@dataclass(frozen=True, slots=True)
class Representation:
    """The choices, and the tensors that some of them learn.

    Attributes:
        pooling: How the compression states become one.
        layers: Which layers the states are read from.
        attention: What a token sees while a text is encoded.
        instructions: What stands in front of questions and of passages.
        query: For attention pooling: `[hidden]`, float32.
        mix: For the layer mix: a logit for the embedding layer and each layer, `[layers + 1]`.
        idf: For idf pooling: the weight of each token, `[vocabulary]`.
    """

    pooling: Pooling = "mean"
    layers: Layers = "last"
    attention: Attention = "causal"
    instructions: Instructions = PUBLISHED
    query: torch.Tensor | None = None
    mix: torch.Tensor | None = None
    idf: torch.Tensor | None = None

    @property
    def reads_text(self) -> bool:
        """Whether embeddings are pooled from the text's own states, not from the special rows'."""
        return self.pooling in OWN_TEXT

    @property
    def published(self) -> bool:
        """Whether the published package computes the same."""
        return self.names == Representation().names

    @property
    def names(self) -> dict[str, str]:
        """The choices by name."""
        return {
            "pooling": self.pooling,
            "layers": self.layers,
            "attention": self.attention,
            "query_instruction": self.instructions.query,
            "document_instruction": self.instructions.document,
        }

    @property
    def side_by_side(self) -> tuple[int, ...]:
        """The layers that are read side by side; none for `last` and `mix`."""
        named = re.fullmatch(CHOICES["layers"], self.layers) and self.layers[0].isdigit()
        return tuple(int(layer) for layer in self.layers.split("+")) if named else ()

    def fits(self, layers: int) -> bool:
        """Whether a base of so many layers has all those that are read."""
        return max(self.side_by_side, default=0) <= layers

    def width(self, hidden: int) -> int:
        """How many numbers `pool` gives for a base of this hidden size."""
        return hidden * max(1, len(self.side_by_side))

    @property
    def tensors(self) -> dict[str, torch.Tensor]:
        """What is learned, by name."""
        learned = {"query": self.query, "mix": self.mix, "idf": self.idf}
        return {name: tensor for name, tensor in learned.items() if tensor is not None}

    def pool(self, states: torch.Tensor) -> torch.Tensor:
        """One vector for each sequence: `[batch, states, width]` to `[batch, width]`.

        Both heads are linear and the weights sum to one, so it does not matter whether the heads
        come before the pooling or after it.
        """
        if self.pooling == "last":
            return states[:, -1]
        if self.reads_text:
            return states[:, 0]
        if self.query is None:
            return states.mean(dim=1)
        query = self.query.to(states.device)
        weights = torch.softmax(states @ query / query.numel() ** 0.5, dim=-1)
        return (weights[..., None] * states).sum(dim=1)

    def compress(
        self,
        base: nn.Module,
        text: torch.Tensor,
        ids: torch.Tensor,
        lengths: torch.Tensor,
        rows: torch.Tensor,
        states: int,
    ) -> torch.Tensor:
        """The last `states` hidden states of each sequence, `[batch, states, width]`, float32.

        Where they are pooled from the text itself, their mean, `[batch, 1, width]`.

        The padding is on the right, where a causal model's earlier states cannot see it: no
        attention mask is needed then, and a batch gives what its texts give alone.

        Args:
            base: The language model without its output layer.
            text: Input vectors of the texts, `[batch, longest, hidden]`.
            ids: Their tokens, `[batch, longest]`.
            lengths: Tokens of each text, `[batch]`, on the device of `text`.
            rows: The special rows, `[special, hidden]`, scaled as the base's own are.
            states: How many states to read.
        """
        if self.reads_text:
            return self._mean_of_text(base, text, ids, lengths)
        batch, _, hidden = text.shape
        count = len(rows)
        each = torch.arange(batch, device=text.device)[:, None]
        inputs = torch.cat([text, text.new_zeros(batch, count, hidden)], dim=1)
        places = torch.arange(count, device=text.device)
        inputs = inputs.index_put((each, lengths[:, None] + places), rows.to(text.dtype))
        layers = self._layers(base, inputs, lengths + count)
        read = (each, lengths[:, None] + places[count - states :])
        return self._join([layer[read].float() for layer in layers])

    def _mean_of_text(
        self, base: nn.Module, text: torch.Tensor, ids: torch.Tensor, lengths: torch.Tensor
    ) -> torch.Tensor:
        """The mean over each text's states but the first, `[batch, 1, width]`, float32."""
        places = torch.arange(text.shape[1], device=text.device)
        counted = (places < lengths[:, None]) & ((places > 0) | (lengths[:, None] == 1))
        weights = counted.float()
        if self.idf is not None:
            weights = weights * self.idf.to(text.device)[ids]
        weights = weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-9)
        layers = [layer.float() for layer in self._layers(base, text, lengths)]
        means = [torch.einsum("bl,blh->bh", weights, layer)[:, None] for layer in layers]
        return self._join(means)

    def _layers(
        self, base: nn.Module, inputs: torch.Tensor, lengths: torch.Tensor
    ) -> list[torch.Tensor]:
        """The hidden states `[batch, length, hidden]` of the layers that are read.

        Where there are several, each state has a root mean square of 1: what layers add grows from
        one to the next, and the last would drown the others.
        """
        chosen, mask = self.side_by_side, self.mask(lengths, inputs)
        if chosen:
            return [_level(layer) for layer in _side_by_side(base, inputs, mask, chosen)]
        outputs = base(
            inputs_embeds=inputs,
            attention_mask=mask,
            output_hidden_states=self.layers == "mix",
            use_cache=False,
        )
        if self.mix is not None:
            return [_level(layer) for layer in outputs.hidden_states]
        return [outputs.last_hidden_state]

    def _join(self, layers: list[torch.Tensor]) -> torch.Tensor:
        """One tensor of the layers: mixed as learned, or side by side."""
        if self.mix is not None:
            weights = torch.softmax(self.mix.to(layers[0].device), dim=0)
            return torch.einsum("l,lbsh->bsh", weights, torch.stack(layers))
        if self.side_by_side:
            return torch.cat(layers, dim=-1)
        return layers[0]

    def mask(self, lengths: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor | None:
        """Added to the attention scores, `[batch, 1, length, length]`; only padding is hidden."""
        if self.attention == "causal":
            return None
        length = inputs.shape[1]
        hidden = torch.arange(length, device=inputs.device) >= lengths[:, None]
        mask = inputs.new_zeros(len(inputs), 1, length, length)
        return mask.masked_fill(hidden[:, None, None, :], torch.finfo(inputs.dtype).min)


def _level(states: torch.Tensor) -> torch.Tensor:
    """Each state scaled to a root mean square of 1, float32."""
    states = states.float()
    return states * states.square().mean(dim=-1, keepdim=True).add(1e-6).rsqrt()


def _side_by_side(
    base: nn.Module, inputs: torch.Tensor, mask: torch.Tensor | None, chosen: tuple[int, ...]
) -> list[torch.Tensor]:
    """What the chosen layers give, 0 being `inputs`; no layer above the highest is computed.

    By hooks of our own: transformers' are put on the layers once for each model that asks for
    hidden states, and a model of the first layers only shares these with the whole one.
    """
    found = {0: inputs}

    def keep(layer: int) -> Any:  # noqa: ANN401
        def hook(_module: nn.Module, _inputs: object, output: Any) -> None:  # noqa: ANN401
            found[layer] = output[0] if isinstance(output, tuple) else output

        return hook

    short: Any = _first_layers(base, max(chosen))
    hooks = [
        short.layers[layer - 1].register_forward_hook(keep(layer)) for layer in set(chosen) if layer
    ]
    try:
        short(inputs_embeds=inputs, attention_mask=mask, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return [found[layer] for layer in chosen]


def _first_layers(base: nn.Module, count: int) -> nn.Module:
    """`base` with its first `count` layers only; it shares every weight."""
    short: Any = copy.copy(base)
    vars(short)["_modules"] = dict(vars(base)["_modules"])  # its own table of the same modules
    short.layers = short.layers[: max(1, count)]
    return short
