"""Whether a claim is spliced: its words stand in the evidence, but belong to other things there."""

from collections.abc import Sequence

from app.answering.check.statement import Statement, Term


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
