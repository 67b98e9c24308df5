"""Passages as an index holds them: not neat paragraphs, but cut from pages as they are laid out."""

import random
import textwrap
from collections.abc import Sequence

from embedder.demo_model.corpus import Paragraphs, sentences
from embedder.demo_model.questions import telling_words

LONGEST = 1500
"""Characters."""


def excerpt(document: Paragraphs, goal: int, rng: random.Random) -> str:
    """About `goal` characters from anywhere in a document, beginning with a sentence.

    Several paragraphs if need be, some with a heading, broken lines, or as a list; now and then
    beside a table.
    """
    place = rng.randrange(len(document))
    parts = sentences(document[place])
    parts = parts[rng.randrange(len(parts)) :]
    blocks: list[str] = []
    length = 0
    while length < goal and parts:
        taken = _first(parts, goal - length)
        blocks.append(_laid_out(taken, rng))
        length += len(blocks[-1])
        place += 1
        parts = sentences(document[place]) if place < len(document) else []
    if rng.random() < 0.1:
        blocks.insert(rng.randint(0, len(blocks)), _table(document, rng))
    return "\n\n".join(blocks)[:LONGEST]


def _first(parts: Sequence[str], length: int) -> list[str]:
    """As many sentences as make `length` characters, at least one."""
    taken: list[str] = []
    for part in parts:
        if sum(map(len, taken)) >= length:
            break
        taken.append(part)
    return taken


def _laid_out(parts: Sequence[str], rng: random.Random) -> str:
    style = rng.random()
    if style < 0.15:
        text = "\n".join(f"- {part}" for part in parts)
    else:
        text = " ".join(parts)
        if style < 0.35:
            text = textwrap.fill(text, rng.randint(50, 100), break_long_words=False)
    words = telling_words(parts[0])[: rng.randint(2, 5)]
    if words and rng.random() < 0.25:
        text = f"{rng.choice(('', '# ', '## '))}{' '.join(words).capitalize()}\n\n{text}"
    return text


def _table(document: Paragraphs, rng: random.Random) -> str:
    words = telling_words(rng.choice(document)) or ["none"]
    rows = ([rng.choice(words) for _ in range(3)] for _ in range(rng.randint(2, 5)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
