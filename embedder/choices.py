"""The choices of a representation by name; `embedder.representation` computes them."""

from typing import Literal, NamedTuple, get_args

from embedder import instructions

Pooling = Literal["mean", "attention", "last", "text", "idf"]
"""Over the compression states: their mean, a learned query's attention, or the last one. Or over
the text itself: the mean of its own states but the first, which a causal model uses as a sink, all
alike (`text`) or rare tokens counting more (`idf`). An embedding of the text needs no special rows
then; they still say what the model would answer."""

OWN_TEXT = ("text", "idf")
"""The poolings over the text itself."""

Layers = str
"""`last`, the last layer after its norm; `mix`, a learned weighted mean of all layers; or some
layers side by side, `0+5+10`, 0 being the input vectors: nothing above the highest is computed."""

Attention = Literal["causal", "bidirectional"]
"""A token sees what stands before it, or everything. Generation is causal in any case."""

CHOICES = {
    "pooling": "|".join(get_args(Pooling)),
    "layers": r"last|mix|\d+(\+\d+)*",
    "attention": "|".join(get_args(Attention)),
}
"""What each choice may be, as regular expressions."""


class Instructions(NamedTuple):
    """What stands in front of a text that is embedded; the published ones by default."""

    query: str = instructions.QUERY
    document: str = instructions.DOCUMENT


PUBLISHED = Instructions()
