"""Endless training examples of the base's main skill: answer from numbered passages, or refuse."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from embedder.chat import REFUSAL
from embedder.demo_model.corpus import Paragraphs, QuestionRow, sentences
from embedder.demo_model.questions import Maker, ask, keywords, telling_words

GOALS = (150, 200, 250, 300, 400, 600, 1200)
"""Lengths of passages in characters; short ones are drawn more often."""
EASY_GOALS = (100, 150, 250)


@dataclass(frozen=True, slots=True)
class Example:
    """A question, the passages to answer it from, and the reply to learn."""

    question: str
    passages: list[str]
    reply: str


@dataclass(frozen=True)
class ExampleMaker:
    """Draws examples from documents and question rows.

    Attributes:
        documents: Where passages, and questions made by rule, come from.
        rows: Questions that people wrote, with context and answer; may be empty.
        natural: Share of examples that come from `rows`.
        unanswerable: Share of examples whose passages do not hold the answer.
    """

    documents: Sequence[Paragraphs]
    rows: Sequence[QuestionRow]
    natural: float = 0.3
    unanswerable: float = 0.2

    @cached_property
    def _weights(self) -> list[int]:
        """Draws documents by their number of paragraphs: some have two, some ten thousand."""
        return list(accumulate(len(document) for document in self.documents))

    def draw(self, seed: int) -> Iterator[Example]:
        """Examples without end; the same seed gives the same ones."""
        rng = random.Random(seed)
        while True:
            example = self._from_row(rng) if rng.random() < self.natural else self._from_text(rng)
            if example:
                yield example

    def draw_easy(self, seed: int) -> Iterator[Example]:
        """The same without end, easier: keywords of a sentence, and at most three short passages.

        On these the skill of finding and copying appears several times sooner.
        """
        rng = random.Random(seed)
        while True:
            core = self._asked(_window(self._paragraph(rng), rng, EASY_GOALS), keywords, rng)
            if core:
                others = [
                    _window(self._paragraph(rng), rng, EASY_GOALS) for _ in range(rng.randint(0, 2))
                ]
                yield _hidden(core, others, rng)

    def _from_text(self, rng: random.Random) -> Example | None:
        document = rng.choices(self.documents, cum_weights=self._weights)[0]
        core = self._asked(_window(rng.choice(document), rng), ask, rng)
        return self._compose(core, document, rng) if core else None

    def _paragraph(self, rng: random.Random) -> str:
        return rng.choice(rng.choices(self.documents, cum_weights=self._weights)[0])

    def _asked(self, passage: str, maker: Maker, rng: random.Random) -> Example | None:
        fitting = [s for s in sentences(passage) if 30 <= len(s) <= 260]
        sentence = rng.choice(fitting) if fitting else ""
        question = maker(sentence, rng)
        return Example(question, [passage], sentence) if question else None

    def _from_row(self, rng: random.Random) -> Example | None:
        row = rng.choice(self.rows) if self.rows else None
        if row is None or not row.context:
            return None
        if not row.answer:
            others = [_window(self._paragraph(rng), rng) for _ in range(rng.randint(0, 2))]
            passages = [_window(row.context, rng), *others]
            rng.shuffle(passages)
            return Example(row.question, passages, REFUSAL)
        found = _supporting_window(row, rng)
        if not found:
            return None
        passage, sentence = found
        neighbours = rng.choice(self.documents)
        return self._compose(Example(row.question, [passage], sentence), neighbours, rng)

    def _compose(self, core: Example, neighbours: Paragraphs, rng: random.Random) -> Example:
        """Hide the one passage of `core` among others, or leave it out and refuse."""
        others = [self._other(neighbours, rng) for _ in range(rng.choice((0, 1, 2, 2, 3, 4)))]
        if rng.random() < self.unanswerable:
            return Example(core.question, others or [self._other(neighbours, rng)], REFUSAL)
        return _hidden(core, others, rng)

    def _other(self, neighbours: Paragraphs, rng: random.Random) -> str:
        """A passage from the same document (a harder choice) or from any."""
        if rng.random() < 0.3:
            return _window(rng.choice(neighbours), rng)
        return _window(self._paragraph(rng), rng)


def _hidden(core: Example, others: list[str], rng: random.Random) -> Example:
    """`core` with its one passage at a random place among `others`, cited in the reply."""
    place = rng.randint(0, len(others))
    passages = [*others[:place], *core.passages, *others[place:]]
    return Example(core.question, passages, f"{core.reply} [{place + 1}]")


def _window(paragraph: str, rng: random.Random, goals: Sequence[int] = GOALS) -> str:
    """A run of sentences of about one of `goals` characters."""
    parts = sentences(paragraph)
    start = rng.randrange(len(parts))
    goal = rng.choice(goals)
    text = parts[start]
    for part in parts[start + 1 :]:
        if len(text) >= goal:
            break
        text += " " + part
    return text[:2000]


def _supporting_window(row: QuestionRow, rng: random.Random) -> tuple[str, str] | None:
    """The sentence of the context that best supports the answer, within a run of its neighbours."""
    parts = sentences(row.context)
    wanted = {w.lower() for w in telling_words(row.answer)}
    asked = {w.lower() for w in telling_words(row.question)}

    def score(part: str) -> float:
        words = {w.lower() for w in telling_words(part)}
        return 2 * len(words & wanted) / (len(wanted) or 1) + len(words & asked) / (len(asked) or 1)

    best = max(range(len(parts)), key=lambda i: score(parts[i]))
    if score(parts[best]) < 0.8 or len(parts[best]) > 400:
        return None
    first = max(0, best - rng.randint(0, 3))
    last = min(len(parts), best + 1 + rng.randint(0, 3))
    return " ".join(parts[first:last])[:1500], parts[best]
