"""Endless training examples from texts, records and documents, as an index would serve them."""

import random
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer

from embedder.chat import REFUSAL
from embedder.train.answering import texts
from embedder.train.answering.example import Asked, Example, cited
from embedder.train.answering.records import KINDS, Kind, Record, table
from embedder.train.answering.texts import Text, Told

_OPPOSITES = {
    "first": "last", "last": "first", "before": "after", "after": "before", "north": "south",
    "largest": "smallest", "highest": "lowest", "oldest": "youngest", "most": "least",
    "maximum": "minimum", "minimum": "maximum", "increase": "decrease", "born": "buried",
    "largely": "barely", "male": "female", "mother": "grandfather", "father": "sister",
    "king": "bishop", "northern": "southern", "eastern": "western", "upper": "lower",
    "won": "lost", "buy": "sell", "open": "close", "begin": "end", "east": "west",
}  # fmt: skip
_EMPHASIS = {
    "squad": 3.0, "qed": 3.0, "covid-qa": 2.0, "qamr": 0.5, "medquad": 0.4,
    "openstax-glossary": 0.4, "openstax-negative": 0.5,
}  # fmt: skip
"""What people ask in a few words counts more, whole sentences less: 1 for the sources not named."""
_CONTEXTUAL = ("qamr", "fairytaleqa")
"""Their questions ("Who did the king ask?") mean something else beside another text."""
_A_COPY = 0.8
"""Cosine of two texts' words from which on they are versions of one."""
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][\w’'-]+(?: (?:of|the|de) )? ?){1,3}(?=[ ?.,]|$)")
_NUMBER = re.compile(r"\b\d{2,4}\b")


@dataclass(frozen=True)
class Mixer:
    """Draws examples.

    Attributes:
        told: Passages with questions of people, by source; sources are drawn evenly.
        documents: Plain text, for questions by rule and for passages that nobody asks about.
        natural: Share of examples that are about `told`; the others are about records or
            documents, half each.
        related: Share of the further passages that are about what the first is about, as the
            passages that a search finds are.
        vain: Share of the questions without an answer that are kept.
    """

    told: Sequence[Text]
    documents: Sequence[list[str]]
    natural: float = 0.75
    related: float = 0.6
    vain: float = 0.6

    @cached_property
    def _sources(self) -> list[list[Text]]:
        found: dict[str, list[Text]] = {}
        for text in self.told:
            found.setdefault(text.source, []).append(text)
        return list(found.values())

    @cached_property
    def _weights(self) -> list[float]:
        """By the root of the number of questions: neither only large sources nor each alike."""
        return [
            _EMPHASIS.get(source[0].source, 1.0)
            * sum(len(text.told) + len(text.vain) for text in source) ** 0.5
            for source in self._sources
        ]

    @cached_property
    def _vectors(self) -> dict[str, Any]:
        """Words of each text, a sparse matrix a source: `[texts, words]`, rows of length 1."""
        return {
            source[0].source: TfidfVectorizer(sublinear_tf=True, stop_words="english")
            .fit_transform([" ".join(text.sentences) for text in source])
            for source in self._sources
        }  # fmt: skip

    @cached_property
    def _lengths(self) -> list[int]:
        return [len(document) for document in self.documents]

    def draw(self, seed: int) -> Iterator[Example]:
        """Examples without end; the same seed gives the same ones."""
        rng = random.Random(seed)
        while True:
            kind = rng.random()
            if kind < self.natural:
                example = self._about_texts(*self._texts(rng), rng)
            elif kind < self.natural + (1 - self.natural) / 2:
                example = self._about_records(rng)
            else:
                made = [t for t in (self._ruled(rng) for _ in range(4)) if t]
                example = self._about_texts(made[: _count(rng)], [], rng)
            asked = [a for a in example.asked if not a.refused or rng.random() < self.vain]
            if asked and example.passages:
                yield Example(example.passages, asked)

    def _texts(self, rng: random.Random) -> tuple[list[Text], list[Text]]:
        """One to five texts, in any order, some about the same things, and more about those."""
        (source,) = rng.choices(self._sources, self._weights)
        place = rng.randrange(len(source))
        near = self._near(source, place)
        found = [self._joined(source[place], source, rng)]
        for _ in range(_count(rng) - 1):
            if near and rng.random() < self.related:
                text = near.pop(rng.randrange(len(near)))
                found.append(self._joined(text, source, rng))
            else:
                found.append(self._text(rng))
        return rng.sample(found, len(found)), near

    def _near(self, source: Sequence[Text], place: int) -> list[Text]:
        """The texts that share the most words with one, but for its copies."""
        vectors = self._vectors[source[0].source]
        likeness = (vectors @ vectors[place].T).toarray()[:, 0]
        order = likeness.argsort()[::-1][:40]
        return [source[i] for i in order if i != place and 0.05 < likeness[i] < _A_COPY][:8]

    def _text(self, rng: random.Random) -> Text:
        (source,) = rng.choices(self._sources, self._weights)
        return self._joined(rng.choice(source), source, rng)

    def _joined(self, text: Text, source: Sequence[Text], rng: random.Random) -> Text:
        """The text itself, unless it is a single sentence: that gets some more round it."""
        if text.source != "qamr":
            return text
        several = [text, *(rng.choice(source) for _ in range(rng.randint(1, 4)))]
        parts = [part for each in several for part in each.sentences]
        told: list[Told] = []
        offset = 0
        for each in several:
            told += [
                Told(t.question, t.answer, t.place + offset)
                for t in rng.sample(each.told, min(2, len(each.told)))
            ]
            offset += len(each.sentences)
        return Text(parts, told, source="qamr")

    def _ruled(self, rng: random.Random) -> Text | None:
        (document,) = rng.choices(self.documents, self._lengths)
        return texts.ruled(document, rng)

    def _about_texts(
        self, chosen: Sequence[Text], near: Sequence[Text], rng: random.Random
    ) -> Example:
        """Questions that `chosen` answer, and some that only texts that are not there do."""
        passages: list[str] = []
        asked: list[Asked] = []
        for number, text in enumerate(chosen, start=1):
            passage, questions = _cut(text, number, rng)
            passages.append(passage)
            asked += questions
        everything = " ".join(passages)
        asked += _altered(asked, everything, rng)
        asked += _unanswered(near, everything, rng)
        strangers = rng.choices((0, 1, 2), (5, 4, 1))[0]
        for _ in range(strangers):
            other = self._text(rng)
            if other.told:
                question = rng.choice(other.told).question
                if len(texts.words(question) & texts.words(everything)) <= 1:
                    asked.append(Asked(question, REFUSAL))
        return Example(passages, _shuffled(asked, rng))

    def _about_records(self, rng: random.Random) -> Example:
        """Records of one kind beside each other, perhaps with a passage of running text."""
        kind = rng.choice(KINDS)
        style = rng.random()
        if style < 0.2:
            records = _distinct(kind, rng.randint(3, 6), rng)
            text, questions = table(records, rng)
            passages, asked = [text], [Asked(q, cited(a, 1)) for q, a in questions[:4]]
        else:
            records = _distinct(kind, rng.choice((1, 2, 2, 3, 3, 4)), rng)
            passages = [record.text(rng) for record in records]
            asked = [a for n, r in enumerate(records, 1) for a in r.asked(n, 3, rng)]
            asked += [record.missing(rng) for record in rng.sample(records, min(2, len(records)))]
            if style < 0.35:
                _disagree(records[0], passages, asked, rng)
        stranger = _distinct(kind, 1, rng)[0]
        if stranger.name not in {record.name for record in records}:
            asked.append(Asked(stranger.asked(1, 1, rng)[0].question, REFUSAL))
        if rng.random() < 0.35:
            text = self._text(rng)
            passage, more = _cut(text, len(passages) + 1, rng)
            passages.append(passage)
            asked += more
        return _reordered(Example(passages, _shuffled(asked, rng)), rng)


def _count(rng: random.Random) -> int:
    return rng.choices((1, 2, 3, 4, 5), (3, 2, 4, 2, 3))[0]


def _distinct(kind: Kind, count: int, rng: random.Random) -> list[Record]:
    found: dict[str, Record] = {}
    while len(found) < count:
        record = Record.draw(kind, rng)
        found.setdefault(record.name, record)
    return list(found.values())


def _disagree(record: Record, passages: list[str], asked: list[Asked], rng: random.Random) -> None:
    """A second passage about `record` that says otherwise, or the same, in one respect."""
    attribute = rng.choice([a for a in record.kind.attributes if a.label in record.told])
    value = attribute.value(rng) if rng.random() < 0.6 else record.told[attribute.label]
    name = record.name
    sentence = attribute.statement.format(x=name, X=name[:1].upper() + name[1:], v=value)
    if name.lower() not in sentence.lower():
        sentence = f"{name[:1].upper() + name[1:]}: {sentence}"
    passages.append(sentence)
    number = len(passages)
    first = record.told[attribute.label]
    reply = f"{cited(first, 1)} {cited(value, number)}"
    if value == first:
        reply = f"{first.rstrip('.')} [1][{number}]."
    question = record.question(attribute, rng)
    labels = {q.format(x=name).lower() for q in attribute.questions}
    asked[:] = [a for a in asked if a.question.lower() not in labels]
    asked.append(Asked(question, reply))


def _cut(text: Text, number: int, rng: random.Random) -> tuple[str, list[Asked]]:
    """A stretch of `text` round what is asked, laid out, with the questions that it answers.

    One time in three the sentence that answers a question is taken out.
    """
    told = rng.sample(text.told, min(5, len(text.told)))
    places = [t.place for t in told] or [0]
    first = max(0, min(places) - rng.randint(0, 4))
    last = min(len(text.sentences), max(places) + 3 + rng.randint(0, 5))
    kept = list(range(first, last))
    while sum(len(text.sentences[i]) for i in kept) > 1400 and len(kept) > 1:
        kept.pop() if kept[-1] > max(places) or len(kept) % 2 else kept.pop(0)
    told = [t for t in told if t.place in kept]
    vain = list(text.vain)
    if len(kept) >= 3 and told and rng.random() < 0.3:
        gone = rng.choice(told)
        without = " ".join(text.sentences[i] for i in kept if i != gone.place).lower()
        if not any(part.lower() in without for part in gone.answer):
            kept.remove(gone.place)
            told = [t for t in told if t.place != gone.place]
            vain.append(gone.question)
    asked = [Asked(t.question, " ".join(cited(a, number) for a in t.answer)) for t in told]
    asked += [Asked(question, REFUSAL) for question in vain]
    return _laid_out([text.sentences[i] for i in kept], rng), asked


def _laid_out(parts: Sequence[str], rng: random.Random) -> str:
    style = rng.random()
    if style < 0.1:
        return "\n".join(f"- {part}" for part in parts)
    if style < 0.2 and len(parts) > 2:
        middle = len(parts) // 2
        return " ".join(parts[:middle]) + "\n\n" + " ".join(parts[middle:])
    body = " ".join(parts)
    if style < 0.4:
        body = textwrap.fill(body, rng.randint(50, 100), break_long_words=False)
    if rng.random() < 0.15:
        heading = " ".join(sorted(texts.words(parts[0]), key=parts[0].lower().find)[:4])
        body = f"{rng.choice(('', '# ', '## '))}{heading.capitalize()}\n\n{body}"
    return body


def _unanswered(near: Sequence[Text], passages: str, rng: random.Random) -> list[Asked]:
    """Questions of texts that `passages` lack, about the same things, as a search meets them."""
    folded = passages.lower()
    found: list[Asked] = []
    for text in rng.sample(near, min(2, len(near))):
        told = rng.choice(text.told) if text.told and text.source not in _CONTEXTUAL else None
        if told is None or any(part.lower() in folded for part in told.answer):
            continue
        if texts.words(told.question) & texts.words(passages):
            found.append(Asked(told.question, REFUSAL))
    return found


def _altered(asked: Sequence[Asked], passages: str, rng: random.Random) -> list[Asked]:
    """Questions that look as if they were answered, but are about something else."""
    found: list[Asked] = []
    names = [n.strip() for n in _NAME.findall(passages)]
    for question in (a.question for a in asked if not a.refused):
        if rng.random() < 0.4:
            altered = _alter(question, names, rng)
            if altered is not None:
                found.append(Asked(altered, REFUSAL))
    return found


def _alter(question: str, names: Sequence[str], rng: random.Random) -> str | None:
    """Another name, another number, or the opposite in `question`."""
    turns = [w for w in question.split() if w.lower().strip("?,.") in _OPPOSITES]
    own = [n.strip() for n in _NAME.findall(question)]
    figures = _NUMBER.findall(question)
    ways = ["turn"] * bool(turns) + ["name"] * (2 * bool(own)) + ["figure"] * bool(figures)
    if not ways:
        return None
    way = rng.choice(ways)
    if way == "turn":
        word = rng.choice(turns)
        return question.replace(word, _OPPOSITES[word.lower().strip("?,.")], 1)
    if way == "figure":
        figure = rng.choice(figures)
        return question.replace(figure, str(int(figure) + rng.choice((-30, -7, 3, 12, 40))), 1)
    name = rng.choice(own)
    others = [n for n in names if not set(n.split()) & set(question.split())]
    if not others:
        return None
    return question.replace(name, rng.choice(others), 1)


def _shuffled(asked: Sequence[Asked], rng: random.Random) -> list[Asked]:
    """In any order, each question once, typed as people type.

    An altered question may be one that another passage answers: then it is that one.
    """
    answered_last = sorted(asked, key=lambda a: not a.refused)
    once = {a.question: Asked(_typed(a.question, rng), a.reply) for a in answered_last}
    return rng.sample(list(once.values()), len(once))


def _typed(question: str, rng: random.Random) -> str:
    if rng.random() < 0.15:
        question = question.rstrip("?. ")
    if rng.random() < 0.15:
        question = question.lower()
    if rng.random() < 0.06 and len(question) > 15:
        place = rng.randrange(5, len(question) - 5)
        a, b = question[place], question[place + 1]
        if a.isalpha() and b.isalpha():
            question = question[:place] + rng.choice((b + a, a, a + a + b)) + question[place + 2 :]
    if rng.random() < 0.04:
        kept = [w for w in question.rstrip("?").split() if w.lower() not in texts.STOP_WORDS]
        question = " ".join(kept) if len(kept) >= 3 else question
    return question


def _reordered(example: Example, rng: random.Random) -> Example:
    """The passages in another order, their numbers in the replies with them."""
    order = rng.sample(range(len(example.passages)), len(example.passages))
    number = {old + 1: new + 1 for new, old in enumerate(order)}

    def moved(reply: str) -> str:
        return re.sub(r"\[(\d+)\]", lambda m: f"[{number[int(m[1])]}]", reply)

    asked = [a if a.refused else Asked(a.question, moved(a.reply)) for a in example.asked]
    return Example([example.passages[i] for i in order], asked)
