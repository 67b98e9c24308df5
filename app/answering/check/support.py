"""Whether one sentence of an answer is supported by the passages that it cites."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from app.answering.check.asked import lacks_office, tells_of_another_time
from app.answering.check.codes import is_about_another
from app.answering.check.contradictions import contradicts
from app.answering.check.splices import has_rival, splices
from app.answering.check.statement import Statement, Term, is_letter_pair, read
from app.answering.sentences import LIST_NUMBER, Span, sentence_spans
from retriever import Chunk

_SUPPORT = 0.7  # share of a sentence's words that its evidence must hold
_LONGEST_INVENTION = 1  # words in a row that the evidence lacks; two are news
_SHORT = 3  # words of an answer that is only a name, a date or a figure
_NEARLY = 2  # such a span may be so much longer in the passage, for each of its words
_CLAUSE = 2  # words that make a claim of its own out of a part of a sentence
_ASKED = 2  # words of a question that tell what was asked, if it has so many
_LETTER_PAIR = 0.3  # of a word, in scripts without spaces

# Where a sentence joins two that could stand alone; the second has a subject of its own.
_JOINT = re.compile(
    r";\s+|,?\s+(?:and|while|whereas|but|und|während|aber|et|mais|y|pero)\s+"
    r"(?=(?:the|a|an|its|their|der|die|das|le|la|les|el|los)\s|[A-Z\d])"
    r"|[,，；]\s*(?=[\u3400-\u9fff])"
)
# Two passages are cited for two things, wherever the sentence joins them.
_ANY_JOINT = re.compile(r",\s+|[,，；;]\s*|\s+(?:and|while|whereas|but|und|et|y)\s+")

# "According to the passage, ...", "The text says that ...": not part of what is claimed.
_ATTRIBUTION = re.compile(
    r"(?:according to|based on|as (?:stated|described|mentioned) in)\s+(?:the|this)\s+(?:\w+\s+)?"
    r"(?:passages?|documents?|texts?|sources?|context)\b,?\s*"
    r"|(?:the|this)\s+(?:passage|document|text|source|context)\s+(?:says|states|mentions|notes)"
    r"\s+(?:that\s+)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that supports the answer, and the exact place where it does.

    Attributes:
        number: As the answer writes it: `[number]`.
        chunk: The passage.
        start: Where the supporting words begin in `chunk.text`.
        end: Where they end.
    """

    number: int
    chunk: Chunk
    start: int
    end: int

    @property
    def quote(self) -> str:
        """The supporting words, exactly as they stand in the passage."""
        return self.chunk.text[self.start : self.end]

    @property
    def document_span(self) -> Span:
        """Where the supporting words stand in the document's normalised text."""
        return Span(self.chunk.start + self.start, self.chunk.start + self.end)


def supporting(
    claim: str, numbers: Sequence[int], passages: Sequence[Chunk], asked: str = ""
) -> list[Citation]:
    """The citations that `claim` rests on, in the order of `numbers`; none if it is not supported.

    One sentence of a cited passage, or two neighbouring ones, must hold the claim's names and
    figures, nearly all its words, and nothing that speaks against it; the passage's title and
    headings help. A claim of several main clauses may rest on a sentence for each.

    Args:
        claim: One sentence; numbers in brackets are not looked at.
        numbers: Those it cites: `n` is the n-th of `passages`, from 1.
        passages: What the model was given.
        asked: The question, which a short answer completes.
    """
    cited = [(number, passages[number - 1]) for number in numbers]
    attributed = _ATTRIBUTION.match(claim)
    claim = claim[attributed.end() :] if attributed else claim
    joint = _JOINT if len(cited) == 1 else _ANY_JOINT
    for parts in ([claim], _clauses(claim, joint)):
        rests = [_citations(part, cited, asked) for part in parts]
        if all(rests):
            found = dict.fromkeys(citation for citations in rests for citation in citations)
            return sorted(found, key=lambda citation: numbers.index(citation.number))
    return []


