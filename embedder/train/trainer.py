"""The training itself: accelerate underneath, resumable to the same loss curve.

Everything about a step follows from its number: its pairs, its learning rate, its random numbers.
So a snapshot is the trained values, the optimizer's, and the number of steps.
"""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from tqdm import tqdm
from transformers import PreTrainedModel

from embedder.base import best_dtype, load_base, load_tokenizer
from embedder.base_files import local_base
from embedder.errors import DataError, TrainingError
from embedder.hub import local_folder
from embedder.published import read_checkpoint
from embedder.train.batch import Batch, Collator, Tokens
from embedder.train.closed_form import fit_heads, scale_reconstruction
from embedder.train.pairs import Pair, digest, read_pairs
from embedder.train.recipe import Plan
from embedder.train.run import Run
from embedder.train.student import Student
from embedder.train.teacher import Teacher

STRETCH = 16
"""Batches whose rows are put in order of length together."""
SAMPLE = 32
"""Texts by which the length of a state is measured."""
CLIP = 1.0
"""Longest gradient, as transformers' Trainer has it and so the published runs."""


def train(plan: Plan) -> Path:
    """Train as `plan` says, or go on with it; returns the folder of the checkpoint.

    Raises:
        DuetError: The data, the base or the teacher cannot be used, the folder is another
            training's, or the loss is no number any more. Nothing is overwritten then.
    """
    run = Run(plan.out)
    pairs, empty = read_pairs(plan.data, hard_negatives=plan.losses.hard_negatives)
    accelerator = Accelerator(cpu=plan.device == "cpu")
    _check_batch(plan, len(pairs), accelerator.num_processes)
    device = accelerator.device.type
    dtype = plan.dtype or best_dtype(device)
    teacher = Teacher(
        plan.teacher, plan.teacher_adapter, plan.cache or plan.out / "teacher", device
    )
    settings = plan.settings | {
        "data": digest(pairs),
        "teacher_files": teacher.digest,
        "dtype": dtype,
        "processes": accelerator.num_processes,
    }
    run.check(settings)
    base = local_base(plan.base)
    tokenizer = load_tokenizer(base)
    collator = Collator(tokenizer, plan.design, plan.losses)
    cut = collator.check(plan.data, pairs)
    accelerator.print(
        f"{len(pairs):,} pairs; {empty:,} without an answer left out, {cut:,} answers cut at "
        f"{plan.design.max_length} tokens"
    )
    with accelerator.main_process_first():
        vectors = _teacher_vectors(teacher, pairs)
    lm = load_base(base, str(accelerator.device), dtype)
    data = TrainingData(pairs, vectors, collator, plan.pace.batch, plan.pace.seed)
    trainer = Trainer(plan, accelerator, run, lm, data)
    if accelerator.is_main_process:
        run.begin(settings)
    trainer.steps()
    if accelerator.is_main_process:
        run.finish(trainer.student.checkpoint(plan.base, dtype), tokenizer, base, lm.config)
    accelerator.wait_for_everyone()
    return run.model


def _check_batch(plan: Plan, pairs: int, processes: int) -> None:
    batch = plan.pace.batch
    if pairs < batch:
        msg = f"{plan.data} has {pairs} pairs with an answer, a batch takes {batch}"
        raise DataError(msg)
    if batch % processes:
        msg = f"a batch of {batch} cannot be shared by {processes} processes: expected a multiple"
        raise TrainingError(msg)


Vectors = tuple[NDArray[np.float32], NDArray[np.float32] | None]
"""The teacher's, of the answers and of the negative answers, each `[pairs, dimension]`."""


