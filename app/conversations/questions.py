"""Questions that a reader might begin with, made from what the documents state.

"The typewriter was patented by Sholes." answers "Who patented the typewriter?": a statement of one
of these shapes is turned round, and a heading that is a question is one. Other languages than
English have only those.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from typing import NamedTuple

from app.answering.sentences import sentence_spans
from retriever import Chunk, DocumentRecord, Index
from retriever.words import content_words

_OF_EACH = 4
_PASSAGES = 60  # of a document that are looked at
_LONGEST = 80  # characters of a question
_LONGEST_STATEMENT = 240

_NUMBER = r"(?:\d[\d.,]*|two|three|four|five|six|seven|eight|nine|ten|twelve)"
_UNIT = r"(?:second|minute|hour|day|week|month|year)s?"
_DONE = r"(?:\w+ed|built|cut|founded|given|held|kept|made|sent|sold|spoken|taken|written)"

_SHAPES = [
    (rf"(?P<be>was|were) (?P<do>{_DONE}) by (?:the |an? )?[A-Z]", "Who {do} {it}?"),
    (rf"(?P<be>was|were) (?P<do>{_DONE}) (?:\w+ ){{0,3}}in \d{{4}}\b", "When {be} {it} {do}?"),
    (rf"takes (?:\w+ ){{0,2}}{_NUMBER} {_UNIT}", "How long does {it} take?"),
    (rf"lasts (?:\w+ ){{0,2}}{_NUMBER} {_UNIT}", "How long does {it} last?"),
    (r"costs (?:\w+ ){0,2}[^\w\s]?\d", "How much does {it} cost?"),
    (r"pay (?:\w+ ){0,4}[^\w\s]?\d", "How much do {it} pay?"),
    (r"(?P<do>open|close|start|begin|end)s (?:at|on) \w*\d", "When does {it} {do}?"),
    (r"(?P<be>is|are) due (?:on|by|at)\b", "When {be} {it} due?"),
    (r"(?P<be>is|are) (?P<do>forbidden|closed) (?:in|on|at|when)\b", "When {be} {it} {do}?"),
    (
        r"(?P<be>is|are) (?P<do>stored|kept|located|situated) (?:at|in|on|under|beside) the\b",
        "Where {be} {it} {do}?",
    ),
    (r"(?P<be>is|are) (?P<do>\w+ed) (?:with|by means of)\b", "How {be} {it} {do}?"),
    (r"consists of", "What does {it} consist of?"),
    (r"stands for", "What does {it} stand for?"),
    (r"(?P<be>is|are) used (?:for|to) \w", "What {be} {it} used for?"),
    (r"(?P<be>is|are) (?:an?|the|to) \w", "What {be} {it}?"),
    (
        r"(?P<do>allow|contain|cover|describe|need|provide|require|support)s \w",
        "What does {it} {do}?",
    ),
]
_STATEMENTS = [(re.compile(f"(?P<it>.+?) {shape}"), question) for shape, question in _SHAPES]

# What a statement is about must say by itself what it is: no "it", no subordinate clause, and no
# heading before it ("Summary The module").
_SUBJECT = re.compile(
    r"(?!(?:About|After|At|Before|By|During|For|From|In|On|Of|To|Under|With)\b)"
    r"(?:The |An? )?\w[\w'’-]*(?: (?!(?:The|An?)\b)[\w'’-]+){0,5}"
)
_NO_SUBJECT = re.compile(
    r"(?i)\b(?:he|she|it|its|they|their|them|this|that|these|those|there|here|we|our|us|you|your|i"
    r"|my|who|whoever|which|what|when|where|while|if|how|why|although|because|since|and|or|but|not"
    r"|each|both|some|one|another|such|other|others|more|most|all|anyone|someone|first|second"
    r"|following|same|former|latter|also|then|example|section|figure|table|chapter|is|are|was"
    r"|were|be|been|has|have|had|can|may|must|will|would|should|could|do|does|did)\b"
)


class Candidate(NamedTuple):
    """A question that a document should answer.

    Attributes:
        source: The document's path.
        question: As a reader would ask it.
        statement: What answers it, as it stands there; empty for a heading.
    """

    source: str
    question: str
    statement: str


def questions(documents: Sequence[DocumentRecord], index: Index) -> Iterator[Candidate]:
    """Questions about each document; one of every document before a second one, none twice."""
    asked: set[str] = set()
    of_each = [
        islice(_questions(record.source, index.chunks(record.document_id)), _OF_EACH)
        for record in documents
    ]
    for turn in zip_longest(*of_each):
        for candidate in turn:
            if candidate is not None and candidate.question not in asked:
                asked.add(candidate.question)
                yield candidate


def _questions(source: str, chunks: Sequence[Chunk]) -> Iterator[Candidate]:
    """Those of one document; no two of one shape."""
    chunks = chunks[:_PASSAGES]
    headings = dict.fromkeys(heading for chunk in chunks for heading in chunk.headings[-1:])
    for heading in headings:
        if heading.endswith("?") and len(heading) <= _LONGEST and len(content_words(heading)) > 1:
            yield Candidate(source, heading, "")
    words = {word for chunk in chunks for word in re.findall(r"\w+", chunk.text)}
    seen: set[str] = set()
    for chunk in chunks:
        for span in sentence_spans(chunk.text):
            statement = span.of(chunk.text)
            found = _turned(" ".join(statement.split()), words)
            if found is not None and found[0] not in seen:
                seen.add(found[0])
                yield Candidate(source, found[1], statement)


def _turned(statement: str, words: set[str]) -> tuple[str, str] | None:
    """The shape of a statement, and the question that it answers, if it has one of the shapes."""
    if len(statement) > _LONGEST_STATEMENT or not statement.endswith("."):
        return None
    for pattern, shape in _STATEMENTS:
        match = pattern.match(statement)
        if match is None or not _is_subject(match["it"]):
            continue
        question = shape.format(**{**match.groupdict(), "it": _inside(match["it"], words)})
        return (shape, question) if len(question) <= _LONGEST else None
    return None


def _is_subject(text: str) -> bool:
    return (
        bool(_SUBJECT.fullmatch(text))
        and _NO_SUBJECT.search(text) is None
        and bool(content_words(text))
    )


def _inside(subject: str, words: set[str]) -> str:
    """A statement's first words as they stand inside a sentence; names keep their capital."""
    first = subject.split(" ", 1)[0]
    lower = first.lower()
    is_name = lower not in ("the", "a", "an") and lower not in words
    return subject if is_name else lower + subject[len(first) :]