def _clauses(claim: str, joint: re.Pattern[str]) -> list[str]:
    parts = joint.split(claim)
    return parts if all(_states_something(read(part)) for part in parts) else [claim]


def _states_something(part: Statement) -> bool:
    return len(part.terms) >= _CLAUSE and not all(term.name for term in part.terms)


def _citations(part: str, cited: Sequence[tuple[int, Chunk]], asked: str) -> list[Citation]:
    listed = LIST_NUMBER.match(part)
    claim = read(part[listed.end() :] if listed else part)
    places = [(number, chunk, _place(claim, chunk, asked)) for number, chunk in cited]
    return [Citation(number, chunk, *place) for number, chunk, place in places if place]


def _place(claim: Statement, chunk: Chunk, asked: str) -> Span | None:
    """The sentence of `chunk` that supports `claim` best, or two neighbouring ones."""
    question = read(asked) if asked and len(claim.terms) <= _SHORT else None
    spans = sentence_spans(chunk.text) or [Span(0, len(chunk.text))]
    sentences = [read(span.of(chunk.text)) for span in spans]
    judge = _Judge(claim, [read(line) for line in chunk.above], sentences)
    singles = [
        (judge.share(sentence), span)
        for number, (span, sentence) in enumerate(zip(spans, sentences, strict=True))
        if judge.accepts(sentence)
        and not _is_off(asked, chunk, span)
        and not (question and _answers_another(question, claim, number, sentences))
        and not (question and lacks_office(asked, _told(chunk, number, spans, sentence)))
    ]
    if singles:
        return max(singles, key=lambda single: single[0])[1]
    pairs = (
        (Span(first.start, last.end), one, other)
        for (first, one), (last, other) in pairwise(zip(spans, sentences, strict=True))
    )
    return next(
        (
            span
            for span, one, other in pairs
            if judge.accepts_both(one, other) and not _is_off(asked, chunk, span)
        ),
        None,
    )


def _is_off(asked: str, chunk: Chunk, span: Span) -> bool:
    """Whether a sentence tells of another code or time than the one that `asked` names."""
    above = "\n".join(chunk.above)
    return is_about_another(asked, chunk.text, span, above) or tells_of_another_time(
        asked, span.of(chunk.text), above
    )


def _told(chunk: Chunk, number: int, spans: Sequence[Span], sentence: Statement) -> str:
    """A sentence with what it refers back to, and with what is above it."""
    start = spans[max(0, number - 1) if sentence.referring else number].start
    return "\n".join([*chunk.above, chunk.text[start : spans[number].end]])


def _answers_another(
    question: Statement, claim: Statement, number: int, sentences: Sequence[Statement]
) -> bool:
    """Whether a short answer stands in one sentence, and what was asked in another, with a rival.

    Asked for the secretary, "Ms Vogt" is no answer out of "The treasurer of the club is Ms Vogt" if
    "The secretary of the club is Mr Anders" stands there, too.
    """
    home = sentences[number]
    if splices(_as_one(question, claim), home):
        return True
    here = _asked_in(question, home) | (
        _asked_in(question, sentences[number - 1]) if home.referring and number else set()
    )
    least = min(_ASKED, len(question.keys))
    named = replace(claim, terms=tuple(t for t in claim.terms if not _only_opens(t, sentences)))
    return any(
        here < there and len(there) >= least and has_rival(named, other)
        for other in sentences
        if (there := _asked_in(question, other))
    )


def _asked_in(question: Statement, sentence: Statement) -> set[str]:
    return {term.key for term in question.terms if sentence.holds(term)}


def _as_one(question: Statement, claim: Statement) -> Statement:
    """A short answer with the words of its question, as one clause."""
    terms = (question + claim).terms
    return Statement(tuple(replace(term, clause=0, sentence=0) for term in terms))


