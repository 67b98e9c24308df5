"""What a training of the alignment head is made of, as values."""

from dataclasses import dataclass
from pathlib import Path

from embedder.errors import TrainingError


@dataclass(frozen=True, slots=True)
class HeadPlan:
    """One training of a checkpoint's alignment head, against other passages.

    Attributes:
        data: JSON lines, may be gzipped: `question` and `answer`, the passage that it is to find;
            or `question` and `group`: those of a group mean the same.
        model: The checkpoint whose head is trained: a folder or hub id.
        out: Folder of the run; the checkpoint ends up in `out/model`.
        add: So many of the states' own directions are put beside what the head reads before the
            first step: each as spread as the others (whitened principal components).
        dimension: Of the embeddings in the end; 0 leaves it at the head's and the added ones
            together, else as many of their principal directions are kept.
        steps: How many.
        batch: Pairs a step; each question is to tell its passage from all others of the step.
        together: Neighbours in the data that stay in one step: passages of one source are harder
            to tell apart.
        learning_rate: At its peak; it falls linearly to zero.
        warmup: Steps of rising learning rate.
        scale: Factor on the cosines of the InfoNCE.
        groups: Weight of the rows with a group.
        keep: Weight of staying near the embeddings of the start.
        max_length: Tokens of a text that are read.
        seed: Of the order of the pairs.
    """

    data: Path
    model: str
    out: Path
    add: int = 0
    dimension: int = 0
    steps: int = 200
    batch: int = 512
    together: int = 8
    learning_rate: float = 1e-4
    warmup: int = 50
    scale: float = 20.0
    groups: float = 0.5
    keep: float = 2.0
    max_length: int = 420
    seed: int = 0

    def __post_init__(self) -> None:
        counts = (self.steps, self.batch - 1, self.together, self.max_length)
        if min(counts) < 1 or min(self.add, self.dimension, self.warmup) < 0:
            msg = (
                "expected a step, two pairs in a batch, a neighbour and a token or more, found "
                f"steps {self.steps}, batch {self.batch}, together {self.together}, max_length "
                f"{self.max_length}; and no negative add, dimension or warmup, found {self.add}, "
                f"{self.dimension} and {self.warmup}"
            )
            raise TrainingError(msg)
        if not (self.learning_rate > 0 and self.scale > 0 and min(self.groups, self.keep) >= 0):
            msg = (
                "expected a learning rate and a scale above 0 and weights of 0 or more, found "
                f"{self.learning_rate}, {self.scale}, {self.groups} and {self.keep}"
            )
            raise TrainingError(msg)
