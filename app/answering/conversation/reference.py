"""Whether a question refers back to the one before it; rules, for English here.

Asked for a rewriting, a small language model changes what is complete or repeats what is not, so
words decide. A pronoun counts only if nothing in the question itself can be meant by it: "How does
a mesh protect its services?" is complete.
"""

import re
from itertools import pairwise

from app.answering.conversation.reference_elsewhere import has_open_pronoun
from retriever.words import STOP_WORDS, content_words

AUXILIARY = frozenset(
    "is are was were am be been do does did can could may might must shall should will would has "
    "have had".split()
)
PREPOSITION = frozenset(
    "about after against at before by during for from in into like near of on over since than to "
    "under until with without within".split()
)
DETERMINER = frozenset("the a an this that these those my our your every each any some".split())
SUBJECT_PRONOUNS = frozenset("he she they".split())
POSSESSIVES = frozenset("his her its their".split())
_OBJECT_PRONOUNS = frozenset("him them hers theirs".split())
_BOUNDARY = frozenset(
    "and or but if when while before after because that which who whose where whether as so than "
    "until once unless though to , ; :".split()
)
_QUESTION_WORDS = frozenset("who whom whose what which when where why how any anything".split())

_CONNECTIVE = re.compile(
    r"^[¿\s]*(?:and|but|or|so|also|und|aber|oder|et|mais|ou|y(?! a)|pero)\b[\s,]*", re.IGNORECASE
)
_WHAT_ABOUT = re.compile(
    r"^[¿\s]*(?:(?:and|but|so|und|et|y)\s+)?(?:what|how) about\s+"
    r"|^(?:und\s+)?(?:was ist|wie ist es|wie sieht es) (?:mit|bei)\s+"
    r"|^(?:et\s+)?qu['’]en est-il (?:de |du |des |d['’])|^¿?y qué (?:tal|hay de)\s+",
    re.IGNORECASE,
)
# "How long does it take to ..." means nothing by "it", if what follows is a topic of its own.
_EMPTY_IT = re.compile(
    r"\bit (?:\w+ )?(?:take|takes|cost|costs|mean|means|matter|allowed|forbidden|permitted|legal"
    r"|illegal|lawful|possible|impossible|necessary|required|safe|dangerous|ok|okay|fine|better"
    r"|best|good|bad|easy|hard|difficult|common|true|likely|important|worth|wise|enough|useful"
    r"|called|said|known|determined|decided|believed|time)\b(?P<rest>.*)"
)
_ONES = re.compile(
    r"\b(?:the (?:\w+ )?ones?|the (?:former|latter)(?= *[?,]| *$)"
    r"|(?:that|this|another|which) ones?"
    r"|(?:which|any|all|none|both|each|one|some|most|how many) of (?:them|these|those))\b"
)
_DEIXIS = re.compile(
    r"\b(?:this|that|these|those) (?:century|decade|year|season|month|week|morning|evening|time"
    r"|days?|documents?|files?|texts?|collection)\b|\bthat is\b"
    r"|\b(?:that|those) (?:who|which|with|without|of|in|from)\b"
)
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def words_of(text: str) -> list[str]:
    """The words of `text`, and the marks that divide its clauses."""
    return re.findall(r"[\w@#](?:[\w'’./:+]|-(?!-))*\w|\w|[,;:]", text.replace("--", " : "))


def fragment(question: str) -> str | None:
    """What is asked about if `question` is no sentence: "in winter" of "And in winter?"."""
    bare = question.strip().rstrip("?？ ")
    about = _WHAT_ABOUT.match(bare)
    if about:
        return bare[about.end() :]
    joined = _CONNECTIVE.match(bare)
    rest = bare[joined.end() :] if joined else bare
    words = words_of(rest.casefold())
    if not words or words[0] in AUXILIARY | _QUESTION_WORDS:
        return None
    if joined and (words[0] in PREPOSITION | DETERMINER | {"if"} or len(words) <= 3):
        return rest
    asked = question.rstrip().endswith("?") and not AUXILIARY.intersection(words)
    return rest if asked and words[0] in PREPOSITION and len(words) <= 5 else None


