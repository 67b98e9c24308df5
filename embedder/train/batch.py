"""Pairs to tensors: token ids padded on the right, and the teacher's vectors beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from embedder.errors import DataError, TrainingError
from embedder.tokenizing import Prompter
from embedder.train.pairs import Pair
from embedder.train.recipe import Design, Losses

_MEASURED = 4096
"""Pairs whose tokens are counted at once."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids `[batch, longest]`, padded on the right, and how many of each sequence count."""

    ids: torch.Tensor
    lengths: torch.Tensor

    @classmethod
    def of(cls, sequences: Sequence[Sequence[int]], device: torch.device | str = "cpu") -> Self:
        """Pad `sequences` with zeros."""
        lengths = torch.tensor([len(ids) for ids in sequences])
        padded = torch.zeros(len(sequences), int(lengths.max()), dtype=torch.long)
        for place, ids in enumerate(sequences):
            padded[place, : len(ids)] = torch.tensor(ids, dtype=torch.long)
        return cls(padded.to(device), lengths.to(device))


@dataclass(frozen=True, slots=True)
class Side:
    """Questions and their answers, or the negatives of both.

    Attributes:
        question: With the instruction in front.
        answer: What the base should write, ending in its end-of-text token, where the losses want
            it.
        echo: The answer with the echo instruction in front, where the losses want it.
        teacher: The teacher's vectors of the answers, `[batch, dimension]`.
    """

    question: Tokens
    answer: Tokens | None
    echo: Tokens | None
    teacher: torch.Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """One step's pairs, and their hard negatives where they are trained on."""

    pairs: Side
    negatives: Side | None = None

    @property
    def tokens(self) -> int:
        """Tokens that pass through the base, without padding and special tokens."""
        sides = [self.pairs] if self.negatives is None else [self.pairs, self.negatives]
        parts = [part for side in sides for part in (side.question, side.answer, side.echo) if part]
        return sum(int(part.lengths.sum()) for part in parts)


class Collator:
    """Pairs to a `Batch`.

    Questions are never cut: `check` refuses those that are too long. Answers are cut at the
    design's `max_length`, as published.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, design: Design, losses: Losses) -> None:
        """Find the token that ends an answer.

        Raises:
            TrainingError: The tokenizer has none.
        """
        if not isinstance(tokenizer.eos_token_id, int):
            msg = "the base's tokenizer names no end-of-text token: set eos_token in its config"
            raise TrainingError(msg)
        self._prompter = Prompter(tokenizer)
        self._end: int = tokenizer.eos_token_id
        self._limit = design.max_length - design.tokens
        self._longest_answer = design.max_length
        self._losses = losses

    def check(self, file: Path, pairs: Sequence[Pair]) -> int:
        """Measure all questions; how many answers are cut.

        Raises:
            DataError: A question is longer than the encoder accepts; its line is named.
        """
        cut = 0
        for start in range(0, len(pairs), _MEASURED):
            some = pairs[start : start + _MEASURED]
            self._check_questions(file, [(p.line, p.question) for p in some])
            negatives = [(p.line, p.negative_question) for p in some if p.negative_question]
            self._check_questions(file, negatives)
            answers = self._prompter.all_ids([p.answer for p in some])
            cut += sum(len(ids) >= self._longest_answer for ids in answers)
        return cut

    def _check_questions(self, file: Path, questions: Sequence[tuple[int, str]]) -> None:
        measured = self._questions([text for _, text in questions])
        for (line, _), ids in zip(questions, measured, strict=True):
            if len(ids) > self._limit:
                msg = (
                    f"{file}, line {line}: the question has {len(ids):,} tokens with its "
                    f"instruction, but the encoder accepts {self._limit:,}: shorten it, or "
                    "train with a larger --max-length"
                )
                raise DataError(msg)

    def batch(
        self,
        pairs: Sequence[Pair],
        teacher: NDArray[np.float32],
        negatives: NDArray[np.float32] | None,
        device: torch.device | str = "cpu",
    ) -> Batch:
        """The batch of `pairs`; the vectors `[len(pairs), dimension]` are of their answers."""
        side = self._side([p.question for p in pairs], [p.answer for p in pairs], teacher, device)
        if negatives is None:
            return Batch(side)
        questions = [p.negative_question or "" for p in pairs]
        answers = [p.negative_answer or "" for p in pairs]
        return Batch(side, self._side(questions, answers, negatives, device))

    def questions(self, pairs: Sequence[Pair], device: torch.device | str = "cpu") -> Tokens:
        """The questions of `pairs` alone, with the instruction in front."""
        return Tokens.of(self._questions([pair.question for pair in pairs]), device)

    def words(self, text: str) -> list[int]:
        """Token ids of `text` alone."""
        return self._prompter.text_ids(text, specials=False)

    def _side(
        self,
        questions: Sequence[str],
        answers: Sequence[str],
        teacher: NDArray[np.float32],
        device: torch.device | str,
    ) -> Side:
        losses = self._losses
        return Side(
            question=Tokens.of(self._questions(questions), device),
            answer=Tokens.of(self._answers(answers), device) if losses.reconstruction else None,
            echo=Tokens.of(self._echoes(answers), device) if losses.echoes else None,
            teacher=torch.from_numpy(teacher).to(device),
        )

    def _questions(self, questions: Sequence[str]) -> list[list[int]]:
        return self._prompter.all_ids([self._losses.instruction + text for text in questions])

    def _echoes(self, answers: Sequence[str]) -> list[list[int]]:
        found = self._prompter.all_ids([self._losses.echo_instruction + text for text in answers])
        return [ids[: self._limit] for ids in found]

    def _answers(self, answers: Sequence[str]) -> list[list[int]]:
        found = self._prompter.all_ids(answers)
        return [[*ids, self._end][: self._longest_answer] for ids in found]
