"""Questions made from a sentence by rules, as varied as rules allow.

A base that saw keyword questions alone did not answer natural ones, so each maker below imitates
another way in which people ask. All take a sentence and return a question, or None where their
pattern is not there.
"""

import random
import re
from collections.abc import Callable

Maker = Callable[[str, random.Random], str | None]

STOPWORDS = frozenset(
    """
    a about after all also am an and any are as at be been before being between but by can
    could did do does during each for from had has have he her here him his how i if in into
    is it its just may me might more most must my no nor not of on only or other our out over
    shall she should so some such than that the their them then there these they this those
    through to up us very was we were what when where which who why will with would you your
    """.split()
)

_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*|\d[\d,.]*\d|\d")
_DEFINITION = re.compile(
    r"^(?:An?|The)?\s*([A-Za-z][\w\s()'’-]{2,45}?) "
    r"(is|are|was|were|means|refers to|describes) (.{15,})$"
)
_AUXILIARY = re.compile(
    r"^(.{3,60}?) (is|are|was|were|can|could|may|might|will|would|should|must|has|have|had) "
    r"(.{8,})$"
)
_VERB = re.compile(
    r"^(.{3,60}?) (causes?|includes?|provides?|contains?|returns?|allows?|requires?|uses?|used"
    r"|became|made|gave|led|produces?|creates?|specifies|specify|defines?|describes?|shows?"
    r"|showed|helps?|affects?|began|wrote|took|found|retrieves?|indicates?|represents?|occurs?"
    r"|occurred|won|died|lived|said) (.{6,})$"
)
_YEAR = re.compile(r"^(.*?)\b(?:in|by|since|until|from|of) (1[0-9]{3}|20[0-2][0-9])\b(.*)$", re.I)
_NUMBER = re.compile(
    r"^(.*?)\b(\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|hundred)\b (\w{3,}.*)$"
)
_NAME = re.compile(r"(?<=[a-z,] )((?:[A-Z][a-z]+ ){1,3}[A-Z]?[a-z]+|[A-Z][a-z]{3,})")


def telling_words(text: str) -> list[str]:
    """The words of `text` that are not stop words, in order."""
    return [w for w in _WORD.findall(text) if w.lower() not in STOPWORDS]


def ask(sentence: str, rng: random.Random) -> str | None:
    """A question that `sentence` answers, by a random maker; None for hopeless sentences."""
    for maker in rng.sample(_MAKERS, len(_MAKERS)):
        question = maker(sentence, rng)
        if question and 2 <= len(question.split()) <= 24:
            return _casual(question, rng)
    return None


def keywords(sentence: str, rng: random.Random) -> str | None:
    """Two to six telling words in order, with or without a lead like “what about”."""
    words = telling_words(sentence)
    if len(words) < 4:
        return None
    kept = sorted(rng.sample(range(len(words)), rng.randint(2, min(6, len(words)))))
    text = " ".join(words[i] for i in kept)
    lead = rng.choice(
        ("", "", "what about {}?", "tell me about {}", "how does {}?", "why {}?", "explain {}")
    )
    return lead.format(text) if lead else text


def _definition(sentence: str, rng: random.Random) -> str | None:
    match = _DEFINITION.match(sentence)
    if not match:
        return None
    term, verb, _ = match.groups()
    be = verb if verb in ("is", "are", "was", "were") else "is"
    forms = (
        f"What {be} {term}?",
        f"what {be} {term}",
        f"Define {term}.",
        f"What does {term} mean?",
        f"{term}",
    )
    return rng.choice((*forms, f"What {be} meant by {term}?"))


def _what_does_subject(sentence: str, rng: random.Random) -> str | None:
    match = _AUXILIARY.match(sentence)
    if not match:
        return None
    subject, verb, rest = match.groups()
    rest = " ".join(rest.rstrip(".!?").split()[: rng.randint(3, 9)])
    if rng.random() < 0.5:
        return f"What {verb} {rest}?"
    wh = rng.choice(("How", "Why", "When", "Where", "What"))
    kept = " ".join(rest.split()[: rng.randint(1, 4)])
    return f"{wh} {verb} {_lower_first(subject)} {kept}?"


def _what_verb(sentence: str, rng: random.Random) -> str | None:
    match = _VERB.match(sentence)
    if not match:
        return None
    subject, verb, rest = match.groups()
    rest = " ".join(rest.rstrip(".!?").split()[: rng.randint(3, 9)])
    if rng.random() < 0.5:
        return f"{rng.choice(('What', 'Who', 'Which'))} {verb} {rest}?"
    auxiliary = rng.choice(("does", "did", "do"))
    return f"What {auxiliary} {_lower_first(subject)} {verb.removesuffix('s')}?"


def _when(sentence: str, rng: random.Random) -> str | None:
    match = _YEAR.match(sentence)
    if not match:
        return None
    words = telling_words(match.group(1) + " " + match.group(3))[: rng.randint(3, 8)]
    lead = rng.choice(
        ("When did", "When was", "In what year did", "what year", "In which year was")
    )
    return f"{lead} {' '.join(words)}?" if len(words) >= 2 else None


def _how_many(sentence: str, rng: random.Random) -> str | None:
    match = _NUMBER.match(sentence)
    if not match:
        return None
    after = " ".join(match.group(3).rstrip(".!?").split()[: rng.randint(2, 5)])
    before = " ".join(telling_words(match.group(1))[-4:])
    return f"How {rng.choice(('many', 'much'))} {after} {before}".strip() + "?"


def _who(sentence: str, rng: random.Random) -> str | None:
    match = _NAME.search(sentence)
    if not match:
        return None
    rest = telling_words(sentence[: match.start()] + sentence[match.end() :])[: rng.randint(3, 8)]
    lead = rng.choice(("Who", "Which", "Where", "What", "Whose", "Who was", "What is the name of"))
    return f"{lead} {' '.join(rest)}?" if len(rest) >= 3 else None


def _cloze(sentence: str, rng: random.Random) -> str | None:
    words = sentence.split()
    if not 8 <= len(words) <= 26:
        return None
    start = rng.randrange(len(words) - 3)
    length = rng.randint(1, 4)
    return " ".join([*words[:start], "____", *words[start + length :]])


_MAKERS: tuple[Maker, ...] = (
    keywords,
    keywords,
    _definition,
    _definition,
    _what_does_subject,
    _what_does_subject,
    _what_verb,
    _what_verb,
    _when,
    _how_many,
    _who,
    _who,
    _cloze,
)


def _lower_first(text: str) -> str:
    first = text.split(" ", 1)[0].lower()
    return text[0].lower() + text[1:] if first in STOPWORDS else text


def _casual(question: str, rng: random.Random) -> str:
    if rng.random() < 0.2:
        question = question.rstrip("?.")
    return question.lower() if rng.random() < 0.25 else question
