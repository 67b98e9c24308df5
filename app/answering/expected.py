"""What kind of thing a question asks for, and whether a sentence has one.

Sentences that come close to "How many people came?" and count no people do not answer it. What a
question asks for is known of few forms, and in few languages; of the others nothing is expected.
"""

import re
from collections.abc import Iterator

from app.answering.check.figures import Figure, find_figures, unit_of
from app.answering.check.markers import without_markers
from app.answering.sentences import Span
from retriever.words import content_words, folded

_FIRST = r"(?:\w+ ){0,3}"  # "For", "After", "Tell me"
_HOW_MANY = re.compile(
    rf"{_FIRST}(?:how many|what number of|wie ?viele|combien de|cu[aá]nt[oa]s)\b", re.IGNORECASE
)
_HOW_LONG = re.compile(rf"{_FIRST}(?:how long|wie lange|combien de temps)\b", re.IGNORECASE)
_HOW_OLD = re.compile(rf"{_FIRST}(?:how old|wie alt|quel âge)\b", re.IGNORECASE)
_PRICE = re.compile(
    rf"{_FIRST}(?:(?:what|which) (?:is the |was the )?(?:price|salary|fee)|"
    r"how much (?:\w+ ){0,4}cost)\b",
    re.IGNORECASE,
)
_HOW_MUCH = re.compile(
    rf"{_FIRST}(?:how (?:much|far|tall|high|deep|wide|heavy|fast|hot|cold)|wie ?viel|"
    r"wie (?:weit|groß|hoch|tief|breit|schwer|schnell)|"
    r"(?:what|which) (?:percentage|height|length|weight|torque|temperature|"
    r"pressure|voltage|distance))\b",
    re.IGNORECASE,
)
_HOW_TO = re.compile(
    rf"{_FIRST}(?:how (?:to|(?:do|can|could|should|must) (?:i|we|you|one))|"
    r"wie (?:kann|muss) (?:ich|man))\b",
    re.IGNORECASE,
)
_WHO_DID = re.compile(
    r"who (?:first |originally |once )?(?:[a-z]{3,}ed|wrote|made|built|led|won|drew|sang|found|"
    r"taught|bought|sold|gave|paid)\b",
    re.IGNORECASE,
)

# What a sentence may have: things that are counted, amounts in words, lengths of time in words.
_PLURAL = r"(?:\w*[^\Ws]s|people|children|men|women|staff)\b"
_COUNTED = re.compile(rf"(?:[ -][\w'’-]+){{0,2}}[ -]{_PLURAL}")
_AMOUNT = re.compile(
    r"\b(?:no|none|an?|one|single|both|half|majority|pair|several|few|dozens?|hundreds|thousands|"
    r"millions|many|most|all|every|each|some|twice|lot|little|kein\w*|ein\w*|beide|aucune?|une?)\b",
    re.IGNORECASE,
)
_WHILE = re.compile(
    r"\b(?:until|till|for ?ever|always|since|throughout|bis|seit|jusqu\w*|depuis|hasta|desde)\b|"
    r"\b(?:an?|one|several|few|many|half|eine?[mnr]?|une?)\W+(?:\w+\W+)?(?:second|minute|hour|day|"
    r"night|week|month|year|decade|century|centurie|generation)s?\b",
    re.IGNORECASE,
)
# Figures that say nothing of the kind: "Table 3", "title 11", "Windows 11", "ST-5".
_REFERENCE = re.compile(
    r"(?:\b(?i:fig|figure|table|chapter|title|section|part|page|pp?|vol|volume|no|nr|number|rule|"
    r"step|version|article|appendix|item|line)s?\.?\s*|[§#]\s*|\w-|[^.!?\s] [A-Z]\w+ )$"
)
_STATUTE = re.compile(r" (?:[A-Z]\.){2}")  # "28 U.S.C."
_LONGEST_NAME = 40  # characters
_NEAR = 24  # characters
_SHORT = 3  # words: nothing but the figure
_NAME = re.compile(r"\b[^\W\d_a-z]\w+(?!-[a-z])\b")
_PRONOUN = re.compile(r"\b(?:I|we|he|she|they|it)\b", re.IGNORECASE)
_PEOPLE = ("people", "persons")
_TIME = frozenset("year month week day hour minute second ms".split())
_LENGTH = frozenset("km m cm mm mile yard foot inch".split())
_MONEY = frozenset("euro dollar pound franc cent yuan %".split())  # a fee may be a share
_PERSON = re.compile(
    r"(?:people|men|women|children|staff|(?:er|or|ist|an|ee|ent|ant|guest|adult)s)$"
)


def may_answer(question: str, sentence: str) -> bool:
    """Whether `sentence` has the kind of thing that `question` asks for; True if that is not known.

    In SQuAD 2.0's development set the sentence with the answer has it for 42 of 43 such questions.
    """
    text = folded(without_markers(sentence))
    if _HOW_LONG.match(question):
        return _WHILE.search(text) is not None or _measures(text, _TIME | _LENGTH)
    if _HOW_OLD.match(question):
        return _measures(text, _TIME)
    if _PRICE.match(question):
        return _measures(text, _MONEY)
    if many := _HOW_MANY.match(question):
        return _counts(text, question[many.end() :])
    if _HOW_MUCH.match(question):
        return _measures(text)
    if _HOW_TO.match(question):  # "--force" is part of what to do
        return len(text.split()) >= _SHORT
    return not _WHO_DID.match(question) or _names(text, question)


def _counts(text: str, asked: str) -> bool:
    """Whether `text` counts something that may be what `asked` begins with."""
    plural = re.search(rf"\b{_PLURAL}", asked) or re.search(r"\w+", asked)
    noun = plural[0].casefold() if plural else ""
    wanted = set(content_words(noun))
    is_short = len(text.split()) <= _SHORT
    for amount in _AMOUNT.finditer(text):
        if not wanted.isdisjoint(content_words(text[amount.end() :][:_NEAR])):
            return True
    unit = unit_of(noun)
    # Of gigabytes tell "64 GB" and "gigabytes: 64", of lessons "14" and "70 %", too.
    bare = ("", "%") if not unit or is_short or not wanted.isdisjoint(content_words(text)) else ()
    for span, figure in _figures(text):
        counted = _COUNTED.match(text, span.end)
        if counted and noun in _PEOPLE:
            found = _PERSON.search(counted[0]) is not None
        else:
            found = bool(counted) or is_short or not figure.is_year
        if found and figure.unit in (*bare, unit):
            return True
    return False


def _measures(text: str, units: frozenset[str] | None = None) -> bool:
    """Whether `text` has a figure that counts no things, in one of `units` if it has a unit."""
    return any(
        (units is None or figure.unit in units)
        if figure.unit
        else not (figure.is_year or _COUNTED.match(text, span.end))
        for span, figure in _figures(text)
    )


def _figures(text: str) -> Iterator[tuple[Span, Figure]]:
    """Those that are no numbers of pages and chapters, and no parts of names."""
    for span, figure in find_figures(text):
        before = text[max(0, span.start - _LONGEST_NAME) : span.start]
        if figure.unit or not (_REFERENCE.search(before) or _STATUTE.match(text, span.end)):
            yield span, figure


def _names(text: str, question: str) -> bool:
    """Whether `text` names somebody whom `question` does not."""
    asked = set(content_words(question))
    names = (match[0] for match in _NAME.finditer(text))
    others = any(not asked.issuperset(content_words(name)) for name in names)
    return others or _PRONOUN.search(text) is not None
