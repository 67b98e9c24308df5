"""From hidden states to one vector: which tokens may see which, which layers, which pooling.

The published recipe is one point of this space (causal, last layer, mean). The other choices are
for one's own training (`python -m embedder.train`) and are saved with the checkpoint.
"""

from dataclasses import dataclass

import torch
from torch import nn

from embedder.choices import Attention, Layers, Pooling


@dataclass(frozen=True, slots=True)
class Representation:
    """The three choices, and the tensors that two of them learn.

    Attributes:
        pooling: How the compression states become one.
        layers: Which layers the states are read from.
        attention: What a token sees while a text is encoded.
        query: For attention pooling: `[hidden]`, float32.
        mix: For the layer mix: a logit for the embedding layer and each layer, `[layers + 1]`.
    """

    pooling: Pooling = "mean"
    layers: Layers = "last"
    attention: Attention = "causal"
    query: torch.Tensor | None = None
    mix: torch.Tensor | None = None

    @property
    def published(self) -> bool:
        """Whether the published package computes the same."""
        return (self.pooling, self.layers, self.attention) == ("mean", "last", "causal")

    @property
    def names(self) -> dict[str, str]:
        """The choices by name."""
        return {"pooling": self.pooling, "layers": self.layers, "attention": self.attention}

    @property
    def tensors(self) -> dict[str, torch.Tensor]:
        """What is learned, by name."""
        learned = {"query": self.query, "mix": self.mix}
        return {name: tensor for name, tensor in learned.items() if tensor is not None}

    def pool(self, states: torch.Tensor) -> torch.Tensor:
        """One vector for each sequence: `[batch, states, hidden]` to `[batch, hidden]`.

        Both heads are linear and the weights sum to one, so it does not matter whether the heads
        come before the pooling or after it.
        """
        if self.pooling == "last":
            return states[:, -1]
        if self.query is None:
            return states.mean(dim=1)
        query = self.query.to(states.device)
        weights = torch.softmax(states @ query / query.numel() ** 0.5, dim=-1)
        return (weights[..., None] * states).sum(dim=1)

    def compress(
        self,
        base: nn.Module,
        text: torch.Tensor,
        lengths: torch.Tensor,
        rows: torch.Tensor,
        states: int,
    ) -> torch.Tensor:
        """The last `states` hidden states of each sequence, `[batch, states, hidden]`, float32.

        The padding is on the right, where a causal model's earlier states cannot see it: no
        attention mask is needed then, and a batch gives what its texts give alone.

        Args:
            base: The language model without its output layer.
            text: Input vectors of the texts, `[batch, longest, hidden]`.
            lengths: Tokens of each text, `[batch]`, on the device of `text`.
            rows: The special rows, `[special, hidden]`, scaled as the base's own are.
            states: How many states to read.
        """
        batch, _, hidden = text.shape
        count = len(rows)
        each = torch.arange(batch, device=text.device)[:, None]
        inputs = torch.cat([text, text.new_zeros(batch, count, hidden)], dim=1)
        places = torch.arange(count, device=text.device)
        inputs = inputs.index_put((each, lengths[:, None] + places), rows.to(text.dtype))
        outputs = base(
            inputs_embeds=inputs,
            attention_mask=self.mask(lengths + count, inputs),
            output_hidden_states=self.layers == "mix",
            use_cache=False,
        )
        read = (each, lengths[:, None] + places[count - states :])
        if self.mix is None:
            return outputs.last_hidden_state[read].float()
        layers = torch.stack([layer[read].float() for layer in outputs.hidden_states])
        # The residual stream grows from layer to layer: without this the last would drown the rest.
        layers = layers * layers.square().mean(dim=-1, keepdim=True).add(1e-6).rsqrt()
        weights = torch.softmax(self.mix.to(layers.device), dim=0)
        return torch.einsum("l,lbsh->bsh", weights, layers)

    def mask(self, lengths: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor | None:
        """Added to the attention scores, `[batch, 1, length, length]`; only padding is hidden."""
        if self.attention == "causal":
            return None
        length = inputs.shape[1]
        hidden = torch.arange(length, device=inputs.device) >= lengths[:, None]
        mask = inputs.new_zeros(len(inputs), 1, length, length)
        return mask.masked_fill(hidden[:, None, None, :], torch.finfo(inputs.dtype).min)