class _Judge:
    """Judges whether sentences of a passage support a claim.

    Args:
        claim: To be supported.
        around: The passage's title and headings.
        sentences: Of the passage: whether a word is a name shows in how it is written elsewhere.
    """

    def __init__(
        self, claim: Statement, around: Sequence[Statement], sentences: Sequence[Statement]
    ) -> None:
        self._claim = claim
        self._around = [any(one.holds(term) for one in around) for term in claim.terms]
        self._strict = [
            term.figure is not None or (term.name and not _only_opens(term, sentences))
            for term in claim.terms
        ]

    def share(self, window: Statement) -> float:
        """How many words of the claim `window` holds; the longer match wins, not the heading."""
        return sum(window.holds(term) for term in self._claim.terms)

    def accepts(self, window: Statement) -> bool:
        """Whether `window` supports the claim."""
        if window.words == self._claim.words:
            return True
        own = [window.holds(term) for term in self._claim.terms]
        held = [one or around for one, around in zip(own, self._around, strict=True)]
        return (
            any(own)
            and sum(held) >= _SUPPORT * len(held)
            and all(ok or not strict for ok, strict in zip(held, self._strict, strict=True))
            and not self._invents(held)
            and self._is_near(window)
            and not contradicts(self._claim, window)
        )

    def accepts_both(self, one: Statement, other: Statement) -> bool:
        """Whether two sentences in a row support the claim, and neither would do without the other.

        A sentence about "her" that the next does not go on with is about somebody before.
        """
        if not other.referring and (one.referring or self._parts_subject(one, other)):
            return False
        both = one + other
        more = self.share(both) > max(self.share(one), self.share(other))
        return more and self.accepts(both)

    def _parts_subject(self, one: Statement, other: Statement) -> bool:
        """Whether the claim takes what a sentence says, and puts another's subject before it.

        The words of one sentence come first in it then, those of the other last; and what the
        other one begins with is left out: "Ducks are small. Some geese eat fish." does not say that
        ducks eat fish. "The pump has a warranty. Frost damage is excluded." may be put together.
        """
        terms = self._claim.terms
        first = [i for i, term in enumerate(terms) if one.holds(term) and not other.holds(term)]
        last = [i for i, term in enumerate(terms) if other.holds(term) and not one.holds(term)]
        if not first or not last:
            return False
        opens = bool(other.terms) and self._claim.holds(other.terms[0])
        return last[-1] < first[0] or (first[-1] < last[0] and not opens)

    def _invents(self, held: Sequence[bool]) -> bool:
        """Whether the claim says things in a row, or in a clause, of which nothing is held."""
        told = list(zip(self._claim.terms, held, strict=True))
        for found, run in groupby(told, key=lambda each: each[1]):
            if not found and sum(_weight(term) for term, _ in run) > _LONGEST_INVENTION:
                return True
        clauses = [list(clause) for _, clause in groupby(told, key=lambda each: each[0].clause)]
        return any(not any(found for _, found in clause) for clause in clauses[1:])

    def _is_near(self, window: Statement) -> bool:
        """Whether a short answer, or each part of it ("2012 and 2016"), stands in one place."""
        if len(self._claim.terms) > _SHORT:
            return True
        return all(_stands_together(part, window) for part in self._claim.clauses)


def _stands_together(terms: Sequence[Term], window: Statement) -> bool:
    places = [[i for i, told in enumerate(window.terms) if told.key == t.key] for t in terms]
    found = [place for place in places if place]
    return not found or any(
        all(any(abs(place - start) <= _NEARLY * len(terms) for place in each) for each in found)
        for start in found[0]
    )


def _only_opens(term: Term, sentences: Sequence[Statement]) -> bool:
    """Whether a word opens a claim, and is a name nowhere within a sentence."""
    uses = [
        told.name
        for sentence in sentences
        for told in sentence.terms
        if told.key == term.key and not told.opens
    ]
    return term.opens and term.figure is None and not (uses and all(uses))


def _weight(term: Term) -> float:
    return _LETTER_PAIR if is_letter_pair(term.key) else 1
