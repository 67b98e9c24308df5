"""Whether a claim exchanges who does something and to whom it is done."""

from collections.abc import Iterable, Sequence

from app.answering.check.statement import Statement, Term

_AUXILIARY = frozenset(
    "may might can could will would shall should must has have had did does do".split()
)
_DETERMINERS = frozenset("the a an its his her their this these each every mr mrs ms dr".split())
_NO_SUBJECT_BEFORE = frozenset(
    "to be is are was were been being that which who whom i you he she it we they".split()
)
"""Words shortly before a verb whose subject may be none of the nouns before it."""
_AGENT = frozenset("by from".split())
_SHORTLY = 2  # words


def exchanges_roles(claim: Statement, evidence: Statement) -> bool:
    """Whether the claim says "A asks B" where `evidence` says that B asks.

    With "by" in only one of them that is another matter.
    """
    if ("by" in claim.words) != ("by" in evidence.words):
        return False
    theirs = set(_triples(evidence.terms))
    if any((c, b, a) in theirs and (a, b, c) not in theirs for a, b, c in _triples(claim.terms)):
        return True
    return any(_is_done_by(*action, claim, evidence) for action in _actions(claim))


def _triples(terms: Sequence[Term]) -> Iterable[tuple[str, str, str]]:
    """Two names and the word between them."""
    for first, middle, last in zip(terms, terms[1:], terms[2:], strict=False):
        if _named(first) and _named(last) and not middle.name and not middle.figure:
            yield first.key, middle.key, last.key


def _named(term: Term) -> bool:
    return term.name and not term.figure


def _actions(claim: Statement) -> Iterable[tuple[Term, Term, Term]]:
    """Subject, verb and object where they stand close: "The sergeant will salute the captain"."""
    for first, verb, last in zip(claim.terms, claim.terms[1:], claim.terms[2:], strict=False):
        before = claim.words[first.place + 1 : verb.place]
        after = claim.words[verb.place + 1 : last.place]
        if (
            not (first.figure or verb.figure or last.figure or verb.name)
            and first.place < verb.place < last.place
            and _AUXILIARY.issuperset(before)
            and _DETERMINERS.issuperset(after)
            and (after or last.name)
        ):
            yield first, verb, last


def _is_done_by(
    subject: Term, verb: Term, patient: Term, claim: Statement, evidence: Statement
) -> bool:
    """Whether `patient` is the subject wherever `evidence` has the verb."""
    uses = [
        number
        for number, term in enumerate(evidence.terms)
        if evidence.words[term.place] == claim.words[verb.place]
    ]
    return bool(uses) and all(_acts(patient, subject, number, evidence) for number in uses)


def _acts(doer: Term, other: Term, number: int, evidence: Statement) -> bool:
    """Whether `doer`, and not `other`, is the subject of the verb that is term `number`.

    It stands before the verb and nearer; where the verb opens a clause, it is the first of them in
    the one before.
    """
    verb = evidence.terms[number]
    near = evidence.words[max(0, verb.place - _SHORTLY) : verb.place]
    following = evidence.words[verb.place + 1 : verb.place + 1 + _SHORTLY]
    if not (_NO_SUBJECT_BEFORE.isdisjoint(near) and _AGENT.isdisjoint(following)):
        return False
    before = [t for t in evidence.terms[:number] if t.sentence == verb.sentence]
    home = [term.key for term in before if term.clause == verb.clause]
    home = home[::-1] or [term.key for term in before if term.clause == before[-1].clause]
    if doer.key not in home:
        return False
    return other.key not in home or home.index(doer.key) < home.index(other.key)
