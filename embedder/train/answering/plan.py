"""What the training of an answering adapter is made of, as values."""

from dataclasses import dataclass, field
from pathlib import Path

from embedder.errors import TrainingError


@dataclass(frozen=True, slots=True)
class Adapter:
    """The LoRA: its rank, its scale `alpha / rank`, and the first layer that has one."""

    rank: int = 16
    alpha: int = 32
    first_layer: int = 6

    def __post_init__(self) -> None:
        if self.rank < 1 or self.first_layer < 0:
            msg = (
                "expected a LoRA rank of 1 or more from a layer of 0 or more on, found "
                f"{self.rank} and {self.first_layer}"
            )
            raise TrainingError(msg)


@dataclass(frozen=True, slots=True)
class AnsweringPlan:
    """One training of an answering adapter.

    Attributes:
        data: Examples, see `embedder.train.answering.example`.
        base: The causal language model, in one of the forms of `embedder.base_files`.
        out: Folder of the run; the adapter ends up in `out/answering`.
        adapter: What is trained.
        start_from: Folder of an adapter of this shape to start from; by default from nothing.
        steps: Where it ends; 0 is after all examples once.
        batch: Examples a step, over all processes.
        at_once: How many of them are computed together; on a GPU as many as its memory holds.
        workers: Processes that prepare steps meanwhile; 0 prepares each when it is due.
        longest: Tokens of an example: passages, questions and replies.
        learning_rate: At its peak; a cosine brings it to a tenth.
        warmup: Steps of rising learning rate.
        device: `cpu`, or None for the best that accelerate finds.
        dtype: Of the frozen base; by default what the device runs best.
        save_every: Steps between two snapshots to resume from.
        seed: Of the adapter's start values.
    """

    data: Path
    base: str
    out: Path
    adapter: Adapter = field(default_factory=Adapter)
    start_from: Path | None = None
    steps: int = 0
    batch: int = 4
    at_once: int = 1
    workers: int = 0
    longest: int = 1536
    learning_rate: float = 1e-3
    warmup: int = 20
    device: str | None = None
    dtype: str | None = None
    save_every: int = 25
    seed: int = 0

    def __post_init__(self) -> None:
        least = min(self.batch, self.at_once, self.save_every, self.longest)
        if least < 1 or min(self.steps, self.workers) < 0:
            msg = (
                "expected an example, a token and a step or more, found "
                f"batch {self.batch}, at_once {self.at_once}, longest {self.longest}, "
                f"save_every {self.save_every}, steps {self.steps}, workers {self.workers}"
            )
            raise TrainingError(msg)
