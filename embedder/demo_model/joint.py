"""The bundled model in training: a base language model with the special rows and the two heads."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.functional import normalize
from transformers import Qwen3Config, Qwen3ForCausalLM

from embedder.demo_model.averages import TokenAverages
from embedder.demo_model.circuits import CircuitWriter, slow_dimensions
from embedder.demo_model.conversations import Conversations
from embedder.demo_model.guidance import GUIDED
from embedder.demo_model.tokenizer import SPECIAL, TURN_START
from embedder.representation import Representation

Attention = tuple[torch.Tensor, ...]

ROPE_THETA = 1e12
"""So large that three quarters of a head hardly turn within a prompt, see `circuits`."""
OUTPUT_GAIN = 0.06
"""Gain of the last norm. The table's rows are as long as the averages that the first layer adds, or
the other layers could not see a token for its context; as they also give the words' scores, these
are kept small here."""
ROW_SCALE = 0.02
"""Root mean square of a special row, which is to leave the average beside it as it is."""
NOTHING_TOKEN = SPECIAL.index(TURN_START)
"""The token that every prompt begins with. Its row says nothing, so that a head with nothing to say
can look at it; the constant dimension has the other sign, by which heads find it."""
SHARPNESS = 2.0
"""Gain of queries and keys. At 1, a head of 64 dimensions cannot single out one token of hundreds,
and gains are slow to learn."""
FIRST_LAYER = 4.0
"""Logit of the first layer in the mix, next to 0 of the others: nine tenths of the weight."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of the base and of its embedding.

    Attributes:
        identity: How many of the hidden dimensions tell tokens apart, see `TokenAverages`.
        blank: How many a token itself does not use: room for summaries, see `circuits`.
    """

    hidden: int = 256
    identity: int = 48
    blank: int = 48
    layers: int = 6
    heads: int = 4
    feedforward: int = 512
    context: int = 2048
    special_tokens: int = 10
    dimension: int = 384

    @property
    def meaning(self) -> int:
        """How many dimensions tell what a token means; one more is ballast."""
        return self.hidden - self.identity - self.blank - 1


class JointModel(nn.Module):
    """The base with the special rows and the two heads of LLM2Vec-Gen.

    Before any training it embeds as `averages` does: the first layer averages, the others add
    nothing yet, and the mix of layers reads almost only the first. So what the other layers learn
    for answering does not disturb the embedding.
    """

    def __init__(self, shape: Shape, averages: TokenAverages) -> None:
        super().__init__()
        table = averages.table().detach()
        config = Qwen3Config(
            vocab_size=len(table),
            hidden_size=shape.hidden,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.heads,
            head_dim=shape.hidden // shape.heads,
            intermediate_size=shape.feedforward,
            max_position_embeddings=shape.context,
            tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
        )
        self.lm = Qwen3ForCausalLM(config)
        self.lm.set_attn_implementation("eager")  # the faster one on CPU at this size
        self.mix = nn.Parameter(torch.zeros(shape.layers + 1))
        self.rows = nn.Parameter(ROW_SCALE * torch.randn(shape.special_tokens, shape.hidden))
        self.reconstruction = nn.Linear(shape.hidden, shape.hidden)
        self.alignment = nn.Linear(shape.hidden, shape.dimension)
        with torch.no_grad():
            table[NOTHING_TOKEN] = 0
            table[NOTHING_TOKEN, -1] = -1
            self.lm.model.embed_tokens.weight.copy_(table)
            self.rows[:, : -shape.identity] = 0
            nn.init.eye_(self.reconstruction.weight)
            nn.init.zeros_(self.reconstruction.bias)
            self.alignment.load_state_dict(averages.alignment.state_dict())
            self._start_as_average()
            if shape.layers > max(layer for layer, _ in GUIDED.values()):
                self._write_circuits(shape, averages)

    def _start_as_average(self) -> None:
        first: Any = self.lm.model.layers[0]
        for layer in self.lm.model.layers:
            block: Any = layer
            nn.init.zeros_(block.self_attn.o_proj.weight)
            nn.init.zeros_(block.mlp.down_proj.weight)
            for norm in (block.self_attn.q_norm, block.self_attn.k_norm):
                nn.init.constant_(norm.weight, SHARPNESS)
        nn.init.eye_(first.self_attn.v_proj.weight)
        nn.init.eye_(first.self_attn.o_proj.weight)
        nn.init.constant_(first.self_attn.q_norm.weight, 0.05)  # nearly uniform attention
        nn.init.constant_(self.lm.model.norm.weight, OUTPUT_GAIN)
        self.mix[1] = FIRST_LAYER

    def _write_circuits(self, shape: Shape, averages: TokenAverages) -> None:
        """Copying, and what to copy: see `circuits`."""
        layers: Any = self.lm.model.layers
        attention = [layer.self_attn for layer in layers]
        directions = torch.eye(shape.hidden)
        width = min(shape.identity, shape.blank, len(slow_dimensions(attention[0].head_dim)))
        identity = directions[-shape.identity :][:width].clone()
        identity[:, -1] = 0
        lanes = torch.zeros(4, shape.hidden, width)
        orthogonal = nn.init.orthogonal_(torch.empty(shape.meaning, 3 * width))
        lanes[:3, : shape.meaning] = orthogonal.view(-1, 3, width).transpose(0, 1)
        lanes[3] = directions[-shape.identity - shape.blank :][:width].T
        turn = torch.zeros(width, width)
        nn.init.orthogonal_(turn[:-1, :-1])  # not the constant dimension
        writer = CircuitWriter(ROPE_THETA, identity, turn, averages.topics(width), lanes)
        for back, head in enumerate((0, 2, 3), start=1):
            writer.previous(attention[1], head, lane=0, back=back)
        writer.further(attention[2], head=0, lane=0, back=3)
        layer, head = GUIDED["copy"]
        writer.induction(attention[layer], head, lane=0)
        layer, head = GUIDED["summary"]
        writer.summary(attention[layer], head)
        layer, head = GUIDED["refusal"]
        writer.match(attention[layer], head)
        for brings, finds, lane, turns in (
            ("beginning", "choice", 1, 0),
            ("second", "again", 1, 1),
            ("number", "citation", 2, 0),
        ):
            layer, head = GUIDED[brings]
            writer.carry(attention[layer], head, lane, turns)
            layer, head = GUIDED[finds]
            writer.read(attention[layer], head, lane, turns)
            writer.match(attention[layer], head)

    @property
    def representation(self) -> Representation:
        """Which hidden states an embedding is read from, with the mix as it is now."""
        return Representation(layers="mix", mix=self.mix)

    def compress(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Soft prompts `[batch, special_tokens, hidden]` for `ids` padded on the right."""
        text = self.lm.get_input_embeddings()(ids)
        count = len(self.rows)
        states = self.representation.compress(self.lm.model, text, lengths, self.rows, count)
        return self.reconstruction(states)

    def embed(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """L2-normalised embeddings `[batch, dimension]`."""
        return normalize(self.alignment(self.compress(ids, lengths)).mean(dim=1).float(), dim=-1)

    @torch.no_grad()
    def give_unit_length(self, ids: torch.Tensor, lengths: torch.Tensor) -> None:
        """Scale the alignment head so that these texts' vectors have length 1 in the mean.

        The losses so far saw directions only; the published one is a mean squared error to the
        teacher's vectors, whose length is 1.
        """
        length = self.alignment(self.compress(ids, lengths)).mean(dim=1).norm(dim=-1).mean()
        self.alignment.weight /= length
        self.alignment.bias /= length

    def forward(self, batch: Conversations, wanted: torch.Tensor) -> tuple[torch.Tensor, Attention]:
        """Scores of the token after each position in `wanted`, and where heads looked.

        Only some positions are trained on, and the vocabulary is wider than the model: most of
        the work of a step would be scores that nobody reads.

        Returns:
            `[wanted.sum(), vocabulary]`, and each layer's attention
            `[batch, heads, longest, longest]`.
        """
        outputs = self.lm.model(
            input_ids=batch.ids,
            attention_mask=batch.mask,
            position_ids=batch.positions,
            output_attentions=True,
            use_cache=False,
        )
        return self.lm.lm_head(outputs.last_hidden_state[wanted]), outputs.attentions
