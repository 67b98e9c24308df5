"""What a sentence says, as it is compared: words, names and figures by clause, and negations."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import groupby

from app.answering.check.figures import Figure, find_figures, unit_of
from app.answering.check.markers import without_markers
from retriever.words import content_words, folded

_NEGATIONS = frozenset(
    """
    not no never nor neither none nobody nothing cannot without hardly
    nicht kein keine keinen keinem keiner keines nie niemals ohne weder
    ne jamais aucun aucune sans nunca jamás ningún ninguna sin
    """.split()
)
_HAN_NEGATIONS = frozenset("不没沒无無未")
_REFERRING = frozenset(
    """
    it its he his she her they their them this that these those such both
    er sie es ihr ihre sein seine dies diese dieser dieses il elle ils elles ce cette ces
    """.split()
)
_JOINS = frozenset("and while whereas but und aber während sowie et mais y pero".split())
_CONNECTING = frozenset(
    """
    however therefore thus hence moreover furthermore additionally consequently meanwhile instead
    accordingly finally instance example summary addition contrast also
    among amongst via per upon namely called named located etc
    """.split()
)  # neither part of what is claimed, nor evidence
_ONE = frozenset("one ein eine einen einem einer un une uno una".split())
_OPENS = 3  # words within which a sentence refers back to the one before

# As in `retriever.words`; a name in Latin letters among them is a word of its own.
_SPACELESS = r"\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_LETTER = rf"(?:(?![{_SPACELESS}])[^\W_][\u0300-\u036f\u0900-\u0dff]*)"
_PIECE = re.compile(
    rf"(?P<word>{_LETTER}+(?:['’]{_LETTER}+)?|[{_SPACELESS}]+)|(?P<border>[,;:|，；：、—–]|--| - )"
)
_THIN_SPACE = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")


@dataclass(frozen=True, slots=True)
class Term:
    """A word that carries meaning, or a figure.

    Attributes:
        key: The word's stem, or two letters of a script without spaces; a figure as it is written.
        figure: What it is if it is a figure.
        name: Whether it is written like a name: "Vogt", "HTML5".
        opens: Whether the sentence begins with it, where any word is written like a name.
        clause: The how-manieth clause of the statement it stands in.
        sentence: The how-manieth sentence.
        place: The how-manieth word of the statement it is, little words counted.
    """

    key: str
    figure: Figure | None
    name: bool
    opens: bool
    clause: int
    sentence: int
    place: int


@dataclass(frozen=True, slots=True)
class Negation:
    """A "not", and what it denies: the next word of its clause, or the last one before."""

    denied: str
    clause: int


@dataclass(frozen=True)
class Statement:
    """One or more sentences, read.

    Attributes:
        terms: In order.
        negations: In order.
        words: All words as they are written, case folded, with the little ones, in order.
        referring: Numbers of the sentences that refer back to the one before ("It ...").
    """

    terms: tuple[Term, ...]
    negations: tuple[Negation, ...] = ()
    words: tuple[str, ...] = ()
    referring: frozenset[int] = frozenset()

    def __add__(self, other: "Statement") -> "Statement":
        """Both, one after the other."""
        clauses = 1 + max((term.clause for term in self.terms), default=0)
        sentences = 1 + max((term.sentence for term in self.terms), default=0)
        moved = tuple(
            replace(
                term,
                clause=term.clause + clauses,
                sentence=term.sentence + sentences,
                place=term.place + len(self.words),
            )
            for term in other.terms
        )
        return Statement(
            self.terms + moved,
            self.negations + tuple(replace(n, clause=n.clause + clauses) for n in other.negations),
            self.words + other.words,
            self.referring | {number + sentences for number in other.referring},
        )

    def holds(self, term: Term) -> bool:
        """Whether it says `term` somewhere; a figure with its unit (`Figure.backs`)."""
        if term.figure is None:
            return term.key in self.keys
        return any(_same_figure(term.figure, told) for told in self._figures) or (
            "1" in term.figure.values and not _ONE.isdisjoint(self.words)
        )

    def ties(self, one: int, other: int) -> bool:
        """Whether two sentences speak of the same: each after the first refers back."""
        first, last = sorted((one, other))
        return all(number in self.referring for number in range(first + 1, last + 1))

    @cached_property
    def keys(self) -> frozenset[str]:
        """Its words, without the figures."""
        return frozenset(term.key for term in self.terms if term.figure is None)

    @cached_property
    def clauses(self) -> list[list[Term]]:
        """The terms by clause."""
        return [list(terms) for _, terms in groupby(self.terms, key=lambda term: term.clause)]

    @cached_property
    def _figures(self) -> list[Figure]:
        """Those that it says; one that shares a unit with its neighbour ("5 to 10 kg") with it."""
        shared = {t.figure.unit for t in self.terms if t.figure}
        shared |= {unit for word in self.words if (unit := unit_of(word))}
        found: list[Figure] = []
        for clause in self.clauses:
            for term, following in zip(clause, [*clause[1:], None], strict=True):
                if term.figure is None:
                    continue
                found.append(term.figure)
                if not term.figure.unit and (following is None or following.figure):
                    found += [replace(term.figure, unit=unit) for unit in shared if unit]
        return found


def _same_figure(claimed: Figure, told: Figure) -> bool:
    return told.backs(claimed) and (not claimed.unit or claimed.unit == told.unit)


def is_letter_pair(key: str) -> bool:
    """Whether a word's key is two letters of a script without spaces."""
    return not key.isascii() and len(key) <= len("字字")


