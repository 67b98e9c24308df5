"""What speaks against a claim although its words stand in the evidence: they stand in other places.

Each test is one of word order and little words, without knowledge of the world: a negation that
was dropped or added, a word in another's place, a figure or name of another clause, an opposite.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from app.answering.statement import Statement, Term

_OPPOSITES = [
    (frozenset(one.split()), frozenset(other.split()))
    for one, other in (
        line.split("|")
        for line in """
        more greater|less fewer
        most|least fewest
        higher|lower
        larger bigger|smaller
        longer|shorter
        faster quicker|slower
        better|worse
        older|younger newer
        before earlier|after later
        above over|below under
        all every always|some many most few several often sometimes usually typically
        must shall required|may might can could optional should
        minimum|maximum
        increase increases increased rise rises rose|decrease decreases decreased fall falls fell
        allowed permitted|forbidden prohibited
        mehr|weniger
        höher größer|niedriger kleiner
        vor|nach
        muss müssen|kann können darf dürfen
        """.strip().splitlines()
    )
]
_SLOT = 2  # matched words on a side that make a place out of a gap


def contradicts(claim: Statement, evidence: Statement) -> bool:
    """Whether `evidence` says something else than `claim` with the same words."""
    tests: tuple[Callable[[Statement, Statement], bool], ...] = (
        _negates,
        _says_the_opposite,
        _replaces,
        _turns_round,
        splices,
    )
    return any(test(claim, evidence) for test in tests)


def splices(claim: Statement, evidence: Statement) -> bool:
    """Whether a clause of `claim` joins a figure or name with words that belong to another one.

    "Basic costs 20 and Max 55 euros" holds all of "Basic costs 55 euros". But "Basic" stands in a
    clause that has a price of its own, and the clause of 55 has something else to say.
    """
    return any(
        _Anchor(anchor, part, evidence).is_foreign_to(word)
        for part in claim.clauses
        for anchor in part
        if anchor.figure or anchor.name
        for word in part
        if word is not anchor
    )


def has_rival(claim: Statement, evidence: Statement) -> bool:
    """Whether `evidence` has a figure or name that could stand in the place of the claim's."""
    mine = [term for term in claim.terms if term.figure or term.name]
    return any(
        _rivals(term, other) and not _in(other, mine) for term in mine for other in evidence.terms
    )


class _Anchor:
    """A figure or name of the claim, and the clauses of the evidence where it stands."""

    def __init__(self, term: Term, part: Sequence[Term], evidence: Statement) -> None:
        self._term = term
        self._told = part
        self._evidence = evidence
        self._homes = [clause for clause in evidence.clauses if _in(term, clause)]

    def is_foreign_to(self, word: Term) -> bool:
        """Whether `word` stands only in clauses with a rival of the anchor's own."""
        if not self._homes or any(_in(word, home) for home in self._homes):
            return False
        there = [clause for clause in self._evidence.clauses if _in(word, clause)]
        return (
            bool(there)
            and all(self._is_apart(clause) and self._has_rival(clause) for clause in there)
            and all(self._says_more(home, word, there) for home in self._homes)
        )

    def _is_apart(self, clause: Sequence[Term]) -> bool:
        """Whether no "it" or "this" ties the sentence of `clause` to the anchor's."""
        mine, other = {home[0].sentence for home in self._homes}, clause[0].sentence
        return all(one == other or not self._evidence.ties(one, other) for one in mine)

    def _has_rival(self, clause: Sequence[Term]) -> bool:
        return any(_rivals(self._term, term) and self._is_left_out(term) for term in clause)

    def _is_left_out(self, term: Term) -> bool:
        return not any(_same(told, term) for told in self._told)

    def _says_more(self, home: Sequence[Term], word: Term, there: Sequence[Sequence[Term]]) -> bool:
        """Whether `home` has something that the claim exchanged for `word`.

        In the same sentence a clause without a subject of its own shares that of the one before
        ("it began in 2010 and ended in 2014"), and names in a row share what follows them.
        """
        place = next(term.place for term in home if _same(self._term, term))
        left = [term for term in home if self._is_left_out(term)]
        words = [term for term in left if not term.figure]
        if any(_rivals(word, term) for term in left if abs(term.place - place) > 1):
            return True
        if all(clause[0].sentence != home[0].sentence for clause in there):
            return bool(words)
        if not self._term.figure:
            return any(term.place > place and not term.name for term in words)
        if all(clause[0].place > place for clause in there):
            return bool(words)
        return bool(words) and home[0] is words[0] and words[0].place < place


def _in(term: Term, clause: Sequence[Term]) -> bool:
    return any(_same(term, other) for other in clause)


def _same(claimed: Term, told: Term) -> bool:
    if claimed.figure and told.figure:
        return told.figure.backs(claimed.figure)
    return not claimed.figure and not told.figure and claimed.key == told.key


def _rivals(one: Term, other: Term) -> bool:
    """Whether `other` could stand in the place of `one`: both figures of a kind, or both names."""
    if one.figure:
        return other.figure is not None and other.figure.like(one.figure)
    return one.name and other.name and not other.figure


