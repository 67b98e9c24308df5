"""Questions made from a sentence by rules, where the sentence tells the answer in a few words."""

import random
import re

Made = tuple[str, str]
"""A question, and the answer word for word from the sentence."""

_YEAR = re.compile(
    r"^(?P<before>.*?)\b(?:[Ii]n|[Ss]ince|[Uu]ntil|[Bb]y) "
    r"(?P<answer>1[0-9]{3}|20[0-2][0-9])\b(?P<after>.*)$"
)
_COUNT = re.compile(
    r"\b(?P<answer>\d[\d,.]*\d|\d|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve) "
    r"(?P<unit>(?:[a-z]{3,} )?[a-z]{3,}s)\b"
)  # fmt: skip
_DEFINED = re.compile(
    r"^(?:An?|The)?\s*(?P<term>[A-Za-z][\w\s()’-]{2,40}?),? (?P<verb>is|are|refers to|means) "
    r"(?P<answer>(?:an?|the|any|when|how) .{12,160}?)[.;]?$"
)
_CALLED = re.compile(
    r"^(?P<what>.{15,140}?),? (?:is|are) (?:called|known as|termed) "
    r"(?P<answer>(?:an? |the )?[\w\s’-]{3,40}?)[.;,]"
)
_CAUSE = re.compile(
    r"^(?P<subject>[A-Z][^,;]{4,60}?) (?P<verb>causes|contains|includes|produces|requires|"
    r"returns|provides|uses|specifies|indicates|represents|prevents|supports) "
    r"(?P<answer>[^.;]{4,100})[.;]?$"
)
_BECAUSE = re.compile(
    r"^(?P<subject>(?:The|A|An|These|This|Many|Most|[A-Z]\w+)\b[^,;]{4,60}?) "
    r"(?P<verb>is|are|was|were|can|could|must|should) (?P<rest>[^,;]{4,80}?),? "
    r"(?P<answer>because [^.;]{8,140}|so that [^.;]{8,140})[.;]?$"
)
_PURPOSE = re.compile(
    r"^(?:To|In order to) (?P<goal>[a-z][^,;]{8,80}), (?P<answer>[a-z][^.;]{10,140})[.;]?$"
)
_PERSON = re.compile(
    r"^(?:In (?:1\d|20)\d\d, )?(?P<answer>(?:[A-Z][a-z]+ ){1,2}[A-Z][a-z]{2,}) "
    r"(?P<verb>wrote|invented|discovered|founded|published|developed|proposed|introduced|won|built|"
    r"created|designed|described|led|painted|became|established) (?P<rest>[^.;,]{6,90})"
)
_POINTING = frozenset("this that these those it they he she which such there".split())
"""An answer that begins so names nothing."""
_ACTS = {
    "causes": "cause", "contains": "contain", "includes": "include", "produces": "produce",
    "requires": "require", "returns": "return", "provides": "provide", "uses": "use",
    "specifies": "specify", "indicates": "indicate", "represents": "represent",
    "prevents": "prevent", "supports": "support",
}  # fmt: skip


def ask(sentence: str, rng: random.Random) -> Made | None:
    """A question that `sentence` answers, with its answer, by a rule that fits; else None."""
    for maker in rng.sample(_MAKERS, len(_MAKERS)):
        made = maker(sentence, rng)
        if made is None or not 3 <= len(made[0].split()) <= 26 or made[1] not in sentence:
            continue
        if made[1].split()[0].lower() not in _POINTING:
            return made
    return None


def _year(sentence: str, rng: random.Random) -> Made | None:
    match = _YEAR.match(sentence)
    if not match:
        return None
    rest = f"{match['before']} {match['after']}".strip(" ,.")
    rest = " ".join(rest.split()[: rng.randint(7, 14)]).strip(" ,")
    if len(rest.split()) < 4:
        return None
    asked = rng.choice(("When was it that {}?", "In which year: {}?", "what year {}", "When: {}?"))
    return asked.format(_lower(rest)), match["answer"]


def _count(sentence: str, rng: random.Random) -> Made | None:
    match = _COUNT.search(sentence)
    if not match:
        return None
    around = sentence[: match.start()].split()[-6:] + sentence[match.end() :].split()[:4]
    context = " ".join(around).strip(" ,.;:")
    if len(around) < 4:
        return None
    return f"How many {match['unit']} {_lower(context)}?", match["answer"]


def _defined(sentence: str, rng: random.Random) -> Made | None:
    match = _DEFINED.match(sentence)
    if not match or match["term"].split()[0] in ("This", "These", "It", "They", "There", "That"):
        return None
    term = match["term"].strip()
    be = "are" if match["verb"] == "are" else "is"
    form = rng.choice(
        ("What {be} {t}?", "what {be} {t}", "What is meant by {t}?", "Define {t}.", "{t}?")
    )
    return form.format(be=be, t=_lower(term)), match["answer"]


def _called(sentence: str, rng: random.Random) -> Made | None:
    match = _CALLED.match(sentence)
    if not match:
        return None
    what = _lower(match["what"])
    form = rng.choice(("What is {} called?", "What is the name for {}?", "What do you call {}?"))
    return form.format(what), match["answer"]


def _cause(sentence: str, rng: random.Random) -> Made | None:
    match = _CAUSE.match(sentence)
    if not match:
        return None
    subject, verb = match["subject"], match["verb"]
    if rng.random() < 0.4:
        return f"What {verb} {match['answer']}?", subject
    return f"What does {_lower(subject)} {_ACTS[verb]}?", match["answer"]


def _because(sentence: str, _: random.Random) -> Made | None:
    match = _BECAUSE.match(sentence)
    if not match:
        return None
    return f"Why {match['verb']} {_lower(match['subject'])} {match['rest']}?", match["answer"]


def _purpose(sentence: str, rng: random.Random) -> Made | None:
    match = _PURPOSE.match(sentence)
    if not match:
        return None
    form = rng.choice(("How do I {}?", "how to {}", "How can you {}?", "What do I do to {}?"))
    return form.format(match["goal"]), match["answer"]


def _person(sentence: str, _: random.Random) -> Made | None:
    match = _PERSON.match(sentence)
    return (f"Who {match['verb']} {match['rest'].strip()}?", match["answer"]) if match else None


_MAKERS = (_year, _count, _defined, _defined, _called, _cause, _because, _purpose, _person)


def _lower(text: str) -> str:
    """Without the capital that only begins a sentence."""
    first = text.split(" ", 1)[0]
    common = first.lower() in (
        "the",
        "a",
        "an",
        "this",
        "these",
        "many",
        "most",
        "some",
        "in",
        "to",
        "it",
    )
    return text[:1].lower() + text[1:] if common else text
