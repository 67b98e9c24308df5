"""What a training is made of, as values: the published recipe unless something else is said.

The defaults stand here and nowhere else; the command line reads them, so this imports no torch.
"""

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from embedder import instructions
from embedder.choices import CHOICES, Attention, Layers, Pooling
from embedder.errors import TrainingError

Contrast = Literal["echo", "teacher"]
"""In-batch candidates: the student's own vectors of the answers, or the teacher's."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Every `count`-th question, from the `index`-th on: `0/4` to `3/4` are all."""

    index: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            msg = f"expected a shard from 0/{self.count} on, found {self.index}/{self.count}"
            raise TrainingError(msg)


@dataclass(frozen=True, slots=True)
class Asking:
    """How the questions are asked.

    Attributes:
        max_new_tokens: An answer ends here at the latest; 500 as published.
        batch: Questions answered at once.
        plain: Ask a base without a chat template as `User:` and `Assistant:`.
    """

    max_new_tokens: int = 500
    batch: int = 16
    plain: bool = False

    def __post_init__(self) -> None:
        if min(self.max_new_tokens, self.batch) < 1:
            msg = (
                f"expected a token and a question or more, found {self.max_new_tokens} new tokens "
                f"and a batch of {self.batch}"
            )
            raise TrainingError(msg)


@dataclass(frozen=True, slots=True)
class Design:
    """The embedder: what is added to the frozen base.

    Attributes:
        tokens: Special tokens after the text.
        states: How many of the last hidden states are read.
        max_length: Longest input in tokens, special tokens included.
        pooling: How the states become one vector; see `embedder.representation`.
        layers: Which layers they are read from.
        attention: What a token sees while a text is encoded.
        lora_rank: Rank of a LoRA that is on while encoding; 0 is none.
        lora_alpha: Its scale is `lora_alpha / lora_rank`.
        lora_dropout: On its input, in training.
        words: The special rows start as the input vectors of these words, over and over; as
            random ones where it is empty.
        query_instruction: What stands in front of a question that is embedded.
        document_instruction: The same for a passage.
    """

    tokens: int = 10
    states: int = 10
    max_length: int = 512
    pooling: Pooling = "mean"
    layers: Layers = "last"
    attention: Attention = "causal"
    lora_rank: int = 0
    lora_alpha: int = 16
    lora_dropout: float = 0.05
    words: str = ""
    query_instruction: str = instructions.QUERY
    document_instruction: str = instructions.DOCUMENT

    def __post_init__(self) -> None:
        if not 0 < self.states <= self.tokens < self.max_length:
            msg = (
                f"expected 0 < states <= tokens < max_length, found states {self.states}, "
                f"tokens {self.tokens}, max_length {self.max_length}"
            )
            raise TrainingError(msg)
        for name in ("pooling", "layers", "attention"):
            value = getattr(self, name)
            if not re.fullmatch(CHOICES[name], value):
                msg = f"expected {name} to be {CHOICES[name]}, found {value!r}"
                raise TrainingError(msg)
        if self.lora_rank < 0:
            msg = f"expected a LoRA rank of 0 (none) or more, found {self.lora_rank}"
            raise TrainingError(msg)


@dataclass(frozen=True, slots=True)
class Losses:
    """Weights of the losses; 0 leaves a loss out.

    The published unsupervised recipe is the default. Its supervised one is `hard_negatives=True,
    echo=1, margin=1`.

    Attributes:
        reconstruction: The base's next-token loss of the answer, given the soft prompts.
        alignment: Mean squared error between a question's vector and the teacher's of its answer.
        echo: The same for `echo_instruction` and the answer in place of the question.
        contrast: InfoNCE over the batch.
        contrast_with: What a question's vector is compared with there.
        scale: Factor on the cosines of the InfoNCE.
        hard_negatives: Whether the pairs' negative questions are trained on too.
        margin: Keeps the vectors of different questions apart.
        margin_distance: How far, as a Euclidean distance.
        instruction: In front of every question; none as published.
        echo_instruction: In front of an answer that is embedded by the student.
    """

    reconstruction: float = 1.0
    alignment: float = 1.0
    echo: float = 0.0
    contrast: float = 0.0
    contrast_with: Contrast = "echo"
    scale: float = 20.0
    hard_negatives: bool = False
    margin: float = 0.0
    margin_distance: float = 10.0
    instruction: str = ""
    echo_instruction: str = "Repeat this text word by word. "

    def __post_init__(self) -> None:
        if not (self.alignment + self.reconstruction > 0 and self.scale > 0):  # NaN is neither
            msg = (
                "expected a weight of the alignment or the reconstruction loss and a scale of the "
                f"cosines above 0, found {self.alignment}, {self.reconstruction} and {self.scale}"
            )
            raise TrainingError(msg)
        for name in ("alignment", "reconstruction", "echo", "contrast", "margin"):
            if not getattr(self, name) >= 0:
                msg = f"expected a weight of 0 or more for {name}, found {getattr(self, name)}"
                raise TrainingError(msg)
        if self.margin > 0 and not self.hard_negatives:
            msg = "the margin loss needs hard negatives: switch them on, or the margin off"
            raise TrainingError(msg)

    @property
    def embeds(self) -> bool:
        """Whether embeddings are trained, not the reconstruction alone."""
        return self.alignment > 0 or self.contrast > 0 or self.margin > 0

    @property
    def echoes(self) -> bool:
        """Whether the student embeds the answers too."""
        return self.echo > 0 or (self.contrast > 0 and self.contrast_with == "echo")


