"""The training itself: its steps read states that were computed once, so each takes a blink.

A head made by regression says of each text what the teacher says. Here it learns what a search
needs: that a question is nearer to its own passage than to all others (InfoNCE, van den Oord et al.
2018, both ways round), without leaving the embeddings that it made before.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, normalize
from tqdm import tqdm

from embedder.errors import DataError, TrainingError
from embedder.hub import local_folder
from embedder.model import LLM2VecGen
from embedder.published import Head, copy_checkpoint, read_checkpoint, write_alignment
from embedder.train.curve import Curve
from embedder.train.heads.directions import narrowed, widened
from embedder.train.heads.material import Material, read_material
from embedder.train.heads.plan import HeadPlan

_MANY = 512
"""Texts whose states are computed before the bar moves on."""
_APART = -1e4
"""Score of a candidate that is as right as the one that is wanted."""


def train_head(plan: HeadPlan) -> Path:
    """Train as `plan` says; returns the folder of the checkpoint.

    Raises:
        DuetError: The data or the checkpoint cannot be used, or `out` holds something.
    """
    if plan.out.exists() and (not plan.out.is_dir() or any(plan.out.iterdir())):
        msg = f"{plan.out} holds other files: give another --out"
        raise TrainingError(msg)
    material = read_material(plan.data)
    if len(material.pairs) < plan.batch:
        msg = f"{plan.data} has {len(material.pairs):,} pairs, a batch takes {plan.batch:,}"
        raise DataError(msg)
    source = local_folder(plan.model)
    model = LLM2VecGen.from_pretrained(source)
    told = model.instructions
    checkpoint = read_checkpoint(source)
    read = None if checkpoint.representation.reads_text else checkpoint.reconstruction
    plan.out.mkdir(parents=True, exist_ok=True)
    trainer = HeadTrainer(
        plan,
        material,
        _states(model, material.questions, told.query, plan.max_length, read),
        _states(model, material.passages, told.document, plan.max_length, read),
        checkpoint.alignment,
    )
    curve = Curve(plan.out / "curve.jsonl")
    head = trainer.train(curve)
    curve.draw(plan.out / "curve.svg")
    partial = plan.out / "model.part"
    copy_checkpoint(source, partial)
    write_alignment(partial, head)
    return partial.rename(plan.out / "model")


def _states(
    model: LLM2VecGen,
    texts: Sequence[str],
    instruction: str,
    longest: int,
    reconstruction: Head | None,
) -> torch.Tensor:
    """What the alignment head reads of `texts`, `[texts, width]`, float16."""
    order = np.argsort([len(text) for text in texts], kind="stable")
    parts = np.array_split(order, max(1, len(order) // _MANY))
    found: list[torch.Tensor] = []
    for part in tqdm(parts, desc="states", disable=None):
        some = [texts[int(place)] for place in part]
        states = torch.from_numpy(
            model.pooled(some, instruction=instruction, truncate=True, max_length=longest)
        )
        found.append((reconstruction(states) if reconstruction else states).half())
    return torch.cat(found)[torch.from_numpy(np.argsort(order))]


class HeadTrainer:
    """A head and the states that it is trained on.

    Args:
        plan: How.
        material: What belongs together.
        questions: States, `[questions, width]`.
        passages: States, `[passages, width]`.
        head: What is trained; with what is added to it, it also says what to stay near to.
    """

    def __init__(
        self,
        plan: HeadPlan,
        material: Material,
        questions: torch.Tensor,
        passages: torch.Tensor,
        head: Head,
    ) -> None:
        self._plan = plan
        self._pairs = torch.from_numpy(material.pairs)
        self._groups = material.groups
        self._questions = questions
        self._passages = passages
        self._start = widened(head, self._all(), plan.add)
        self._weight = self._start.weight.clone().requires_grad_()
        self._bias = self._start.bias.clone().requires_grad_()
        self._rng = np.random.default_rng(plan.seed)
        self._order = np.empty(0, dtype=np.int64)

    def train(self, curve: Curve) -> Head:
        """All steps; returns the head as it is then."""
        plan = self._plan
        optimizer = torch.optim.Adam([self._weight, self._bias])
        for step in tqdm(range(plan.steps), desc="head", disable=None):
            rise = min(1.0, (step + 1) / max(1, plan.warmup))
            optimizer.param_groups[0]["lr"] = plan.learning_rate * rise * (1 - step / plan.steps)
            losses = self._losses()
            loss = losses["pairs"] + plan.groups * losses["groups"] + plan.keep * losses["moved"]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            curve.add({"step": step + 1, **{name: loss.item() for name, loss in losses.items()}})
        return narrowed(
            Head(self._weight.detach(), self._bias.detach()), self._all(), plan.dimension
        )

    def _all(self) -> torch.Tensor:
        return torch.cat([self._questions, self._passages]).float()

    def _losses(self) -> dict[str, torch.Tensor]:
        pairs = self._pairs[torch.from_numpy(self._next())]
        questions = self._questions[pairs[:, 0]].float()
        passages = self._passages[pairs[:, 1]].float()
        asked, told = self._embed(questions), self._embed(passages)
        alike = pairs[:, 1, None] == pairs[None, :, 1]
        moved = (1 - (asked * normalize(self._start(questions), dim=1)).sum(dim=1)).mean()
        moved = moved + (1 - (told * normalize(self._start(passages), dim=1)).sum(dim=1)).mean()
        return {
            "pairs": self._nearest(asked, told, alike),
            "groups": self._grouped(),
            "moved": moved,
        }

    def _next(self) -> NDArray[np.int64]:
        """The pairs of a step: neighbours in the data together, and all once before any again."""
        batch, together = self._plan.batch, self._plan.together
        if len(self._order) < batch:
            stretches = np.array_split(
                np.arange(len(self._pairs)), max(1, len(self._pairs) // together)
            )
            order = self._rng.permutation(len(stretches))
            self._order = np.concatenate([stretches[place] for place in order])
        chosen, self._order = self._order[:batch], self._order[batch:]
        return chosen

    def _grouped(self) -> torch.Tensor:
        """Two questions of each group: they are to find each other among those of all groups."""
        if not self._groups:
            return torch.zeros(())
        drawn = np.stack([self._rng.choice(group, 2, replace=False) for group in self._groups])
        vectors = self._embed(self._questions[torch.from_numpy(drawn.T)].float())
        return self._nearest(vectors[0], vectors[1], torch.eye(len(drawn), dtype=torch.bool))

    def _embed(self, states: torch.Tensor) -> torch.Tensor:
        return normalize(Head(self._weight, self._bias)(states), dim=-1)

    def _nearest(
        self, left: torch.Tensor, right: torch.Tensor, alike: torch.Tensor
    ) -> torch.Tensor:
        """InfoNCE both ways; what is `alike` is no negative."""
        own = torch.arange(len(left))
        apart = alike & ~torch.eye(len(left), dtype=torch.bool)
        scores = (self._plan.scale * left @ right.T).masked_fill(apart, _APART)
        return (cross_entropy(scores, own) + cross_entropy(scores.T, own)) / 2
