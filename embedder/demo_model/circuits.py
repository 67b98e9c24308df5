"""Attention heads that are written by hand, for a start: copying, and what to copy.

Answering from passages is copying, and a language model copies by two attention heads in a row
(Olsson et al. 2022, In-context Learning and Induction Heads): the first tells each position which
token stood before it, the second looks for positions before which the current token stood. Small
models find this by themselves only after millions of tokens. As the table's rows have a part that
is random and a dimension that is constant, both heads can be written down. Three of the first
kind, and one after them that carries what they carried three tokens before, make the second
compare six tokens, so that what occurs often (“of the”, “19”) does not lead astray.

What to copy is found as an encoder finds it: a head sums up what was said last, at each token of
a passage the sentence so far and at the end of the prompt the question, and a later head looks
where the two are alike. What it fetches there another head has brought: the sentence's first token
and its passage's number. So the base chooses as well as its token averages retrieve before it has
learned anything, and on questions of a kind that it was never trained on.

Each head writes into a lane, directions of its own of the hidden state. What these heads carry and
compare is written; where those look that bring first token and number is learned, see `guidance`.
"""

from dataclasses import dataclass

import torch
from transformers.models.qwen3.modeling_qwen3 import Qwen3Attention

SHARP = slice(0, 4)
"""Rotary pairs, from the fastest, by which a head finds the position before. How many tokens a pair
needs for a turn holds for `joint.ROPE_THETA`, here 6 to 84."""
NEAR = slice(4, 7)
"""Rotary pairs by which a head looks at the last twenty tokens or so: 200 to 1,100 for a turn."""
SLOW = 8
"""Rotary pairs from here on hardly turn within a prompt: heads compare by them."""

COPIED, CARRIED, READ, SUMMED = 20.0, 3.0, 12.0, 1.0
"""Gains of what heads write: of identities that are copied, carried, read, and of summaries."""
FAR = 1.0
"""Gain of what was carried from further back. As states have grown by then, it weighs two fifths of
what is carried from the last tokens; with more, the beginning of a reply is copied less surely."""