class TrainingData:
    """Pairs with their vectors, and which part of it a step takes."""

    def __init__(
        self, pairs: Sequence[Pair], vectors: Vectors, collator: Collator, batch: int, seed: int
    ) -> None:
        self.dimension = vectors[0].shape[1]
        self._pairs = pairs
        self._vectors = vectors
        self._collator = collator
        self._batch = batch
        self._seed = seed
        self._lengths = np.array([len(pair.question) for pair in pairs])
        self._epoch = -1
        self._batches = np.empty((0, batch), dtype=np.int64)

    def words(self, text: str) -> list[int]:
        """Token ids of what the special rows start as."""
        return self._collator.words(text)

    def batch(self, step: int, accelerator: Accelerator) -> Batch:
        """This process's share of the pairs of `step`: every epoch is shuffled anew."""
        epoch_steps = len(self._pairs) // self._batch
        epoch, place = divmod(step, epoch_steps)
        chosen = self._order(epoch)[place]
        share = len(chosen) // accelerator.num_processes
        mine = chosen[accelerator.process_index * share :][:share]
        answers, negatives = self._vectors
        return self._collator.batch(
            [self._pairs[i] for i in mine],
            answers[mine],
            None if negatives is None else negatives[mine],
            accelerator.device,
        )

    def _order(self, epoch: int) -> NDArray[np.int64]:
        """The rows of each batch of an epoch: of like length, or most of a batch is padding."""
        if self._epoch != epoch:
            rng = np.random.default_rng([self._seed, epoch])
            order = rng.permutation(len(self._pairs))
            whole = order[: len(order) // self._batch * self._batch]
            stretches = np.array_split(whole, max(1, len(whole) // (STRETCH * self._batch)))
            by_length = [s[np.argsort(self._lengths[s], kind="stable")] for s in stretches]
            batches = np.concatenate(by_length).reshape(-1, self._batch)
            self._epoch, self._batches = epoch, rng.permutation(batches)
        return self._batches

    def first(self, count: int) -> tuple[list[Pair], NDArray[np.float32]]:
        """`count` rows at random, and the teacher's vectors of their answers."""
        order = np.random.default_rng(self._seed).permutation(len(self._pairs))[:count]
        return [self._pairs[i] for i in order], self._vectors[0][order]

    def questions(self, pairs: Sequence[Pair], device: torch.device) -> Tokens:
        """The questions of `pairs`, as they are embedded."""
        return self._collator.questions(pairs, device)

    def idf(self, vocabulary: int) -> torch.Tensor:
        """The weight of each token, `[vocabulary]`: the rarer in the questions, the more."""
        counts = torch.full((vocabulary,), 0.5)
        for start in range(0, len(self._pairs), 256):
            tokens = self.questions(self._pairs[start : start + 256], torch.device("cpu"))
            real = torch.arange(tokens.ids.shape[1]) < tokens.lengths[:, None]
            counts += torch.bincount(tokens.ids[real], minlength=vocabulary)
        return (counts.sum() / counts).log()

    def states(self, student: Student, pairs: Sequence[Pair]) -> NDArray[np.float32]:
        """What the student pools of the questions, `[pairs, width]`."""
        order = np.argsort([len(pair.question) for pair in pairs])
        parts: list[torch.Tensor] = []
        with torch.no_grad():
            for start in tqdm(range(0, len(order), 32), desc="closed form", disable=None):
                chosen = [pairs[i] for i in order[start : start + 32]]
                questions = self.questions(chosen, student.lm.device)
                parts.append(student.representation.pool(student.compress(questions)).cpu())
        found = np.empty((len(order), parts[0].shape[1]), dtype=np.float32)
        found[order] = torch.cat(parts).numpy()
        return found


class Trainer:
    """The steps of a training, from the beginning or from its last snapshot."""

    def __init__(
        self,
        plan: Plan,
        accelerator: Accelerator,
        run: Run,
        lm: PreTrainedModel,
        data: TrainingData,
    ) -> None:
        """Make the student and its optimizer, and load the last snapshot if there is one.

        Raises:
            TrainingError: The teacher's dimension does not fit the checkpoint to start from.
        """
        self._plan = plan
        self._accelerator = accelerator
        self._run = run
        self._data = data
        self._family = str(lm.config.get_text_config().model_type)
        self._done = 0
        words = data.words(plan.design.words)
        self.student = Student(lm, plan.design, plan.losses, data.dimension, plan.pace.seed, words)
        if plan.start_from is not None:
            self.student.start_from(read_checkpoint(local_folder(plan.start_from)))
        elif self.student.idf is not None:
            self.student.idf.copy_(data.idf(len(self.student.idf)))
        if plan.gradient_checkpointing:
            self.student.enable_gradient_checkpointing()
        self.student.train()
        self._parameters = list(self.student.parameters())
        self._optimizer = torch.optim.AdamW(
            [
                {"params": self.student.heads, "share": plan.pace.heads_share},
                {"params": self.student.others, "share": 1.0},
            ],
            lr=0.0,
            weight_decay=0.0,
        )
        snapshot = run.load_snapshot()
        if snapshot is not None:
            self.student.load_state_dict(snapshot["student"])
            self._optimizer.load_state_dict(snapshot["optimizer"])
            self._done = int(snapshot["steps"])
        elif plan.pace.closed_form and plan.start_from is None:
            pairs, vectors = data.first(plan.pace.closed_form)
            states = data.states(self.student, pairs)
            cosine = fit_heads(self.student, states, vectors, plan.pace.evenness)
            if self.student.representation.reads_text:
                scale_reconstruction(self.student, data.questions(pairs[:SAMPLE], lm.device))
            accelerator.print(f"heads in closed form: cosine {cosine:.3f} on texts kept aside")
        self._wrapped = accelerator.prepare_model(self.student)

    def steps(self) -> None:
        """Train to the last step.

        Raises:
            TrainingError: A loss or a gradient is no finite number.
        """
        plan, main = self._plan, self._accelerator.is_main_process
        if main:
            self._run.curve.keep(self._done)
        steps = range(self._done, plan.pace.steps)
        bar = tqdm(
            steps, desc="train", initial=self._done, total=plan.pace.steps,
            disable=None if main else True,
        )  # fmt: skip
        for step in bar:
            point = self._step(step)
            last = step + 1 == plan.pace.steps
            if main:
                self._run.curve.add(point)
                shown = {name: f"{point[name]:.3f}" for name in ("loss", "cosine") if name in point}
                bar.set_postfix(shown)
                if last or (step + 1) % plan.save_every == 0:
                    self._save(step + 1)

    def _step(self, step: int) -> dict[str, float]:
        plan, began = self._plan, time.perf_counter()
        torch.manual_seed(plan.pace.seed + step * 1009 + self._accelerator.process_index)
        batch = self._data.batch(step, self._accelerator)
        losses = self._wrapped(batch)
        self._accelerator.backward(losses["loss"])
        norm = float(torch.nn.utils.clip_grad_norm_(self._parameters, CLIP))
        values = self._mean(losses)
        self._check(step, {**values, "gradient": norm})
        rate = plan.pace.rate(step, self._family)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["share"]
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return {
            "step": step + 1,
            **values,
            "gradient": norm,
            "learning_rate": rate,
            "tokens": batch.tokens * self._accelerator.num_processes,
            "seconds": time.perf_counter() - began,
        }

    def _mean(self, losses: Mapping[str, torch.Tensor]) -> dict[str, float]:
        stacked = torch.stack([loss.detach().float() for loss in losses.values()])
        values = self._accelerator.reduce(stacked, reduction="mean")
        assert isinstance(values, torch.Tensor)
        return dict(zip(losses, values.tolist(), strict=True))

    def _check(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            if not math.isfinite(value):
                msg = (
                    f"step {step + 1}: the {name.replace('_', ' ')} is {value}; the run stopped "
                    f"before it used that, its last snapshot stays in {self._run.folder}. Try a "
                    "smaller --learning-rate, or --dtype float32"
                )
                raise TrainingError(msg)

    def _save(self, steps: int) -> None:
        self._run.save_snapshot(
            {
                "student": self.student.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "steps": steps,
            }
        )


def _teacher_vectors(teacher: Teacher, pairs: Sequence[Pair]) -> Vectors:
    answers = teacher.vectors([pair.answer for pair in pairs])
    if pairs[0].negative_answer is None:
        return answers, None
    return answers, teacher.vectors([pair.negative_answer or "" for pair in pairs])