@lru_cache(maxsize=4096)
def read(sentence: str) -> Statement:
    """Read one sentence; numbers in brackets (`[2]`) are not looked at."""
    text = _THIN_SPACE.sub(",", without_markers(sentence))
    text = re.sub(r"[*`]", "", folded(text).replace("\u2212", "-"))
    reader = _Reader()
    for kind, piece in _pieces(text):
        reader.take(kind, piece)
    return reader.statement()


class _Reader:
    def __init__(self) -> None:
        self._terms: list[Term] = []
        self._words: list[str] = []
        self._negations: list[tuple[int, int]] = []  # number of terms before, clause
        self._clause = 0

    def take(self, kind: str, piece: "str | Figure") -> None:
        if isinstance(piece, Figure):
            self._words.append(kind)
            self._add(kind, piece)
        elif kind == "border":
            self._clause += 1
        else:
            self._word(piece)

    def statement(self) -> Statement:
        negations = tuple(self._negation(*negation) for negation in self._negations)
        refers = not _REFERRING.isdisjoint(self._words[:_OPENS])
        referring = frozenset({0} if refers else ())
        return Statement(tuple(self._terms), negations, tuple(self._words), referring)

    def _word(self, word: str) -> None:
        folded = word.casefold()
        if folded in _JOINS:
            self._clause += 1
        if folded == "only" and self._words[-1:] == ["not"]:
            self._negations.pop()  # "not only" says it, and more
        self._words.append(folded)
        denies = folded in _NEGATIONS or folded.endswith(("n't", "n’t"))
        if denies or (not word.isascii() and not _HAN_NEGATIONS.isdisjoint(word)):
            self._deny(word, denies)
            return
        if folded in _CONNECTING:
            return
        for key in _keys(word):
            self._add(key, None, named=word != folded or any(map(str.isdigit, word)))

    def _deny(self, word: str, whole: bool) -> None:
        if whole:
            self._negations.append((len(self._terms), self._clause))
            return
        for part in re.split(rf"([{''.join(_HAN_NEGATIONS)}])", word):
            if part in _HAN_NEGATIONS:
                self._negations.append((len(self._terms), self._clause))
            else:
                for key in _keys(part):
                    self._add(key, None)

    def _add(self, key: str, figure: Figure | None, *, named: bool = False) -> None:
        place = len(self._words) - 1
        self._terms.append(Term(key, figure, named, not self._terms, self._clause, 0, place))

    def _negation(self, before: int, clause: int) -> Negation:
        after = [term.key for term in self._terms[before:] if term.clause == clause]
        nearest = after[:1] or [term.key for term in self._terms[:before][-1:]]
        return Negation(nearest[0] if nearest else "", clause)


@lru_cache(maxsize=65536)
def _keys(word: str) -> tuple[str, ...]:
    return tuple(content_words(word))


def _pieces(text: str) -> Iterator[tuple[str, "str | Figure"]]:
    """Figures, words and borders of clauses in order; a figure comes with how it is written."""
    position = 0
    for span, figure in find_figures(text):
        yield from _words(text[position : span.start])
        yield span.of(text).casefold(), figure
        position = span.end
    yield from _words(text[position:])


def _words(text: str) -> Iterator[tuple[str, str]]:
    for match in _PIECE.finditer(text):
        yield str(match.lastgroup), match[0]
