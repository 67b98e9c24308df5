"""Linear maps from the spread of states and of embeddings, before and after a training."""

import torch

from embedder.published import Head

_FLOOR = 1e-3
"""Of the mean variance, added to each: directions of next to no spread are noise."""


def widened(head: Head, states: torch.Tensor, count: int) -> Head:
    """`head` beside the first `count` whitened principal components of `states`.

    A head that imitates a teacher knows what the teacher tells apart; the states' own directions
    tell apart more, names above all. Both halves weigh the same.

    Args:
        head: From a state to an embedding.
        states: `[texts, width]`.
        count: At most the width.
    """
    if not count:
        return head
    centre = states.mean(dim=0)
    centred = states - centre
    spread, directions = torch.linalg.eigh((centred.T @ centred / len(states)).double())
    spread, directions = spread.flip(0)[:count], directions.flip(1)[:, :count]
    own = (directions * (spread + _FLOOR * spread.mean()).rsqrt()).T.float()
    own *= head(states).norm(dim=1).mean() / (centred @ own.T).norm(dim=1).mean()
    return Head(torch.cat([head.weight, own]), torch.cat([head.bias, -(own @ centre)]))


def narrowed(head: Head, states: torch.Tensor, dimension: int) -> Head:
    """`head` turned so that most of a cosine is in `dimension` numbers; the others are dropped.

    Args:
        head: From a state to an embedding.
        states: `[texts, width]`, whose embeddings say which directions matter.
        dimension: 0, or the head's or more, leaves it as it is.
    """
    if not 0 < dimension < len(head.bias):
        return head
    vectors = torch.nn.functional.normalize(head(states), dim=1)
    _, directions = torch.linalg.eigh((vectors.T @ vectors).double())
    kept = directions.flip(1)[:, :dimension].T.float()
    return Head(kept @ head.weight, kept @ head.bias)
