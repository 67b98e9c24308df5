"""What speaks against a claim although its words stand in the evidence: they stand in other places.

Each test is one of word order and little words, without knowledge of the world: a negation that
was dropped or added, a word in another's place, a figure or name of another clause, an opposite.
"""

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from app.answering.check.roles import exchanges_roles
from app.answering.check.splices import splices
from app.answering.check.statement import Negation, Statement, is_letter_pair

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
        must shall need needs required|may might can could optional should
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
_QUALIFIERS = [
    frozenset(line.split())
    for line in """
    other others another different else ander andere anderen anderer autre autres otro otros otra
    same equal equally identical alike like gleich gleiche gleichen même mismo misma
    most mostly usually generally often typically commonly mainly meist meistens plupart mayoría
    only just solely alone exclusively merely unless except nur allein seulement uniquement sólo
    all every always any each both entire whole alle allen alles jede jeder jedes tous toutes todos
    """.strip().splitlines()
]
"""Words that narrow or compare what is said; those of a line say much the same."""
_BOUNDS = frozenset(
    """
    less fewer under below most more over above beyond least about around approximately roughly
    nearly almost mindestens höchstens weniger mehr über unter etwa rund ungefähr fast
    moins environ presque casi
    """.split()
)
_ALSO_BOUNDS = _BOUNDS | frozenset(
    "minimum maximum exceed exceeds up within to some circa bis plus menos más unos".split()
)
_BEFORE_FIGURE = 3  # words
_SLOT = 2  # matched words on a side that make a place out of a gap


def contradicts(claim: Statement, evidence: Statement) -> bool:
    """Whether `evidence` says something else than `claim` with the same words."""
    tests: tuple[Callable[[Statement, Statement], bool], ...] = (
        _negates,
        _says_the_opposite,
        _qualifies,
        _replaces,
        _compares_otherwise,
        exchanges_roles,
        splices,
    )
    return any(test(claim, evidence) for test in tests)


def _negates(claim: Statement, evidence: Statement) -> bool:
    """Whether one of them denies what the other says."""
    if claim.negations:
        return any(_adds(negation, claim, evidence) for negation in claim.negations)
    told = {term.key for term in claim.terms}
    clauses = _words_by_clause(evidence)
    return any(
        _is_about(told - {n.denied}, clauses.get(n.clause, set()), _plain(n.denied, evidence))
        for n in evidence.negations
        if n.denied in told
    )


def _adds(negation: Negation, claim: Statement, evidence: Statement) -> bool:
    """Whether the evidence says plainly what `negation` denies, and does not deny it as well."""
    if not evidence.negations:
        return True
    clauses = _words_by_clause(evidence)
    negative = [clauses.get(n.clause, set[str]()) for n in evidence.negations]
    denied = [words for words in negative if negation.denied in words]
    told = {term.key for term in claim.terms if term.clause == negation.clause}
    return any(
        not denied or _is_about(told - {negation.denied}, words, denied)
        for words in _plain(negation.denied, evidence)
    )


def _words_by_clause(statement: Statement) -> dict[int, set[str]]:
    return {clause[0].clause: {term.key for term in clause} for clause in statement.clauses}


def _plain(word: str, evidence: Statement) -> list[set[str]]:
    """The clauses that say `word` without a negation."""
    negative = {negation.clause for negation in evidence.negations}
    clauses = _words_by_clause(evidence).items()
    return [words for number, words in clauses if word in words and number not in negative]


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


def _qualifies(claim: Statement, evidence: Statement) -> bool:
    """Whether the claim compares or narrows, or makes a bound of a figure, and the evidence not."""
    told = set(evidence.words)
    # "At most" is a bound.
    said = {word for before, word in pairwise(("", *claim.words)) if before != "at"}
    if any(said & kin and not told & kin for kin in _QUALIFIERS):
        return True
    bounded = (
        claim.words[max(0, term.place - _BEFORE_FIGURE) : term.place]
        for term in claim.terms
        if term.figure
    )
    return told.isdisjoint(_ALSO_BOUNDS) and any(not _BOUNDS.isdisjoint(words) for words in bounded)


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
    return all(keys and _length(keys) <= _SLOT for keys in (new, old))


def _length(keys: Sequence[str]) -> float:
    """How many words these are; n letters of a script without spaces lie in n + 1 pairs."""
    pairs = sum(is_letter_pair(key) for key in keys)
    return len(keys) - pairs + max(0, pairs - 1) / 2


def _compares_otherwise(claim: Statement, evidence: Statement) -> bool:
    """Whether what is compared stands the other way round."""
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


def _keys(statement: Statement) -> list[str]:
    return [
        min(term.figure.values, default=str(term.figure.date)) if term.figure else term.key
        for term in statement.terms
    ]
