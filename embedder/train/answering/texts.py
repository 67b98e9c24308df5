"""Passages with questions that people asked about them, read from question sets."""

import json
import lzma
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedder.errors import DataError
from embedder.jsonl import bad_line, read_objects
from embedder.train.answering.rules import ask

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[\"“‘(]*[A-Z0-9])|\s*\n\s*\n\s*")
_WORD = re.compile(r"\w+")
_MOST_WORDS = 16
"""Of an answer that counts as short: longer ones are sentences."""

STOP_WORDS = frozenset(
    """
    a about after all also am an and any are as at be been before being between but by can could
    did do does during each for from had has have he her here him his how i if in into is it its
    may might more most must my no not of on only or other our out over she should so some such
    than that the their them then there these they this those through to up was we were what when
    where which who whom whose why will with would you your many much
    """.split()
)


@dataclass(frozen=True, slots=True)
class Told:
    """A question, and where its passage answers it.

    Attributes:
        question: As a person asked it.
        answer: Word for word from the passage; several sentences are several strings.
        place: The sentence of the passage that holds the answer, from 0.
    """

    question: str
    answer: tuple[str, ...]
    place: int


@dataclass(frozen=True, slots=True)
class Text:
    """A passage as its sentences, what is asked about it, and what is asked in vain."""

    sentences: list[str]
    told: list[Told]
    vain: list[str] = field(default_factory=list)
    source: str = ""


def sentences(text: str) -> list[str]:
    """Split at sentence ends that a capital letter or a digit follows, and at blank lines."""
    return [s.strip() for s in _SENTENCE_END.split(text) if s and s.strip()]


def words(text: str) -> set[str]:
    """Its lower-case words that are no stop words."""
    return {w for w in _WORD.findall(text.lower()) if w not in STOP_WORDS}


def read_texts(file: Path) -> list[Text]:
    """Read JSON lines, gzipped or not.

    A line is a row (`source`, `context`, `question`, `answer`, `is_answerable`) or a context with
    several (`source`, `context`, `questions`: a list of `question` and `answer`, which is empty or
    missing where the context does not tell).

    Raises:
        DataError: The file cannot be read, or a line is something else; the text names it.
    """
    found: list[Text | None] = []
    for number, row in read_objects(file, ["source", "context"]):
        try:
            found.append(_text(row))
        except (KeyError, TypeError, AttributeError) as error:
            expected = "question, answer and is_answerable, or questions"
            raise bad_line(file, number, expected, json.dumps(row)) from error
    return [text for text in found if text is not None]


def _text(row: dict[str, Any]) -> Text | None:
    context = _plain(row["context"])
    if not context:
        return None
    parts = sentences(context)
    if "questions" in row:
        asked = [(q["question"], q.get("answer", "")) for q in row["questions"]]
        told = [t for t in (_told(q, a, parts, row["source"]) for q, a in asked if a) if t]
        vain = [question.strip() for question, answer in asked if not answer]
        return Text(parts, told, vain, row["source"]) if told or vain else None
    source = row["source"]
    if not row["is_answerable"]:
        return Text(parts, [], [row["question"].strip()], source)
    if source == "medquad":
        told = _opening(row["question"], parts)
    elif source == "openstax-glossary":
        told = _defining(row["question"], _plain(row["answer"]), parts)
    elif source == "openstax-exercise":
        told = None  # their answers are not in the words of the passage
    else:
        told = _told(row["question"], row["answer"], parts, source)
    return Text(parts, [told], source=source) if told else None


def _plain(text: str) -> str:
    """Tokenized text as it was written, on as few lines as it has paragraphs."""
    text = text.replace("``", '"').replace("''", '"')
    text = re.sub(r"\s+([.,;:!?)\]%]|'s\b|n't\b)", r"\1", text)
    text = re.sub(r"([(\[$])\s+", r"\1", text)
    text = re.sub(r'" ([^"]*?) "', r'"\1"', text)
    return re.sub(r"[ \t]+", " ", re.sub(r"\s*\n\s*\n\s*", "\n\n", text)).strip()


def _told(question: str, answer: str, parts: list[str], source: str) -> Told | None:
    """A short answer that stands word for word in one sentence; None for hopeless questions."""
    question, answer = _plain(question), _plain(answer).strip(" .,;")
    if not answer or len(answer.split()) > _MOST_WORDS or len(question.split()) < 3:
        return None
    folded = answer.lower()
    places = [i for i, part in enumerate(parts) if folded in part.lower()]
    if not places:
        return None
    about = words(question) - words(answer)
    best = max(places, key=lambda i: len(about & words(parts[i])))
    shared = len(about & words(parts[best]))
    if source == "qamr" and (shared < 2 or len(question.split()) < 5):
        return None
    start = parts[best].lower().find(folded)
    return Told(question, (parts[best][start : start + len(answer)],), best)


def _opening(question: str, parts: list[str]) -> Told | None:
    """An answer that begins where the passage begins: its first one to three sentences."""
    count = 1 + len(question) % 3
    first = [part for part in parts[:count] if 20 <= len(part) <= 260]
    if not first or parts[0] not in first:
        return None
    return Told(" ".join(question.split()).replace(" ?", "?"), tuple(first), 0)


def _defining(question: str, definition: str, parts: list[str]) -> Told | None:
    """The sentence of the passage that says what the glossary says of its term."""
    wanted, term = words(definition), words(question) - {"define", "explain", "term", "mean"}
    if not wanted or not term:
        return None

    def score(part: str) -> float:
        found = words(part)
        return 2 * len(found & wanted) / len(wanted) + len(found & term) / len(term)

    best = max(range(len(parts)), key=lambda i: score(parts[i]))
    good = score(parts[best]) >= 1.3 and 30 <= len(parts[best]) <= 300
    return Told(question, (parts[best],), best) if good else None


def read_documents(file: Path) -> Iterator[list[str]]:
    """Documents of plain text, perhaps `.xz`: a paragraph a line, a blank line between documents.

    Raises:
        DataError: The file cannot be read as UTF-8.
    """
    opener = lzma.open if file.suffix == ".xz" else open
    document: list[str] = []
    try:
        with opener(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                paragraph = line.strip()
                if paragraph:
                    document.append(paragraph)
                elif document:
                    yield document
                    document = []
    except (OSError, UnicodeDecodeError, EOFError, lzma.LZMAError) as error:
        msg = f"{file} cannot be read: expected text in UTF-8, a paragraph a line ({error})"
        raise DataError(msg) from error
    if document:
        yield document


def ruled(document: list[str], rng: random.Random) -> Text | None:
    """A stretch of a document, with questions made by rule."""
    start = rng.randrange(len(document))
    parts: list[str] = []
    goal = rng.choice((300, 500, 700, 900))
    for paragraph in document[start:]:
        if "[formula]" in paragraph:
            continue
        parts += [s for s in sentences(paragraph) if len(s) <= 400]
        if sum(map(len, parts)) >= goal:
            break
    while parts and sum(map(len, parts)) > 1.3 * goal:
        parts.pop()
    told: list[Told] = []
    for place in rng.sample(range(len(parts)), len(parts)):
        made = ask(parts[place], rng) if 40 <= len(parts[place]) <= 300 else None
        if made is not None and sum(made[1] in part for part in parts) == 1:
            told.append(Told(made[0], (made[1],), place))
        if len(told) == 3:
            break
    return Text(parts, told, source="ruled") if told else None
