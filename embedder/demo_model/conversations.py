"""Batches of conversations to continue."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import torch
from transformers import PreTrainedTokenizerFast

from embedder.chat import grounded_messages
from embedder.demo_model.examples import Asked, Example, ExampleMaker
from embedder.demo_model.guidance import (
    CITATION,
    Look,
    Looks,
    answer_sources,
    batch_looks,
    looks_for,
)
from embedder.demo_model.tokenizer import TURN_END
from embedder.tokenizing import Prompter

LONGEST_EXAMPLE = 1600
"""Tokens, all questions included; the few longer examples are left out."""
CHOICE = 3
"""Tokens at the beginning of a reply, by which its sentence is chosen."""
CHOICE_WEIGHT = 4.0
ROUND = 64
"""Examples that are drawn together and sorted by length."""


@dataclass(frozen=True, slots=True)
class Conversations:
    """Examples in tokens, padded right. Shapes are `[batch, longest]` unless said otherwise.

    All questions of an example share its passages: they stand behind them one after the other,
    each with its reply, and none sees the others. So the passages are read once.

    Attributes:
        ids: Of passages, questions and replies.
        positions: Each question's go on from the passages'.
        mask: `[batch, 1, longest, longest]`, added to attention scores.
        reply: Weight of a token's prediction in the loss of the reply; 0 outside of it. Where to
            begin copying and which number to cite weigh more than to go on copying, of which there
            is so much that it would be learned alone.
        prompt: Which tokens of the prompt are trained on, too: a random few.
        looks: By the name of a head.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    mask: torch.Tensor
    reply: torch.Tensor
    prompt: torch.Tensor
    looks: dict[str, Looks]

    def to(self, device: torch.device) -> "Conversations":
        """The same batch on `device`."""
        looks = {
            name: Looks(look.rows.to(device), look.queries.to(device), look.keys.to(device))
            for name, look in self.looks.items()
        }
        return Conversations(
            self.ids.to(device),
            self.positions.to(device),
            self.mask.to(device),
            self.reply.to(device),
            self.prompt.to(device),
            looks,
        )


@dataclass(slots=True)
class Encoded:
    """An example in tokens, before padding; `branch` is 0 for the passages, then 1, 2, ..."""

    ids: list[int]
    branch: list[int]
    positions: list[int]
    reply: list[float]
    prompt: list[bool]
    looks: list[Look] = field(default_factory=list)


class ConversationBatches:
    """Endless batches of examples of similar length; each round has a seed of its own."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        examples: ExampleMaker,
        tokens: int,
        prompt_share: float,
    ) -> None:
        self._tokenizer = tokenizer
        self._prompter = Prompter(tokenizer)
        self._end = tokenizer(TURN_END).input_ids
        self._examples = examples
        self._tokens = tokens
        self._prompt_share = prompt_share

    def round(self, seed: int, *, easy: bool) -> list[Conversations]:
        """The batches of one round, in random order."""
        source = self._examples.draw_easy(seed) if easy else self._examples.draw(seed)
        encoded = [self.encode(next(source)) for _ in range(ROUND)]
        fitting = sorted((e for e in encoded if len(e.ids) <= LONGEST_EXAMPLE), key=_length)
        batches = list(_groups(fitting, self._tokens))
        random.Random(seed).shuffle(batches)
        generator = torch.Generator().manual_seed(seed)
        return [self.collate(batch, generator) for batch in batches]

    def encode(self, example: Example) -> Encoded:
        """The passages' tokens, then each question's and its reply's."""
        nothing, *prompts = (
            self._prompter.prompt_ids(grounded_messages(question, example.passages))
            for question in ("", *(asked.question for asked in example.asked))
        )
        columns = zip(nothing, *prompts, strict=False)
        shared = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
        encoded = Encoded(
            prompts[0][:shared],
            [0] * shared,
            list(range(shared)),
            [0.0] * shared,
            [place > 0 for place in range(shared)],
        )
        sources = answer_sources(example, prompts[0][:shared], self._tokenizer)
        for number, (asked, prompt) in enumerate(zip(example.asked, prompts, strict=True), start=1):
            reply = [*self._prompter.text_ids(_as_in_passage(asked, example)), *self._end]
            own, start = prompt[shared:], len(encoded.ids)
            middle, end = start + len(own), start + len(own) + len(reply)
            question = range(start, start + own.index(self._end[0]))
            encoded.ids += [*own, *reply]
            encoded.looks += looks_for(
                asked, sources.get(asked), encoded.ids, question, range(middle, end)
            )
            encoded.branch += [number] * (len(own) + len(reply))
            encoded.positions += range(shared, shared + len(own) + len(reply))
            encoded.reply += [*[0.0] * len(own), *_weights(len(reply))]
            encoded.prompt += [False, *[True] * (len(own) - 1), *[False] * len(reply)]
        return encoded

    def collate(self, batch: list[Encoded], generator: torch.Generator) -> Conversations:
        """One batch; `generator` chooses the prompts' tokens that are trained on."""
        longest = max(len(encoded.ids) for encoded in batch)
        shape = (len(batch), longest)
        ids, positions, branch = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
        reply = torch.zeros(shape)
        prompt = torch.zeros(shape, dtype=torch.bool)
        for row, encoded in enumerate(batch):
            inside = slice(len(encoded.ids))
            ids[row, inside] = torch.tensor(encoded.ids)
            positions[row, inside] = torch.tensor(encoded.positions)
            branch[row, inside] = torch.tensor(encoded.branch)
            reply[row, inside] = torch.tensor(encoded.reply)
            prompt[row, inside] = torch.tensor(encoded.prompt)
        seen = (branch[:, None] == 0) | (branch[:, None] == branch[:, :, None])
        seen &= torch.ones(longest, longest, dtype=torch.bool).tril()
        mask = torch.zeros(len(batch), 1, longest, longest)
        mask.masked_fill_(~seen[:, None], torch.finfo(mask.dtype).min)
        looks = batch_looks([encoded.looks for encoded in batch], longest)
        few = torch.rand(shape, generator=generator) < self._prompt_share
        return Conversations(ids, positions, mask, reply, prompt & few, looks)


def _as_in_passage(asked: Asked, example: Example) -> str:
    """The reply with the space that its sentence has in front in the passage.

    With it the reply's first token is the passage's, and choosing it is copying, too.
    """
    after_a_space = f" {asked.sentence}" in example.passages[asked.passage]
    return f" {asked.reply}" if asked.sentence and after_a_space else asked.reply


def _weights(length: int) -> list[float]:
    chosen = (*range(CHOICE), *range(length - CITATION, length))
    return [CHOICE_WEIGHT if place in chosen else 1.0 for place in range(length)]


def _length(encoded: Encoded) -> int:
    return len(encoded.ids)


def _groups(encoded: Sequence[Encoded], tokens: int) -> Iterator[list[Encoded]]:
    """Runs of neighbours that fill the budget of padded tokens."""
    batch: list[Encoded] = []
    for item in encoded:
        if batch and len(item.ids) * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch
