"""Endless training examples of the base's main skill: answer from numbered passages, or refuse."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from embedder.chat import REFUSAL
from embedder.demo_model.corpus import Paragraphs, QuestionRow, sentences
from embedder.demo_model.excerpts import excerpt
from embedder.demo_model.questions import Maker, ask, keywords, telling_words

GOALS = (200, 400, 600, 800, 1000, 1200)
"""Lengths of passages in characters. A model that saw mostly short ones failed at long ones."""
EASY_GOALS = (100, 150, 250)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the sentence that answers it.

    Attributes:
        question: As people or rules ask it.
        sentence: Word for word from a passage; empty if no passage holds the answer.
        passage: The passage's place, from 0.
    """

    question: str
    sentence: str = ""
    passage: int = 0

    @property
    def reply(self) -> str:
        """What the model is to learn to say."""
        return f"{self.sentence} [{self.passage + 1}]" if self.sentence else REFUSAL


@dataclass(frozen=True, slots=True)
class Example:
    """Passages and several questions, each a conversation of its own about all of them."""

    passages: list[str]
    asked: list[Asked]


@dataclass(frozen=True, slots=True)
class _Source:
    """A passage and what can be asked about it: question and sentence, or question and nothing."""

    passage: str
    questions: list[tuple[str, str]]


@dataclass(frozen=True)
class ExampleMaker:
    """Draws examples from documents and question rows.

    Every passage brings its own questions, so that the same passages are asked about in several
    ways: what to attend to follows from the question alone.

    Attributes:
        documents: Where passages, and questions made by rule, come from.
        rows: Questions that people wrote, with context and answer; may be empty.
        natural: Share of passages that come from `rows`.
        unanswerable: Share of questions whose passage is left out.
    """

    documents: Sequence[Paragraphs]
    rows: Sequence[QuestionRow]
    natural: float = 0.5
    unanswerable: float = 0.2

    @cached_property
    def _weights(self) -> list[int]:
        """Draws documents by their number of paragraphs: some have two, some ten thousand."""
        return list(accumulate(len(document) for document in self.documents))

    @cached_property
    def _told(self) -> list[list[QuestionRow]]:
        """The rows that have a context by source: the small sources are the most like users."""
        sources: dict[str, list[QuestionRow]] = {}
        for row in self.rows:
            if row.context:
                sources.setdefault(row.source, []).append(row)
        return list(sources.values())

    def draw(self, seed: int) -> Iterator[Example]:
        """Examples without end; the same seed gives the same ones."""
        rng = random.Random(seed)
        while True:
            sources = self._sources(rng.choice((1, 2, 3, 3, 4, 5)), rng)
            example = _about(sources, rng)
            strangers = [
                Asked(question)
                for _ in example.asked
                if rng.random() < self.unanswerable / (1 - self.unanswerable)
                for question, _ in self._sources(1, rng)[0].questions[:1]
            ]
            if example.asked:
                yield Example(example.passages, [*example.asked, *strangers])

    def draw_easy(self, seed: int) -> Iterator[Example]:
        """The same without end, easier: keywords of a sentence, and at most three short passages.

        On these the skill of finding and copying appears several times sooner.
        """
        rng = random.Random(seed)
        while True:
            passages = [
                excerpt(self._document(rng), rng.choice(EASY_GOALS), rng)
                for _ in range(rng.randint(1, 3))
            ]
            example = _about([_source(passage, keywords, rng) for passage in passages], rng)
            if example.asked:
                yield example

    def _sources(self, count: int, rng: random.Random) -> list[_Source]:
        """From rows or documents; some from the same document, which makes a harder choice."""
        sources: list[_Source] = []
        document = self._document(rng)
        for _ in range(count):
            told = self._told and rng.random() < self.natural
            source = _from_row(rng.choice(rng.choice(self._told)), rng) if told else None
            if source is None:
                document = document if rng.random() < 0.3 else self._document(rng)
                source = _source(excerpt(document, rng.choice(GOALS), rng), ask, rng)
            sources.append(source)
        return sources

    def _document(self, rng: random.Random) -> Paragraphs:
        return rng.choices(self.documents, cum_weights=self._weights)[0]


def _about(sources: Sequence[_Source], rng: random.Random) -> Example:
    asked = [
        Asked(question, sentence, place)
        for place, source in enumerate(sources)
        for question, sentence in source.questions
    ]
    rng.shuffle(asked)
    return Example([source.passage for source in sources], asked)


def _source(passage: str, maker: Maker, rng: random.Random) -> _Source:
    """Questions about one or two sentences of a passage."""
    fitting = [s for s in map(_plain, sentences(passage)) if 30 <= len(s) <= 260]
    chosen = rng.sample(fitting, min(len(fitting), rng.randint(1, 2)))
    questions = [(maker(" ".join(sentence.split()), rng), sentence) for sentence in chosen]
    return _Source(passage, [(question, sentence) for question, sentence in questions if question])


def _plain(sentence: str) -> str:
    """Without the mark of a list item; empty if it is no sentence but a heading or a table."""
    return "" if sentence.startswith(("#", "|")) else sentence.removeprefix("- ")


def _from_row(row: QuestionRow, rng: random.Random) -> _Source | None:
    """The row's question and the part of its context that answers it, if one sentence does."""
    if not row.answer:
        return _Source(excerpt([row.context], rng.choice(GOALS), rng), [(row.question, "")])
    parts = sentences(row.context)
    best = _supporting(parts, row)
    if best is None:
        return None
    first = max(0, best - rng.randint(0, 6))
    last = min(len(parts), best + 1 + rng.randint(0, 6))
    return _Source(" ".join(parts[first:last])[:1500], [(row.question, parts[best])])


def _supporting(parts: Sequence[str], row: QuestionRow) -> int | None:
    """Which sentence of the context best supports the answer; None if none does well."""
    wanted = {w.lower() for w in telling_words(row.answer)}
    asked = {w.lower() for w in telling_words(row.question)}

    def score(part: str) -> float:
        words = {w.lower() for w in telling_words(part)}
        return 2 * len(words & wanted) / (len(wanted) or 1) + len(words & asked) / (len(asked) or 1)

    best = max(range(len(parts)), key=lambda i: score(parts[i]))
    return best if score(parts[best]) >= 0.8 and len(parts[best]) <= 400 else None
