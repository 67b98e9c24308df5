"""Attention heads that are written by hand, for a start: copying, and what to copy.

Answering from passages is copying, and a language model copies by two attention heads in a row
(Olsson et al. 2022, In-context Learning and Induction Heads): the first tells each position which
token stood before it, the second looks for positions before which the current token stood. Small
models find this by themselves only after millions of tokens. As the table's rows have a part that
is random and a dimension that is constant, both heads can be written down.

What to copy is fetched by two heads in a row, too: the first brings a token's identity to later
positions (the first token of a sentence to the rest of it), the second reads it there. The second
looks for tokens that mean what the question means, of which a third head makes a summary. What
these heads carry and compare is written; where the first and the third look is learned, see
`guidance`.
"""

from dataclasses import dataclass

import torch
from transformers.models.qwen3.modeling_qwen3 import Qwen3Attention

SHARP = 6
"""Rotary pairs, from the fastest, by which the head finds the position before."""
SLOW = 16
"""Rotary pairs from here on hardly turn within a prompt: the induction head compares by them."""
CARRIED, READ, SUMMED = 1.5, 1.0, 4.0
"""Gains of what heads write: of carried identities, of those that are read, of summaries."""


@dataclass(frozen=True, slots=True)
class CircuitWriter:
    """Writes heads into attentions.

    Attributes:
        identity: Width of the rows' identity part, which is their last; at most the width of a
            head. Its last dimension is constant.
        theta: Base of the rotary frequencies.
        lanes: `[3, meaning, identity]`: orthogonal ways to write identities into the meaning part,
            so that what was carried is not taken for the token's own.
        topics: `[topics, meaning]`: directions in which the meanings of tokens differ most.
    """

    identity: int
    theta: float
    lanes: torch.Tensor
    topics: torch.Tensor

    @torch.no_grad()
    def previous(self, attention: Qwen3Attention, head: int, lane: int) -> None:
        """Carry the token before."""
        self._find_previous(attention, _span(attention, head))
        self.carry(attention, head, lane)

    @torch.no_grad()
    def induction(self, attention: Qwen3Attention, head: int, lane: int) -> None:
        """Look for positions that carry the current token in `lane`; write their own identity."""
        span, dims = _span(attention, head), slow_dimensions(attention.head_dim)
        compare = torch.nn.init.orthogonal_(torch.empty(len(dims), self.identity))
        compare[:, -1] = 0  # the constant dimension
        for projection in (attention.q_proj, attention.k_proj):
            projection.weight[span] = 0
        meaning = self.lanes.shape[1]
        attention.q_proj.weight[span.start + dims, meaning:] = compare
        attention.k_proj.weight[span.start + dims, :meaning] = compare @ self.lanes[lane].T
        attention.q_norm.weight[dims] = 2.5
        attention.k_norm.weight[dims] = 2.5
        self._value(attention, head, torch.eye(self.identity), own=True)
        attention.o_proj.weight[meaning:, span][:, : self.identity] = 2 * torch.eye(self.identity)

    @torch.no_grad()
    def carry(self, attention: Qwen3Attention, head: int, lane: int) -> None:
        """Write the identity of the tokens looked at into a lane."""
        self._value(attention, head, torch.eye(self.identity), own=True)
        meaning, span = self.lanes.shape[1], _span(attention, head)
        attention.o_proj.weight[:meaning, span][:, : self.identity] = CARRIED * self.lanes[lane]

    @torch.no_grad()
    def read(self, attention: Qwen3Attention, head: int, lane: int) -> None:
        """Write, as the identity of the token to come, what the tokens looked at carry."""
        self._value(attention, head, self.lanes[lane].T, own=False)
        meaning, span = self.lanes.shape[1], _span(attention, head)
        written = READ * torch.eye(self.identity)
        attention.o_proj.weight[meaning:, span][:, : self.identity] = written

    @torch.no_grad()
    def summary(self, attention: Qwen3Attention, head: int) -> None:
        """Add the mean meaning of the tokens looked at, by topics."""
        count, meaning = self.topics.shape
        self._value(attention, head, self.topics, own=False)
        span = _span(attention, head)
        attention.o_proj.weight[:meaning, span] = 0
        attention.o_proj.weight[:meaning, span][:, :count] = SUMMED * self.topics.T

    @torch.no_grad()
    def match(self, attention: Qwen3Attention, head: int) -> None:
        """Look for tokens of like meaning, by topics."""
        span, dims = _span(attention, head), slow_dimensions(attention.head_dim)
        meaning = self.topics.shape[1]
        for projection in (attention.q_proj, attention.k_proj):
            projection.weight[span] = 0
            projection.weight[span.start + dims, :meaning] = self.topics

    def _value(
        self, attention: Qwen3Attention, head: int, matrix: torch.Tensor, *, own: bool
    ) -> None:
        """The head's value: `matrix` of the identity part (`own`) or of the meaning part."""
        meaning, span = self.lanes.shape[1], _span(attention, head)
        value = attention.v_proj.weight[span]
        value[:] = 0
        value[: len(matrix), slice(meaning, None) if own else slice(meaning)] = matrix

    def _find_previous(self, attention: Qwen3Attention, span: slice) -> None:
        """Attend one position back: constant query and key, turned against each other by one."""
        size = attention.head_dim
        pairs = torch.arange(SHARP * size // 64)
        angle = self.theta ** (-2 * pairs / size)
        for projection in (attention.q_proj, attention.k_proj):
            projection.weight[span] = 0
        attention.q_proj.weight[span.start + pairs, -1] = 1
        attention.k_proj.weight[span.start + pairs, -1] = torch.cos(angle)
        attention.k_proj.weight[span.start + pairs + size // 2, -1] = torch.sin(angle)
        for norm in (attention.q_norm, attention.k_norm):
            norm.weight[torch.cat([pairs, pairs + size // 2])] = 2.2


def slow_dimensions(size: int) -> torch.Tensor:
    """Dimensions of a head that hardly turn within a prompt, so that distance does not matter."""
    pairs = torch.arange(SLOW * size // 64, size // 2)
    return torch.cat([pairs, pairs + size // 2])


def _span(attention: Qwen3Attention, head: int) -> slice:
    """Rows of the projections that belong to a head."""
    return slice(head * attention.head_dim, (head + 1) * attention.head_dim)
