"""The LLM2Vec-Gen stage: the base is frozen, special rows and both heads go on training.

Two losses, as published: alignment (the mean state after the heads nears the teacher's vector) and
reconstruction (the base, given the soft prompts, writes the passage that belongs to the query).
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, normalize
from tqdm import tqdm
from transformers import PreTrainedTokenizerFast

from embedder import instructions
from embedder.demo_model.pairs import Pair
from embedder.demo_model.pretrain import IGNORED, LONGEST, JointModel, embedding_loss

RESPONSE_TOKENS = 48
"""Tokens of a passage that the soft prompts learn to bring back."""


@dataclass(frozen=True, slots=True)
class HeadSchedule:
    """Length and pace of the stage."""

    steps: int = 400
    learning_rate: float = 1e-3
    pairs: int = 48


def train_heads(
    model: JointModel,
    tokenizer: PreTrainedTokenizerFast,
    pairs: Sequence[Pair],
    vectors: NDArray[np.float16],
    schedule: HeadSchedule,
    log: Path,
) -> None:
    """Train `model`'s rows and heads in place; `vectors[2 * i]`, `[2 * i + 1]` are of pair `i`."""
    model.lm.requires_grad_(False)
    trained = [model.rows, *model.reconstruction.parameters(), *model.alignment.parameters()]
    optimizer = torch.optim.AdamW(trained, lr=schedule.learning_rate, weight_decay=0.0)
    pace = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, schedule.steps)
    for step in (bar := tqdm(range(schedule.steps), desc="heads")):
        start = random.Random(step).randrange(len(pairs) - schedule.pairs)
        chosen = list(range(start, start + schedule.pairs))
        losses = _backward(model, tokenizer, [pairs[i] for i in chosen], _teacher(vectors, chosen))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        pace.step()
        bar.set_postfix(losses)
        with log.open("a") as lines:
            lines.write(json.dumps({"step": step, **losses}) + "\n")


def _teacher(vectors: NDArray[np.float16], chosen: list[int]) -> torch.Tensor:
    places = [*(2 * i for i in chosen), *(2 * i + 1 for i in chosen)]
    return torch.from_numpy(vectors[places].astype(np.float32))


def _backward(
    model: JointModel,
    tokenizer: PreTrainedTokenizerFast,
    pairs: list[Pair],
    teacher: torch.Tensor,
) -> dict[str, float]:
    texts = [instructions.QUERY + p.query for p in pairs]
    texts += [instructions.DOCUMENT + p.passage for p in pairs]
    batch = tokenizer(texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
    with torch.autocast("cpu", torch.bfloat16):
        soft = model.compress(batch["input_ids"], batch["attention_mask"])
        aligned = normalize(model.alignment(soft).mean(dim=1).float(), dim=-1)
        few = slice(
            None, None, 4
        )  # a quarter of the batch is enough to keep the soft prompts legible
        reconstruction = _reconstruction_loss(
            model, tokenizer, soft[few], [p.passage for p in [*pairs, *pairs][few]]
        )
    alignment, cosine = embedding_loss(aligned, teacher)
    (alignment + 0.2 * reconstruction).backward()
    return {"align": alignment.item(), "reconstruct": reconstruction.item(), "cosine": cosine}


def _reconstruction_loss(
    model: JointModel, tokenizer: PreTrainedTokenizerFast, soft: torch.Tensor, passages: list[str]
) -> torch.Tensor:
    target = tokenizer(
        passages,
        padding=True,
        padding_side="right",
        truncation=True,
        max_length=RESPONSE_TOKENS,
        return_tensors="pt",
    )
    ids, mask = target["input_ids"], target["attention_mask"]
    text = model.lm.get_input_embeddings()(ids)
    logits = model.lm(
        inputs_embeds=torch.cat([soft.to(text.dtype), text], dim=1), use_cache=False
    ).logits[:, soft.shape[1] - 1 : -1]
    labels = ids.masked_fill(mask == 0, IGNORED)
    return cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED)
