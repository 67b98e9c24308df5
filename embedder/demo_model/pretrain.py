"""Pretraining of the base: answering from passages and embedding, in every step both.

A base that learned to answer only does not embed: the best linear map from its states to MiniLM's
vectors retrieved at a third of MiniLM's nDCG. So the embedding task is in the mix from the start.
"""

import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy, normalize
from tqdm import tqdm
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from embedder import instructions
from embedder.chat import grounded_messages
from embedder.demo_model.examples import Example, ExampleMaker
from embedder.demo_model.pairs import Pair
from embedder.demo_model.tokenizer import TURN_END
from embedder.errors import DuetError
from embedder.prompt import Prompter

IGNORED = -100
"""The label that torch's cross entropy leaves out."""
LONGEST = 224
"""Tokens of a text to embed, instruction included; longer ones lose their end in training."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of the base and of its embedding."""

    hidden: int = 256
    layers: int = 6
    heads: int = 4
    feedforward: int = 768
    context: int = 2048
    special_tokens: int = 10
    dimension: int = 384


@dataclass(frozen=True, slots=True)
class Schedule:
    """Length and pace of the training.

    Attributes:
        steps: Optimizer steps; each holds a batch of examples and one of pairs.
        learning_rate: Peak of a linear warm-up and cosine decay; at 2e-3 the embedding gets worse.
        tokens: Padded tokens of the examples in a step.
        pairs: Pairs in a step.
        passage_weight: Weight of the prompt's own tokens in the loss, next to 1 on the reply.
    """

    steps: int = 3000
    learning_rate: float = 1e-3
    warmup: int = 100
    tokens: int = 3072
    pairs: int = 32
    passage_weight: float = 0.1
    save_seconds: float = 240.0


