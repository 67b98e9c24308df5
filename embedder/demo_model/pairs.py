"""Texts to learn embeddings on: queries, each with a passage that belongs to it."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from embedder.demo_model.corpus import Paragraphs, QuestionRow, sentences
from embedder.demo_model.questions import ask, telling_words
from embedder.instructions import with_title

_UTTERANCE = re.compile(r"[\"“]([^\"”“]{12,120})[\"”]")


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and a passage about the same thing."""

    query: str
    passage: str


def make_pairs(
    documents: Sequence[Paragraphs], rows: Sequence[QuestionRow], count: int, seed: int
) -> list[Pair]:
    """`count` pairs: all of `rows`, the rest made from `documents`."""
    rng = random.Random(seed)
    pairs = [_from_row(row) for row in rows]
    rng.shuffle(pairs)
    made = _from_documents(documents, rng)
    pairs = [*pairs[:count], *(next(made) for _ in range(count - len(pairs)))]
    rng.shuffle(pairs)
    return pairs


def _from_row(row: QuestionRow) -> Pair:
    return Pair(row.question, (row.context or f"{row.question} {row.answer}")[:700])


def _from_documents(documents: Sequence[Paragraphs], rng: random.Random) -> Iterator[Pair]:
    while True:
        paragraph = rng.choice(rng.choice(documents))
        parts = sentences(paragraph)
        start = rng.randrange(len(parts))
        passage = " ".join(parts[start : start + rng.randint(1, 6)])[:700]
        if len(passage) < 30:
            continue
        query = _query_for(passage, rng)
        if query:
            yield Pair(query, with_title(passage, _title_for(paragraph, rng)))


def _title_for(paragraph: str, rng: random.Random) -> str:
    """A few words of the paragraph for every fourth passage: in use, passages have titles."""
    words = telling_words(paragraph)
    return " ".join(words[: rng.randint(2, 5)]) if rng.random() < 0.25 else ""


def _query_for(passage: str, rng: random.Random) -> str | None:
    utterance = _UTTERANCE.search(passage)
    if utterance and rng.random() < 0.7:
        return utterance.group(1)  # people speaking: the short queries that prose lacks
    sentence = rng.choice(sentences(passage))
    return ask(sentence, rng) if rng.random() < 0.7 else sentence[:250]