def _negates(claim: Statement, evidence: Statement) -> bool:
    """Whether one of them denies what the other says."""
    told = {term.key for term in claim.terms}
    clauses = {clause[0].clause: {term.key for term in clause} for clause in evidence.clauses}
    denied = {
        negation.clause: negation.denied
        for negation in evidence.negations
        if negation.denied in told
    }
    if not claim.negations:
        return any(
            _is_about(told - {word}, clauses.get(number, set()), _plain(clauses, word, evidence))
            for number, word in denied.items()
        )
    for negation in claim.negations:
        if not evidence.negations:
            return True
        negative = [clauses.get(n.clause, set()) for n in evidence.negations]
        plain = _plain(clauses, negation.denied, evidence)
        part = {term.key for term in claim.terms if term.clause == negation.clause}
        holds = [words for words in negative if negation.denied in words]
        if plain and (
            not holds or any(_is_about(part - {negation.denied}, words, holds) for words in plain)
        ):
            return True
    return False


def _plain(clauses: dict[int, set[str]], word: str, evidence: Statement) -> list[set[str]]:
    """The clauses that say `word` without a negation."""
    negative = {negation.clause for negation in evidence.negations}
    return [words for n, words in clauses.items() if word in words and n not in negative]


def _is_about(told: set[str], clause: set[str], others: Sequence[set[str]]) -> bool:
    """Whether something told stands in `clause` and in none of `others`, if there are any."""
    return not others or bool((told & clause) - set[str]().union(*others))


def _says_the_opposite(claim: Statement, evidence: Statement) -> bool:
    mine, theirs = set(claim.words), set(evidence.words)
    return any(
        mine & here and not theirs & here and theirs & there and not mine & there
        for pair in _OPPOSITES
        for here, there in (pair, pair[::-1])
    )


def _replaces(claim: Statement, evidence: Statement) -> bool:
    """Whether one or two words of `evidence` gave way to others in an otherwise copied passage."""
    mine, theirs = _keys(claim), _keys(evidence)
    blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
    blocks = [block for block in blocks if block.size]
    if not blocks:
        return False
    gaps = list(_gaps(blocks, len(mine), len(theirs)))
    return any(
        _is_swap(mine[a:b], theirs[c:d], set(mine), set(theirs))
        for (a, b, c, d), left, right in gaps
        if max(left, right) >= _SLOT and min(left, right) >= 1
    )


def _gaps(
    blocks: Sequence[tuple[int, int, int]], mine: int, theirs: int
) -> Iterator[tuple[tuple[int, int, int, int], int, int]]:
    """What lies between matched blocks, and their sizes; an end of the claim is one, too."""
    first, last = blocks[0], blocks[-1]
    if first[0]:
        yield (0, first[0], max(0, first[1] - first[0]), first[1]), 1, first[2]
    for one, other in pairwise(blocks):
        yield (one[0] + one[2], other[0], one[1] + one[2], other[1]), one[2], other[2]
    end = last[0] + last[2]
    if end < mine:
        start = last[1] + last[2]
        yield (end, mine, start, min(theirs, start + mine - end)), last[2], 1


def _is_swap(mine: list[str], theirs: list[str], all_mine: set[str], all_theirs: set[str]) -> bool:
    new = [key for key in mine if key not in all_theirs]
    old = [key for key in theirs if key not in all_mine]
    return 0 < len(new) <= _SLOT and 0 < len(old) <= _SLOT


def _turns_round(claim: Statement, evidence: Statement) -> bool:
    """Whether what is compared, or two names round a verb, stand the other way round."""
    return _compares_otherwise(claim, evidence) or _exchanges_names(claim, evidence)


def _compares_otherwise(claim: Statement, evidence: Statement) -> bool:
    for than in ("than", "als", "que"):
        if than not in claim.words or than not in evidence.words:
            continue
        before, after = _sides(claim, than)
        old_before, old_after = _sides(evidence, than)
        straight = len(before & old_before) + len(after & old_after)
        crossed = len(before & old_after) + len(after & old_before)
        return crossed > straight and bool(after & old_before) and bool(before & old_after)
    return False


def _sides(statement: Statement, than: str) -> tuple[set[str], set[str]]:
    """The words on either side of `than` that stand on one only."""
    place = statement.words.index(than)
    before = {term.key for term in statement.terms if term.place < place}
    after = {term.key for term in statement.terms if term.place > place}
    return before - after, after - before


def _exchanges_names(claim: Statement, evidence: Statement) -> bool:
    """Whether it says "A bought B" for "B bought A"; with "by" that is another matter."""
    if ("by" in claim.words) != ("by" in evidence.words):
        return False
    theirs = set(_triples(evidence.terms))
    return any((c, b, a) in theirs and (a, b, c) not in theirs for a, b, c in _triples(claim.terms))


def _triples(terms: Sequence[Term]) -> Iterable[tuple[str, str, str]]:
    for first, middle, last in zip(terms, terms[1:], terms[2:], strict=False):
        if _named(first) and _named(last) and not middle.name and not middle.figure:
            yield first.key, middle.key, last.key


def _named(term: Term) -> bool:
    return term.name and not term.figure


def _keys(statement: Statement) -> list[str]:
    return [
        min(term.figure.values, default=str(term.figure.date)) if term.figure else term.key
        for term in statement.terms
    ]