class JointModel(nn.Module):
    """The base with the special rows and the two heads of LLM2Vec-Gen."""

    def __init__(self, shape: Shape, table: torch.Tensor) -> None:
        super().__init__()
        config = Qwen3Config(
            vocab_size=len(table),
            hidden_size=shape.hidden,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.heads // 2,
            head_dim=shape.hidden // shape.heads,
            intermediate_size=shape.feedforward,
            max_position_embeddings=shape.context,
            tie_word_embeddings=True,
        )
        self.lm = Qwen3ForCausalLM(config)
        self.lm.set_attn_implementation("eager")  # the faster one on CPU at this size
        with torch.no_grad():
            self.lm.model.embed_tokens.weight.copy_(table)
            self._start_as_averages()
        self.rows = nn.Parameter(torch.randn(shape.special_tokens, shape.hidden) * 0.02)
        self.reconstruction = nn.Linear(shape.hidden, shape.hidden)
        self.alignment = nn.Linear(shape.hidden, shape.dimension)
        nn.init.eye_(self.reconstruction.weight)
        nn.init.zeros_(self.reconstruction.bias)

    def _start_as_averages(self) -> None:
        """Let each attention layer begin as an average over the text so far, passed on unchanged.

        An average of the token table's rows already retrieves, so the special positions start from
        that instead of finding it. Key-value heads carry half of the hidden dimensions, so even
        layers pass one half on and odd layers the other. After 120 steps of embedding alone this
        start had a cosine of 0.32 to the teacher; the usual random one had 0.20.
        """
        half = self.lm.config.hidden_size // 2
        size = self.lm.config.head_dim
        carried = torch.arange(half)
        for number, layer in enumerate(self.lm.model.layers):
            attention: Any = layer.self_attn
            attention.q_proj.weight.mul_(0.1)  # nearly uniform
            dims = number % 2 * half + carried
            # Two query heads share a key-value head; the first of them reads it.
            read = carried // size * 2 * size + carried % size
            attention.v_proj.weight[carried, dims] += 1
            attention.o_proj.weight[dims, read] += 1

    def compress(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Soft prompts `[batch, special_tokens, hidden]` for left-padded `ids [batch, length]`."""
        count = len(self.rows)
        text = self.lm.get_input_embeddings()(ids)
        rows = self.rows.to(text.dtype).expand(len(ids), -1, -1)
        states = self.lm.model(
            inputs_embeds=torch.cat([text, rows], dim=1),
            attention_mask=torch.cat([mask, mask.new_ones(len(ids), count)], dim=1),
            use_cache=False,
        ).last_hidden_state
        return self.reconstruction(states[:, -count:])

    def embed(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """L2-normalised embeddings `[batch, dimension]`."""
        return normalize(self.alignment(self.compress(ids, mask)).mean(dim=1).float(), dim=-1)


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
        self._prompter = Prompter(self.tokenizer)
        if len(self.pairs) <= self.schedule.pairs:
            msg = f"expected more than {self.schedule.pairs} pairs, got {len(self.pairs)}"
            raise DuetError(msg)

    def run(self) -> None:
        """Train to the last step of the schedule; writes `pretrain.pt` and `pretrain.jsonl`."""
        optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=self.schedule.learning_rate,
            betas=(0.9, 0.95),
            weight_decay=0.01,
        )
        step = self._resume(optimizer)
        if step == 0:
            self._fit_alignment()
        batches = self._example_batches(step)
        saved = time.monotonic()
        self.model.train()
        bar = tqdm(range(step, self.schedule.steps), initial=step, total=self.schedule.steps)
        for step in bar:
            for group in optimizer.param_groups:
                group["lr"] = self.schedule.learning_rate * _pace(step, self.schedule)
            losses = self._backward(next(batches), self._pair_batch(step))
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            bar.set_postfix(losses)
            self._log({"step": step, **losses, "time": time.time()})
            if time.monotonic() - saved > self.schedule.save_seconds:
                self._save(optimizer, step + 1)
                saved = time.monotonic()
        self._save(optimizer, self.schedule.steps)

    @torch.no_grad()
    def _fit_alignment(self, sample: int = 1500, ridge: float = 0.01) -> None:
        """Start the alignment head at its least-squares solution on a sample of the pairs."""
        chosen = sorted(
            random.Random(0).sample(range(len(self.pairs)), min(sample, len(self.pairs)))
        )
        states: list[torch.Tensor] = []
        for start in range(0, len(chosen), self.schedule.pairs):
            for texts in self._texts(chosen[start : start + self.schedule.pairs]):
                ids, mask = self._padded(texts)
                with torch.autocast("cpu", torch.bfloat16):
                    states.append(self.model.compress(ids, mask).float().mean(dim=1))
        inputs = torch.cat(states)
        targets = torch.cat(
            [
                self._teacher(chosen[start : start + self.schedule.pairs])
                for start in range(0, len(chosen), self.schedule.pairs)
            ]
        )
        middle, centre = inputs.mean(dim=0), targets.mean(dim=0)
        centred = inputs - middle
        gram = centred.T @ centred
        gram += ridge * gram.diagonal().mean() * torch.eye(len(gram))
        weight = torch.linalg.solve(gram, centred.T @ (targets - centre))
        self.model.alignment.weight.copy_(weight.T)
        self.model.alignment.bias.copy_(centre - middle @ weight)

    def _backward(
        self, examples: tuple[torch.Tensor, torch.Tensor, torch.Tensor], pairs: list[int]
    ) -> dict[str, float]:
        ids, mask, weight = examples
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.model.lm(input_ids=ids, attention_mask=mask, use_cache=False).logits
        reply, weighted = reply_loss(logits, ids, weight)
        weighted.backward()
        student = torch.cat([self._embed(texts) for texts in self._texts(pairs)])
        teacher = self._teacher(pairs)
        embedding, cosine = embedding_loss(student, teacher)
        embedding.backward()
        log = {"reply": reply.item(), "embed": embedding.item(), "cosine": cosine}
        return {name: round(value, 4) for name, value in log.items()}

    def _texts(self, pairs: list[int]) -> tuple[list[str], list[str]]:
        """Queries and passages, each with its instruction."""
        return (
            [instructions.QUERY + self.pairs[i].query for i in pairs],
            [instructions.DOCUMENT + self.pairs[i].passage for i in pairs],
        )

    def _teacher(self, pairs: list[int]) -> torch.Tensor:
        """The teacher's vectors of the queries, then of the passages."""
        places = [*(2 * i for i in pairs), *(2 * i + 1 for i in pairs)]
        return torch.from_numpy(self.vectors[places].astype(np.float32))

    def _padded(self, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        batch = self.tokenizer(
            texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
        )
        return batch["input_ids"], batch["attention_mask"]

    def _embed(self, texts: list[str]) -> torch.Tensor:
        ids, mask = self._padded(texts)
        with torch.autocast("cpu", torch.bfloat16):
            return self.model.embed(ids, mask)

    def _example_batches(
        self, step: int
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Batches of similar length, from `step` on; each round of examples has its own seed."""
        seen, seed = 0, 0
        while True:
            source = self.examples.draw(seed)
            encoded = [self._encode(next(source)) for _ in range(96)]
            batches = list(
                _by_length([e for e in encoded if len(e[0]) <= 1400], self.schedule.tokens)
            )
            random.Random(seed).shuffle(batches)
            for batch in batches:
                if seen >= step:
                    yield _collate(batch, self.schedule.passage_weight)
                seen += 1
            seed += 1

    def _encode(self, example: Example) -> tuple[list[int], int]:
        """Token ids of a whole conversation, and where the reply begins."""
        head = self._prompter.prompt_ids(grounded_messages(example.question, example.passages))
        reply = self._prompter.text_ids(example.reply)
        return [*head, *reply, *self.tokenizer(TURN_END).input_ids], len(head)

    def _pair_batch(self, step: int) -> list[int]:
        """Pairs of about one length: a random window of the pairs in order of length."""
        rng = random.Random(step)
        start = rng.randrange(len(self.pairs) - self.schedule.pairs)
        return list(range(start, start + self.schedule.pairs))

    def _resume(self, optimizer: torch.optim.Optimizer) -> int:
        file = self.folder / "pretrain.pt"
        if not file.exists():
            return 0
        state = torch.load(file, weights_only=True)
        self.model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        return state["step"]

    def _save(self, optimizer: torch.optim.Optimizer, step: int) -> None:
        state = {
            "model": self.model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
        }
        partial = self.folder / "pretrain.pt.part"
        torch.save(state, partial)
        partial.replace(self.folder / "pretrain.pt")

    def _log(self, record: dict[str, float]) -> None:
        with (self.folder / "pretrain.jsonl").open("a") as log:
            log.write(json.dumps(record) + "\n")


def reply_loss(
    logits: torch.Tensor, ids: torch.Tensor, weight: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Next-token loss: its mean over the reply, and its weighted mean over everything."""
    each = cross_entropy(
        logits[:, :-1].flatten(0, 1).float(), ids[:, 1:].flatten(), reduction="none"
    )
    scale = weight[:, 1:].flatten()
    reply = scale == 1
    return (each * reply).sum().detach() / reply.sum(), (each * scale).sum() / scale.sum()


def embedding_loss(student: torch.Tensor, teacher: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Loss of `[queries, then passages; dimension]`, and their mean cosine to the teacher.

    Three parts: nearness to the teacher's vector; telling it from the batch's other vectors
    (InfoNCE, scale 20 as in sentence-transformers); telling a query's passage from the others.
    """
    cosine = (student * teacher).sum(dim=-1).mean()
    place = torch.arange(len(student))
    distil = cross_entropy(20 * student @ teacher.T, place)
    half = len(student) // 2
    contrast = cross_entropy(20 * student[:half] @ student[half:].T, place[:half])
    return 5 * (1 - cosine) + distil + 0.5 * contrast, cosine.item()


def _pace(step: int, schedule: Schedule) -> float:
    if step < schedule.warmup:
        return (step + 1) / schedule.warmup
    done = (step - schedule.warmup) / max(1, schedule.steps - schedule.warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))


def _by_length(
    encoded: list[tuple[list[int], int]], tokens: int
) -> Iterator[list[tuple[list[int], int]]]:
    batch: list[tuple[list[int], int]] = []
    for item in sorted(encoded, key=lambda e: len(e[0])):
        if batch and len(item[0]) * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def _collate(
    batch: list[tuple[list[int], int]], passage_weight: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Right-padded ids, mask and loss weight, each `[batch, longest]`."""
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    weight = torch.zeros(len(batch), longest)
    for row, (tokens, reply) in enumerate(batch):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        weight[row, :reply] = passage_weight
        weight[row, reply : len(tokens)] = 1
    return ids, (weight > 0).long(), weight
