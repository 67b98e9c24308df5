"""The choices of a representation by name; `embedder.representation` computes them."""

from typing import Literal, get_args

Pooling = Literal["mean", "attention", "last"]
"""Over the compression states: their mean, a learned query's attention, or the last one."""

Layers = Literal["last", "mix"]
"""The last layer after its norm, or a learned weighted mean of all layers."""

Attention = Literal["causal", "bidirectional"]
"""A token sees what stands before it, or everything. Generation is causal in any case."""

CHOICES = {
    "pooling": get_args(Pooling),
    "layers": get_args(Layers),
    "attention": get_args(Attention),
}