def refers_back(question: str) -> bool:
    """Whether `question` is not complete in itself.

    False for scripts without spaces, whose words these rules do not tell apart.
    """
    if _SPACELESS.search(question) or not words_of(question):
        return False
    return (
        fragment(question) is not None
        or _is_short(question)
        or _has_open_pronoun(question)
        or has_open_pronoun(question)
    )


def _is_short(question: str) -> bool:
    """Whether it is like "Why?", "How many?", "Are there exceptions?", "And what is the fine?"."""
    words = words_of(question.casefold())
    content = len(content_words(question))
    if {"you", "your", "i", "my"}.intersection(words):
        return False
    if words[0] in _QUESTION_WORDS and len(words) <= 3 and not AUXILIARY.intersection(words):
        return content <= 1
    if content == 0 or re.match(r"(?:is|are|was|were) there\b", " ".join(words)):
        return content <= 1 and len(words) <= 5
    joined = _CONNECTIVE.match(question)
    defines = re.search(r"\b(?:what|who) (?:is|are|was|were) (?!the\b)", " ".join(words))
    return joined is not None and not defines and content <= 2


def _has_open_pronoun(question: str) -> bool:
    text = re.sub(r"\bIT\b", "computing", question).casefold()
    empty = _EMPTY_IT.search(text)
    if empty and len(content_words(empty["rest"])) > 1:
        text = text[: empty.start()]
    text = _DEIXIS.sub(" ", text)
    words = words_of(text)
    names = {word.casefold() for word in words_of(question)[1:] if word[0].isupper()} - {"i"}
    ones = _ONES.search(text)
    if ones and not _determined(words_of(text[: ones.start()])):
        return True
    return any(_is_open(words, place, names) for place in range(len(words)))


def _is_open(words: list[str], place: int, names: set[str]) -> bool:
    """Whether the word at `place` is a pronoun that means nothing in the question itself."""
    word = words[place]
    before, after = words[:place], words[place + 1 :]
    previous = before[-1] if before else ""
    if word in ("this", "these", "that", "those"):
        return _is_demonstrative(word, before, after) and not _names_before(before, names, "object")
    if word == "there":
        exists = previous in ("is", "are", "was", "were")
        return not after and not exists and not _names_before(before, names, "object")
    possessive = word in POSSESSIVES and bool(after) and after[0] not in STOP_WORDS
    leads = previous in AUXILIARY | _BOUNDARY | {""} or not AUXILIARY.isdisjoint(after[:1])
    if word in SUBJECT_PRONOUNS or (word == "it" and leads):
        return not _names_before(before, names, "subject")
    if possessive:
        return not _names_before(before, names, "possessive")
    if word in _OBJECT_PRONOUNS | {"it", "her"}:
        return not _names_before(before, names, "object")
    return False


def _is_demonstrative(word: str, before: list[str], after: list[str]) -> bool:
    """Whether "that" points, and does not join a clause; the others always point."""
    if word != "that":
        return True
    if not before or before[-1] in AUXILIARY | PREPOSITION | _BOUNDARY:
        return True
    return len(after) <= 1 and not _determined(before)


def _names_before(before: list[str], names: set[str], role: str) -> bool:
    """Whether a noun in `before` can be what a pronoun in that role means."""
    if role == "object":  # is never the subject of its own clause
        ends = [place for place, word in enumerate(before) if word in _BOUNDARY]
        before = before[: ends[-1]] if ends else []
    if role == "possessive" and before and before[-1] == "of":
        before = before[:-2]  # the price of its filter
    if ":" in before or _determined(before) or names.intersection(before):
        return True
    verbs = [place for place, word in enumerate(before) if word in AUXILIARY]
    has = role == "possessive" and before[-1] in ("has", "have", "had")  # Which club has its boats
    if verbs and not has:
        return any(word not in STOP_WORDS for word in before[verbs[0] :])
    # Which club sells its boats? Who announced that she would leave?
    asks = ("which", "what", "how") if role == "possessive" else ("which", "what", "how", "who")
    return role != "object" and before[0:1] != [] and before[0] in asks and len(before) > 1


def _determined(words: list[str]) -> bool:
    pairs = pairwise(words)
    no_noun = AUXILIARY | PREPOSITION | _BOUNDARY | SUBJECT_PRONOUNS | POSSESSIVES
    return any(first in DETERMINER and second not in no_noun for first, second in pairs)
