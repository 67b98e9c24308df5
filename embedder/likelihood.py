"""How likely the language model finds what is already written."""

from collections.abc import Sequence

import torch
from transformers import DynamicCache, PreTrainedModel

from embedder.generation import Prompt, embed


def probability(lm: PreTrainedModel, prompt: Prompt, reply: Sequence[int]) -> float:
    """How likely `lm` replies to `prompt` with exactly these token ids, one or more."""
    ids = torch.tensor([reply[:-1]], device=prompt.vectors.device, dtype=torch.long)
    cache = DynamicCache(config=lm.config) if prompt.cache is None else prompt.cache
    with torch.inference_mode():
        vectors = torch.cat([prompt.vectors, embed(lm, ids)], dim=1)
        logits = lm(
            inputs_embeds=vectors,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=len(reply),
        ).logits[0]
        found = logits.float().log_softmax(dim=-1)[range(len(reply)), list(reply)]
    prompt.read(cache)
    return float(found.sum().exp())


def log_likelihoods(
    lm: PreTrainedModel, befores: Sequence[Sequence[int]], ids: Sequence[int]
) -> list[float]:
    """Mean log-probability of `ids` after each of `befores`, in nats a token.

    Args:
        lm: A causal language model.
        befores: Token ids, each of one at least.
        ids: One at least.
    """
    longest = max(map(len, befores))
    # Padded on the left, so that all end alike; the mask and the positions leave the padding out.
    rows = [[ids[0]] * (longest - len(before)) + [*before, *ids] for before in befores]
    mask = torch.ones(len(rows), len(rows[0]), dtype=torch.long, device=lm.device)
    for row, before in zip(mask, befores, strict=True):
        row[: longest - len(before)] = 0
    with torch.inference_mode():
        logits = lm(
            input_ids=torch.tensor(rows, device=lm.device),
            attention_mask=mask,
            position_ids=(mask.cumsum(dim=1) - 1).clamp(min=0),
            use_cache=False,
            logits_to_keep=len(ids) + 1,
        ).logits[:, :-1]
        wanted = torch.tensor(ids, device=lm.device).expand(len(rows), -1)[..., None]
        found = logits.float().log_softmax(dim=-1).gather(2, wanted)[..., 0]
    return found.mean(dim=1).tolist()
