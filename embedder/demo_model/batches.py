"""Batches of texts to embed."""

import random
from collections.abc import Iterator, Sequence

import torch
from transformers import PreTrainedTokenizerFast

from embedder import instructions
from embedder.demo_model.pairs import Pair

LONGEST_TEXT = 224
"""Tokens of a text to embed, instruction included; longer ones lose their end in training."""


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