@dataclass(frozen=True, slots=True)
class Pace:
    """Length and speed of a training.

    Attributes:
        steps: Where it ends; 0 writes the start values, to be compared with.
        schedule_steps: Where the linear schedule would reach zero; as published it ends before.
        warmup: Steps of rising learning rate.
        batch: Pairs a step, over all processes.
        learning_rate: By default 3e-4 for Qwen3 and 5e-4 for other families.
        seed: Of the start values and the order of the pairs.
        closed_form: Pairs from whose states the heads are computed before the first step, by ridge
            regression to the teacher's vectors; 0 leaves them random.
        evenness: Of the embeddings' directions then, from 0 (as they come out) to 1 (whitened).
        heads_share: The heads' share of the learning rate. Heads in closed form want about 0.01:
            at the full rate a step moved all of their thousands of inputs one way, and the cosine
            to the teacher fell from 0.57 to 0.25 in twenty steps.
    """

    steps: int = 5000
    schedule_steps: int = 20_000
    warmup: int = 100
    batch: int = 32
    learning_rate: float | None = None
    seed: int = 42
    closed_form: int = 0
    evenness: float = 0.0
    heads_share: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.steps <= self.schedule_steps or self.batch < 1:
            msg = (
                f"expected no more steps than the schedule has, and a pair or more in a batch; "
                f"found steps {self.steps}, schedule_steps {self.schedule_steps}, "
                f"batch {self.batch}"
            )
            raise TrainingError(msg)

        if self.warmup < 0 or not (self.learning_rate is None or self.learning_rate > 0):
            msg = (
                f"expected a warm-up of 0 or more steps and a learning rate above 0, found "
                f"{self.warmup} and {self.learning_rate}"
            )
            raise TrainingError(msg)

    def rate(self, step: int, family: str) -> float:
        """The learning rate of `step`, from 0: up over the warm-up, then down to zero."""
        peak = self.learning_rate or (3e-4 if family.startswith("qwen3") else 5e-4)
        if step < self.warmup:
            return peak * step / self.warmup
        return peak * (self.schedule_steps - step) / max(1, self.schedule_steps - self.warmup)


@dataclass(frozen=True, slots=True)
class Plan:
    """One training, whole.

    Attributes:
        data: JSON lines with `question` and `answer`, `negative_question` and `negative_answer`
            where hard negatives are wanted; may be gzipped.
        base: The causal language model, in one of the forms of `embedder.base_files`.
        teacher: The embedding model whose vectors of the answers are learned: a folder or hub id
            of a SentenceTransformer, or of a LLM2Vec adapter.
        out: Folder of the run; the checkpoint ends up in `out/model`.
        teacher_adapter: A second adapter on a LLM2Vec teacher (its SimCSE or supervised part).
        start_from: A checkpoint whose rows and heads are trained on; by default random ones.
        cache: Folder for the teacher's vectors; by default `out/teacher`.
        device: `cpu`, or None for the best that accelerate finds.
        dtype: Of the frozen base; by default bfloat16 where the device has it.
        save_every: Steps between two snapshots to resume from.
        gradient_checkpointing: Less memory for a third more time.
    """

    data: Path
    base: str
    teacher: str
    out: Path
    design: Design = field(default_factory=Design)
    losses: Losses = field(default_factory=Losses)
    pace: Pace = field(default_factory=Pace)
    teacher_adapter: str | None = None
    start_from: str | None = None
    cache: Path | None = None
    device: str | None = None
    dtype: str | None = None
    save_every: int = 100
    gradient_checkpointing: bool = True

    def __post_init__(self) -> None:
        if self.save_every < 1:
            msg = f"expected a step or more between two snapshots, found {self.save_every}"
            raise TrainingError(msg)

    @property
    def settings(self) -> dict[str, object]:
        """What must stay the same for a training to go on where it was."""
        pace = asdict(self.pace)
        del pace["steps"]  # a longer run goes on from a shorter one
        return {
            "base": self.base,
            "teacher": self.teacher,
            "teacher_adapter": self.teacher_adapter,
            "start_from": self.start_from,
            **asdict(self.design),
            **asdict(self.losses),
            **pace,
        }
