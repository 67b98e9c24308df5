"""The losses beside the alignment's mean squared error, as LLM2Vec-Gen defines them."""

from typing import Any, cast

import torch
from torch import distributed, nn
from torch.nn.functional import cross_entropy, normalize, relu
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

CHUNK = 1024
"""Places whose logits are held at once: at a vocabulary of 152k that is 0.6 GB in float32."""


def next_token_loss(
    lm: PreTrainedModel, soft: torch.Tensor, ids: torch.Tensor, lengths: torch.Tensor
) -> torch.Tensor:
    """Mean cross entropy of every answer token, given the soft prompts and those before it.

    The logits are computed for the answers' places only and not kept for the backward pass.

    Args:
        lm: The frozen language model.
        soft: Soft prompts, `[batch, states, hidden]`.
        ids: The answers, padded on the right, `[batch, longest]`.
        lengths: Tokens of each answer, `[batch]`.
    """
    text = lm.get_input_embeddings()(ids)
    inputs = torch.cat([soft.to(text.dtype), text], dim=1)
    hidden = lm.base_model(inputs_embeds=inputs, use_cache=False).last_hidden_state
    counts = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
    before = hidden[:, soft.shape[1] - 1 : -1][counts]
    targets = ids[counts]
    total = soft.new_zeros(())
    for states, wanted in zip(before.split(CHUNK), targets.split(CHUNK), strict=True):
        total = total + checkpoint(_sum_of_losses, lm, states, wanted, use_reentrant=False)
    return total / len(targets)


def _sum_of_losses(
    lm: PreTrainedModel, states: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    logits = cast("nn.Module", lm.get_output_embeddings())(states).float()
    cap = getattr(lm.config.get_text_config(), "final_logit_softcapping", None)  # Gemma 2 and 3
    if cap is not None:
        logits = torch.tanh(logits / cap) * cap
    return cross_entropy(logits, targets, reduction="sum")


def contrastive_loss(
    questions: torch.Tensor, answers: torch.Tensor, negatives: torch.Tensor | None, scale: float
) -> torch.Tensor:
    """InfoNCE over cosines: each question's answer among all answers and negatives.

    Args:
        questions: `[batch, dimension]`.
        answers: `[batch, dimension]`, of the same pairs.
        negatives: `[batch, dimension]`, or None.
        scale: Factor on the cosines; 20 as published.
    """
    candidates = gather(answers)
    if negatives is not None:
        candidates = torch.cat([candidates, gather(negatives)])
    logits = normalize(questions, dim=-1) @ normalize(candidates, dim=-1).T * scale
    own = torch.arange(len(questions), device=questions.device) + _offset(len(questions))
    return cross_entropy(logits, own)


def margin_loss(questions: torch.Tensor, negatives: torch.Tensor, distance: float) -> torch.Tensor:
    """How much of `distance` squared each question misses to every other and to the negatives.

    Args:
        questions: `[batch, dimension]`.
        negatives: `[batch, dimension]`.
        distance: Euclidean; 10 in the published supervised runs.
    """
    candidates = torch.cat([gather(questions), gather(negatives)])
    squared = (
        questions.square().sum(dim=1, keepdim=True)
        + candidates.square().sum(dim=1)
        - 2 * questions @ candidates.T
    ).clamp(min=0)
    own = torch.arange(len(questions), device=questions.device)
    others = torch.ones_like(squared, dtype=torch.bool)
    others[own, own + _offset(len(questions))] = False
    return relu(distance**2 - squared[others]).mean()


def gather(vectors: torch.Tensor) -> torch.Tensor:
    """The `vectors` of all processes, with their gradients, in the order of the ranks."""
    return cast("torch.Tensor", _Gather.apply(vectors)) if _distributed() else vectors


class _Gather(torch.autograd.Function):
    """`all_gather` whose gradient is what all processes' losses together say of our own part.

    torch has one too, which 2.13 deprecates for a private one that older releases lack.
    """

    @staticmethod
    def forward(ctx: Any, vectors: torch.Tensor) -> torch.Tensor:  # noqa: ANN401
        ctx.count = len(vectors)
        parts = [torch.empty_like(vectors) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, vectors.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:  # noqa: ANN401
        total = gradients[0].clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total[_offset(ctx.count) :][: ctx.count]


def _offset(batch: int) -> int:
    return distributed.get_rank() * batch if _distributed() else 0


def _distributed() -> bool:
    return distributed.is_available() and distributed.is_initialized()
