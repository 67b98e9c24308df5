"""Batches for pretraining: conversations to continue, and texts to embed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerFast

from embedder import instructions
from embedder.chat import grounded_messages
from embedder.demo_model.examples import Example, ExampleMaker
from embedder.demo_model.pairs import Pair
from embedder.demo_model.tokenizer import TURN_END
from embedder.prompt import Prompter

LONGEST_EXAMPLE = 1900
"""Tokens; the few longer examples are left out."""
LONGEST_TEXT = 224
"""Tokens of a text to embed, instruction included; longer ones lose their end in training."""
CHOICE, CITATION = 6, 4
"""Tokens at the beginning of a reply, by which its sentence is chosen, and of ` [1]` at its end."""
CHOICE_WEIGHT = 4.0
ROUND = 96
"""Examples that are drawn together and sorted by length."""


@dataclass(frozen=True, slots=True)
class Conversations:
    """Token ids, padded right, and what is trained; all `[batch, longest]`.

    Attributes:
        ids: Of whole conversations.
        reply: Weight of a token's prediction in the loss of the reply; 0 outside of it. Where to
            begin copying and which number to cite weigh more than to go on copying, of which there
            is so much that it would be learned alone.
        prompt: Which tokens of the prompt are trained on, too: a random few.
    """

    ids: torch.Tensor
    reply: torch.Tensor
    prompt: torch.Tensor


class ConversationBatches:
    """Endless batches of examples of similar length; each round has a seed of its own."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        examples: ExampleMaker,
        tokens: int,
        prompt_share: float,
    ) -> None:
        self._prompter = Prompter(tokenizer)
        self._end = tokenizer(TURN_END).input_ids
        self._examples = examples
        self._tokens = tokens
        self._prompt_share = prompt_share

    def round(self, seed: int, *, easy: bool) -> list[Conversations]:
        """The batches of one round, in random order."""
        source = self._examples.draw_easy(seed) if easy else self._examples.draw(seed)
        encoded = [self._encode(next(source)) for _ in range(ROUND)]
        fitting = sorted((e for e in encoded if len(e[0]) <= LONGEST_EXAMPLE), key=_length)
        batches = list(_groups(fitting, self._tokens))
        random.Random(seed).shuffle(batches)
        generator = torch.Generator().manual_seed(seed)
        return [self._collate(batch, generator) for batch in batches]

    def _encode(self, example: Example) -> tuple[list[int], int]:
        """Token ids of a whole conversation, and where the reply begins."""
        head = self._prompter.prompt_ids(grounded_messages(example.question, example.passages))
        reply = self._prompter.text_ids(example.reply)
        return [*head, *reply, *self._end], len(head)

    def _collate(
        self, batch: list[tuple[list[int], int]], generator: torch.Generator
    ) -> Conversations:
        longest = max(len(ids) for ids, _ in batch)
        ids = torch.zeros(len(batch), longest, dtype=torch.long)
        reply = torch.zeros(len(batch), longest)
        prompt = torch.zeros(len(batch), longest, dtype=torch.bool)
        for row, (tokens, start) in enumerate(batch):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            prompt[row, 1:start] = True
            reply[row, start : len(tokens)] = 1
            reply[row, start : start + CHOICE] = CHOICE_WEIGHT
            reply[row, max(start, len(tokens) - CITATION) : len(tokens)] = CHOICE_WEIGHT
        few = torch.rand(ids.shape, generator=generator) < self._prompt_share
        return Conversations(ids, reply, prompt & few)


class PairBatches:
    """Batches of pairs of about one length, each a random window of pairs sorted by length."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, pairs: Sequence[Pair], tokens: int
    ) -> None:
        self._tokenizer = tokenizer
        self._queries = [instructions.QUERY + pair.query for pair in pairs]
        self._passages = [instructions.DOCUMENT + pair.passage for pair in pairs]
        self._tokens = tokens

    def choose(self, seed: int, fewest: int = 24) -> range:
        """Neighbouring pairs that fill the budget of tokens, and at least `fewest`."""
        start = random.Random(seed).randrange(max(1, len(self._queries) - fewest))
        characters = len(self._queries[start]) + len(self._passages[start])
        count = max(fewest, int(self._tokens / (characters / 4.5 + 24)))
        return range(start, min(start + count, len(self._queries)))

    def texts(self, chosen: range) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Right-padded ids `[n, longest]` and lengths `[n]` of the queries, then the passages."""
        for side in (self._queries, self._passages):
            batch = self._tokenizer(
                side[chosen.start : chosen.stop],
                padding=True,
                padding_side="right",
                truncation=True,
                max_length=LONGEST_TEXT,
                return_tensors="pt",
            )
            yield batch["input_ids"], batch["attention_mask"].sum(dim=1)


def _length(encoded: tuple[list[int], int]) -> int:
    return len(encoded[0])


def _groups(
    encoded: Sequence[tuple[list[int], int]], tokens: int
) -> Iterator[list[tuple[list[int], int]]]:
    """Runs of neighbours that fill the budget of padded tokens."""
    batch: list[tuple[list[int], int]] = []
    for item in encoded:
        if batch and len(item[0]) * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch
