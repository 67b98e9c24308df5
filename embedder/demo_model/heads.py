"""The LLM2Vec-Gen stage: `embedder.train` with the base frozen, from the rows and heads so far."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embedder import instructions
from embedder.demo_model.pairs import Pair
from embedder.demo_model.teacher import model_folder
from embedder.train.recipe import Design, Losses, Pace, Plan
from embedder.train.trainer import train

LOSSES = Losses(
    reconstruction=0.2,
    alignment=100,  # vectors of length 1: their mean squared error is below 0.01
    echo=1,
    contrast=1,
    contrast_with="teacher",
    instruction=instructions.QUERY,
    echo_instruction=instructions.DOCUMENT,
)


@dataclass(frozen=True, slots=True)
class HeadSchedule:
    """Length and pace of the stage."""

    steps: int = 400
    learning_rate: float = 1e-3
    pairs: int = 48


def train_heads(start: Path, pairs: Sequence[Pair], schedule: HeadSchedule, work: Path) -> Path:
    """Train the rows and heads of the checkpoint `start`, whose base is in `start/base`.

    A query's vector is to be what the teacher says of its passage; a passage's, too.

    Returns:
        Folder of the new checkpoint, in `work`; it names the same base.
    """
    data = work / "heads.jsonl"
    seen = pairs[: schedule.steps * schedule.pairs]  # the teacher reads no more than is used
    rows = [{"question": pair.query, "answer": pair.passage} for pair in seen]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    plan = Plan(
        data=data,
        base=str(start / "base"),
        teacher=str(model_folder()),
        out=work / "heads",
        start_from=str(start),
        design=Design(layers="mix"),
        losses=LOSSES,
        pace=Pace(
            steps=schedule.steps,
            schedule_steps=schedule.steps,
            warmup=0,
            batch=schedule.pairs,
            learning_rate=schedule.learning_rate,
        ),
        device="cpu",
        gradient_checkpointing=False,
    )
    return train(plan)
