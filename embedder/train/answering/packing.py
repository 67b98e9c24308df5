"""An example as one sequence: its passages once, then each question with its reply on a branch.

Branches see the passages and themselves, not each other, and their positions go on from where the
passages end: each is computed exactly as the conversation that it is would be alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch.nn.utils.rnn import pad_sequence

from embedder.chat import grounded_messages
from embedder.tokenizing import Prompter
from embedder.train.answering.example import Example


@dataclass(frozen=True, slots=True)
class Packed:
    """Tensors of one example, without a batch dimension.

    Attributes:
        ids: Token ids, `[length]`.
        positions: Place of each token in its own conversation, `[length]`.
        branch: 0 for the passages, else the number of the branch, `[length]`.
        scored: Places whose next token is part of a reply, `[scored]`.
        targets: Those next tokens, `[scored]`.
        weights: What each counts, `[scored]`; they sum to the number of replies.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    branch: torch.Tensor
    scored: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor


@dataclass(frozen=True, slots=True)
class Stack:
    """Several examples, computed together: what is shorter than the longest is padded behind.

    Attributes:
        ids: `[examples, longest]`.
        positions: `[examples, longest]`.
        branch: `[examples, longest]`, -1 for padding.
        scored: Places of all replies' tokens in `ids.flatten()`, `[scored]`.
        targets: `[scored]`.
        weights: `[scored]`; those of an example sum to one.
        shares: What each counts in the share that is foreseen rightly; sum to one likewise.
        tokens: Without padding.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    branch: torch.Tensor
    scored: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    shares: torch.Tensor
    tokens: int

    @classmethod
    def of(cls, packed: Sequence[Packed]) -> Self:
        """Stack one or more examples."""
        longest = max(len(p.ids) for p in packed)

        def padded(rows: list[torch.Tensor], value: int) -> torch.Tensor:
            return pad_sequence(rows, batch_first=True, padding_value=value)

        return cls(
            padded([p.ids for p in packed], 0),
            padded([p.positions for p in packed], 0),
            padded([p.branch for p in packed], -1),
            torch.cat([p.scored + place * longest for place, p in enumerate(packed)]),
            torch.cat([p.targets for p in packed]),
            torch.cat([p.weights / p.weights.sum() for p in packed]),
            torch.cat([torch.full((len(p.scored),), 1 / len(p.scored)) for p in packed]),
            sum(len(p.ids) for p in packed),
        )


def branch_mask(branch: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """What each place may see, added to the attention scores: `[examples, 1, length, length]`.

    Args:
        branch: Of each place, `[examples, length]`.
        dtype: Of the scores.
    """
    length = branch.shape[1]
    same = (branch[:, :, None] == branch[:, None]) | (branch[:, None] == 0)
    seen = same & torch.ones(length, length, dtype=torch.bool, device=branch.device).tril()
    mask = torch.zeros(seen.shape, dtype=dtype, device=branch.device)
    return mask.masked_fill(~seen, torch.finfo(dtype).min)[:, None]


def pack(example: Example, prompter: Prompter, end: int, longest: int) -> Packed | None:
    """Pack as many of the questions as fit into `longest` tokens; None if none does.

    Args:
        example: Passages and questions.
        prompter: Renders conversations for the base.
        end: The token that ends a reply.
        longest: Tokens of the sequence.
    """
    prompts = [
        prompter.prompt_ids(grounded_messages(asked.question, example.passages))
        for asked in example.asked
    ]
    shared = _common(prompts)
    ids = list(prompts[0][:shared])
    positions = list(range(shared))
    branch = [0] * shared
    scored: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    for number, (prompt, asked) in enumerate(zip(prompts, example.asked, strict=True), start=1):
        reply = [*prompter.text_ids(asked.reply, specials=False), end]
        own = [*prompt[shared:], *reply]
        if len(ids) + len(own) > longest:
            continue
        last = len(ids) + len(own) - 1  # the token that ends the reply predicts nothing
        scored += range(last - len(reply), last)
        targets += reply
        # A sentence of thirty tokens is not thirty times the lesson of a name.
        weights += [len(reply) ** -0.5] * len(reply)
        ids += own
        positions += range(shared, shared + len(own))
        branch += [number] * len(own)
    if not scored:
        return None
    return Packed(
        torch.tensor(ids),
        torch.tensor(positions),
        torch.tensor(branch),
        torch.tensor(scored),
        torch.tensor(targets),
        torch.tensor(weights),
    )


def _common(rows: Sequence[Sequence[int]]) -> int:
    """How many tokens all rows begin with; one row alone keeps its last for itself."""
    shortest = min(len(row) for row in rows)
    if len(rows) == 1:
        return shortest - 1
    first, *others = rows
    for place in range(shortest):
        if any(row[place] != first[place] for row in others):
            return place
    return shortest - 1