@dataclass(frozen=True, slots=True)
class CircuitWriter:
    """Writes heads into attentions.

    What a head reads of a hidden state is a matrix `[width, hidden]`, what it writes one of
    `[hidden, width]`. A state's last dimension is constant.

    Attributes:
        theta: Base of the rotary frequencies.
        identity: `[width, hidden]`, reads which token it is.
        turn: `[width, width]`, orthogonal: tells the identity of the token before from the token's
            own where both are in one place.
        topics: `[width, hidden]`, reads what it means.
        lanes: `[lanes, hidden, width]`, orthogonal. The last one is for summaries.
    """

    theta: float
    identity: torch.Tensor
    turn: torch.Tensor
    topics: torch.Tensor
    lanes: torch.Tensor

    @torch.no_grad()
    def previous(self, attention: Qwen3Attention, head: int, lane: int, back: int) -> None:
        """Carry the token that is `back` tokens before, turned as often as it is not the last."""
        self._look_back(attention, head, back)
        self.carry(attention, head, lane, turns=back - 1)

    @torch.no_grad()
    def further(self, attention: Qwen3Attention, head: int, lane: int, back: int) -> None:
        """Carry also what the token that is `back` tokens before carries."""
        self._look_back(attention, head, back)
        carried = self._turned(back) @ self.lanes[lane].T
        _move(attention, head, carried, FAR * self.lanes[lane])

    @torch.no_grad()
    def induction(self, attention: Qwen3Attention, head: int, lane: int) -> None:
        """Look for positions that carry the current token and those before; write their own."""
        last_tokens = self.identity + self.turn @ self.lanes[lane].T / CARRIED
        _compare(attention, head, last_tokens, self.lanes[lane].T)
        _move(attention, head, self.identity, COPIED * self.identity.T)

    @torch.no_grad()
    def carry(self, attention: Qwen3Attention, head: int, lane: int, turns: int = 0) -> None:
        """Write the identity of the tokens looked at into a lane."""
        _move(attention, head, self._turned(turns) @ self.identity, CARRIED * self.lanes[lane])

    @torch.no_grad()
    def read(self, attention: Qwen3Attention, head: int, lane: int, turns: int = 0) -> None:
        """Write, as the identity of the token to come, what the tokens looked at carry."""
        carried = self._turned(turns).T @ self.lanes[lane].T
        _move(attention, head, carried, READ * self.identity.T)

    @torch.no_grad()
    def summary(self, attention: Qwen3Attention, head: int) -> None:
        """Sum up the last tokens."""
        self._find(attention, head, NEAR, back=0)
        _move(attention, head, self.topics, SUMMED * self.lanes[-1])

    @torch.no_grad()
    def match(self, attention: Qwen3Attention, head: int) -> None:
        """Look for tokens with a like summary."""
        _compare(attention, head, self.lanes[-1].T, self.lanes[-1].T)

    def _turned(self, turns: int) -> torch.Tensor:
        return torch.linalg.matrix_power(self.turn, turns)

    def _look_back(self, attention: Qwen3Attention, head: int, back: int) -> None:
        """Attend to the one token that is `back` tokens before."""
        self._find(attention, head, SHARP, back)
        _gain(attention, _rotary(attention.head_dim, SHARP), 2.2)

    def _find(self, attention: Qwen3Attention, head: int, which: slice, back: int) -> None:
        """Attend `back` positions back: constant query and key, turned against each other."""
        size, span = attention.head_dim, _span(attention, head)
        pairs = _scaled(which, size)
        angle = back * self.theta ** (-2 * pairs / size)
        for projection in (attention.q_proj, attention.k_proj):
            projection.weight[span] = 0
        attention.q_proj.weight[span.start + pairs, -1] = 1
        attention.k_proj.weight[span.start + pairs, -1] = torch.cos(angle)
        attention.k_proj.weight[span.start + pairs + size // 2, -1] = torch.sin(angle)


def slow_dimensions(size: int) -> torch.Tensor:
    """Dimensions of a head that hardly turn within a prompt, so that distance does not matter."""
    return _rotary(size, slice(SLOW, 32))


def _compare(attention: Qwen3Attention, head: int, query: torch.Tensor, key: torch.Tensor) -> None:
    """Attend where `key` reads there what `query` reads here."""
    span, dims = _span(attention, head), slow_dimensions(attention.head_dim)
    for projection, reads in ((attention.q_proj, query), (attention.k_proj, key)):
        projection.weight[span] = 0
        projection.weight[span.start + dims[: len(reads)]] = reads


def _move(attention: Qwen3Attention, head: int, reads: torch.Tensor, writes: torch.Tensor) -> None:
    """Write here what `reads` reads where the head attends."""
    span = _span(attention, head)
    attention.v_proj.weight[span] = 0
    attention.v_proj.weight[span][: len(reads)] = reads
    attention.o_proj.weight[:, span] = 0
    attention.o_proj.weight[:, span][:, : len(reads)] = writes


def _gain(attention: Qwen3Attention, dims: torch.Tensor, gain: float) -> None:
    """Of queries and keys: how sharply the layer's heads attend by these dimensions."""
    for norm in (attention.q_norm, attention.k_norm):
        norm.weight[dims] = gain


def _rotary(size: int, which: slice) -> torch.Tensor:
    pairs = _scaled(which, size)
    return torch.cat([pairs, pairs + size // 2])


def _scaled(which: slice, size: int) -> torch.Tensor:
    """Numbers of rotary pairs, given for a head of 64 dimensions, in one of `size`."""
    return torch.arange(which.start * size // 64, which.stop * size // 64)


def _span(attention: Qwen3Attention, head: int) -> slice:
    """Rows of the projections that belong to a head."""
    return slice(head * attention.head_dim, (head + 1) * attention.head_dim)
