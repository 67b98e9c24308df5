"""Pretraining of the base: answering from passages, and embedding.

A base that learned to answer only does not embed: the best linear map from its states to MiniLM's
vectors retrieved at a third of MiniLM's nDCG. So the embedding task is in the mix from the start.
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm
from transformers import PreTrainedTokenizerFast

from embedder.demo_model.batches import PairBatches
from embedder.demo_model.conversations import ConversationBatches, Conversations
from embedder.demo_model.examples import ExampleMaker
from embedder.demo_model.guidance import GUIDED, SILENT, guidance_loss
from embedder.demo_model.joint import JointModel
from embedder.demo_model.losses import embedding_loss
from embedder.demo_model.pairs import Pair
from embedder.train.curve import Curve


@dataclass(frozen=True, slots=True)
class Schedule:
    """Length and pace of the training.

    Attributes:
        steps: Optimizer steps; each holds a batch of conversations.
        feedforward_rate: Peak for the feed-forward layers: linear warm-up, then cosine decay.
        attention_rate: Peak for attention, whose heads are partly written by hand: eight times as
            fast, training first forgot them.
        table_rate: Peak for the token table, which begins trained.
        slow_rate: Peak for what embeds, first layer, special rows, mix and heads, which begin
            trained. With first layer and alignment ten times as fast and the table three times,
            nDCG@10 in long sections of textbooks ended at 0.53 instead of 0.58.
        other_rate: Peak for gains.
        easy_steps: The first so many steps have easy conversations only.
        tokens: Padded tokens of the conversations in a step, and of the pairs.
        pairs_every: Every so many steps there is a batch of pairs, too.
        prompt_share: Share of the prompt's tokens that are trained on.
        prompt_weight: Weight of their loss, next to 1 for the reply's.
        guidance_weight: Weight of where guided heads look.
    """

    steps: int = 4200
    feedforward_rate: float = 4e-3
    attention_rate: float = 5e-4
    table_rate: float = 1e-4
    slow_rate: float = 2e-5
    other_rate: float = 1e-3
    warmup: int = 100
    easy_steps: int = 100
    tokens: int = 4096
    pairs_every: int = 10
    prompt_share: float = 0.05
    prompt_weight: float = 0.5
    guidance_weight: float = 0.3
    save_seconds: float = 240.0


@dataclass
class Pretraining:
    """A run that can be stopped at any time and goes on from its last save."""

    model: JointModel
    tokenizer: PreTrainedTokenizerFast
    examples: ExampleMaker
    pairs: Sequence[Pair]
    vectors: NDArray[np.float16]
    folder: Path
    schedule: Schedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        plan = self.schedule
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._conversations = ConversationBatches(
            self.tokenizer, self.examples, plan.tokens, plan.prompt_share
        )
        self._pair_batches = PairBatches(self.tokenizer, self.pairs, plan.tokens)

    def run(self) -> None:
        """Train to the last step of the schedule; writes `pretrain.pt`, `.jsonl` and `.svg`."""
        self.model.to(self._device).train()
        optimizers = self._optimizers()
        first = self._resume(optimizers)
        curve = Curve(self.folder / "pretrain.jsonl")
        curve.keep(first)
        batches = self._from_step(first)
        saved = began = time.monotonic()
        bar = tqdm(range(first, self.schedule.steps), initial=first, total=self.schedule.steps)
        for step in bar:
            for group in (group for o in optimizers for group in o.param_groups):
                group["lr"] = group["peak"] * _pace(step, self.schedule)
            losses = self._reply_step(next(batches))
            if step % self.schedule.pairs_every == 0:
                losses |= self._pair_step(step)
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            bar.set_postfix(losses)
            now = time.monotonic()
            curve.add({"step": step + 1, **losses, "seconds": round(now - began, 3)})
            began = now
            if now - saved > self.schedule.save_seconds:
                self._save(optimizers, step + 1)
                saved = now
        self._save(optimizers, self.schedule.steps)
        curve.draw(self.folder / "pretrain.svg")

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        """Muon for the matrices of layers, which learn faster by it; AdamW for the rest.

        What embeds begins trained, see `averages`, and changes slowly.
        """
        plan, base = self.schedule, self.model.lm.model
        layers: Any = base.layers[1:]
        attention = [p for layer in layers for p in layer.self_attn.parameters() if p.ndim == 2]
        feedforward = [p for layer in layers for p in layer.mlp.parameters()]
        table = [base.embed_tokens.weight]
        slow = [
            *base.layers[0].parameters(),
            self.model.mix,
            self.model.rows,
            *self.model.reconstruction.parameters(),
            *self.model.alignment.parameters(),
        ]
        known = {id(p) for p in (*attention, *feedforward, *table, *slow)}
        others = [p for p in self.model.parameters() if id(p) not in known]
        return [
            torch.optim.Muon(
                [
                    {"params": feedforward, "peak": plan.feedforward_rate},
                    {"params": attention, "peak": plan.attention_rate},
                ],
                weight_decay=0.01,
                adjust_lr_fn="match_rms_adamw",
            ),
            torch.optim.AdamW(
                [
                    {"params": table, "peak": plan.table_rate},
                    {"params": slow, "peak": plan.slow_rate},
                    {"params": others, "peak": plan.other_rate},
                ],
                betas=(0.9, 0.95),
                weight_decay=0.0,
            ),
        ]

    def _reply_step(self, batch: Conversations) -> dict[str, float]:
        batch = batch.to(self._device)
        weights, prompt = batch.reply[:, 1:], batch.prompt[:, 1:]
        wanted = (weights > 0) | prompt
        with torch.autocast(self._device.type, torch.bfloat16):
            logits, attention = self.model(batch, nn.functional.pad(wanted, (0, 1)))
        each = cross_entropy(logits.float(), batch.ids[:, 1:][wanted], reduction="none")
        weight, aside = weights[wanted], prompt[wanted]
        reply = (each * weight).sum() / weight.sum()
        guided = {
            name: guidance_loss(attention[layer][:, head], batch.looks[name])
            for name, (layer, head) in (GUIDED | SILENT).items()
            if name in batch.looks and layer < len(attention)
        }
        loss = reply + self.schedule.prompt_weight * each[aside].sum() / aside.sum().clamp(min=1)
        (loss + self.schedule.guidance_weight * sum(guided.values())).backward()
        losses = {"reply": reply, **guided}
        return {name: round(value.item(), 4) for name, value in losses.items()}

    def _pair_step(self, step: int) -> dict[str, float]:
        chosen = self._pair_batches.choose(step)
        students: list[torch.Tensor] = []
        for ids, lengths in self._pair_batches.texts(chosen):
            with torch.autocast(self._device.type, torch.bfloat16):
                students.append(self.model.embed(ids.to(self._device), lengths.to(self._device)))
        vectors = self.vectors[2 * chosen.start : 2 * chosen.stop].astype(np.float32)
        teacher = torch.from_numpy(np.concatenate([vectors[::2], vectors[1::2]]))
        loss, cosine = embedding_loss(torch.cat(students), teacher.to(self._device))
        loss.backward()
        return {"embed": round(loss.item(), 4), "cosine": round(cosine, 4)}

    def _from_step(self, first: int) -> Iterator[Conversations]:
        """The batches from step `first` on."""
        seen, seed = 0, 0
        while True:
            batches = self._conversations.round(seed, easy=seen < self.schedule.easy_steps)
            yield from batches[max(0, first - seen) :]
            seen += len(batches)
            seed += 1

    def _resume(self, optimizers: list[torch.optim.Optimizer]) -> int:
        file = self.folder / "pretrain.pt"
        if not file.exists():
            return 0
        state = torch.load(file, weights_only=True, map_location=self._device)
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        return state["step"]

    def _save(self, optimizers: list[torch.optim.Optimizer], step: int) -> None:
        state = {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in optimizers],
            "step": step,
        }
        partial = self.folder / "pretrain.pt.part"
        torch.save(state, partial)
        partial.replace(self.folder / "pretrain.pt")


def _pace(step: int, schedule: Schedule) -> float:
    if step < schedule.warmup:
        return (step + 1) / schedule.warmup
    done = (step - schedule.warmup) / max(1, schedule.steps - schedule.warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))
