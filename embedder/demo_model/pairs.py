"""Texts to learn embeddings on: queries, each with a passage that belongs to it."""

import itertools
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
    documents: Sequence[Paragraphs],
    rows: Sequence[QuestionRow],
    utterances: Sequence[Sequence[str]],
    count: int,
    seed: int,
) -> list[Pair]:
    """`count` pairs: all of `rows` and `utterances`, the rest made from `documents`.

    Half of what is made is a sentence and the one after it: short texts, which the teacher reads
    quickly, and which bring rare words.
    """
    rng = random.Random(seed)
    pairs = [*(_from_row(row) for row in rows), *_from_utterances(utterances, rng)]
    rng.shuffle(pairs)
    made = _from_documents(documents, rng)
    pairs = [*pairs[:count], *(next(made) for _ in range(count - len(pairs)))]
    rng.shuffle(pairs)
    return pairs


def _from_row(row: QuestionRow) -> Pair:
    return Pair(row.question, (row.context or f"{row.question} {row.answer}")[:700])


def _from_utterances(intents: Sequence[Sequence[str]], rng: random.Random) -> Iterator[Pair]:
    """Each utterance once, with another of the same intent."""
    for utterances in intents:
        shuffled = rng.sample(utterances, len(utterances))
        yield from itertools.starmap(Pair, zip(shuffled[::2], shuffled[1::2], strict=False))


def _from_documents(documents: Sequence[Paragraphs], rng: random.Random) -> Iterator[Pair]:
    paragraphs = [paragraph for document in documents for paragraph in document]
    while True:
        paragraph = rng.choice(paragraphs)
        parts = sentences(paragraph)
        pair = _neighbours(parts, rng) if rng.random() < 0.5 else _asked(paragraph, parts, rng)
        if pair:
            yield pair


def _neighbours(parts: list[str], rng: random.Random) -> Pair | None:
    """A sentence and the next one."""
    if len(parts) < 2:
        return None
    place = rng.randrange(len(parts) - 1)
    first, second = parts[place][:300], parts[place + 1][:300]
    return Pair(first, second) if min(len(first), len(second)) >= 20 else None


def _asked(paragraph: str, parts: list[str], rng: random.Random) -> Pair | None:
    """A run of sentences, and a question or a quotation from it."""
    start = rng.randrange(len(parts))
    passage = " ".join(parts[start : start + rng.randint(1, 6)])[:700]
    query = _query_for(passage, rng) if len(passage) >= 30 else None
    return Pair(query, with_title(passage, _title_for(paragraph, rng))) if query else None


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
