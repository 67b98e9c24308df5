"""Words of a text, as search and the checks of answers compare them: one rule for all languages."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

# Scripts written without spaces (Thai to Khmer, kana, Han, Hangul): a run of letters there is a
# phrase, so it is compared by its character bigrams.
_SPACELESS = r"\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_UNSPACED = re.compile(rf"[{_SPACELESS}]+")

_ENGLISH = """
a about above after again against all also am an and any are as at be because been before being
below between both but by can cannot could did do does doing don done down during each every far
few for from further get gets give given got had has have having he her here hers herself him
himself his how i if in into is it its itself just ll long many may me might more most much must
my myself no nor not now of off often old on once one only or other our ours ourselves out over
own re same shall she should so some such t than that the their theirs them themselves then there
these they this those through to too under until up upon us ve very was we were what when where
whether which while who whom whose why will with within without would yes you your yours yourself
answer describe document documents explain find know list mean means mention mentioned name say
says show state stated tell please
"""
_ELSEWHERE = """
aber als am an auf aus bei das dem den der des die ein eine einem einen einer es für gibt hat ich
im in ist kann können man mit nach nicht oder sich sie sind so über um und von vor wann war warum
was welche welcher welches wenn wer werden wie wird wo zu zum zur
au aux avec ce ces combien comment dans de du elle en est et il la le les leur mais ne ou où par
pas pour pourquoi quand que quel quelle quels quelles qui quoi sans se ses son sont sur un une
al como con cual cuál cuando cuándo cuanto cuánto de del donde dónde el en es esta este la las lo
los más no o para pero por porque qué que quién se si sin son su sus un una y
"""
STOP_WORDS = frozenset((_ENGLISH + _ELSEWHERE).split())
"""Words that say nothing about a subject: English ones, and the commonest of German, French and
Spanish; also what people say to an assistant ("tell", "explain", "documents")."""

_SUFFIXES = (
    "ments", "ment", "ions", "ion", "ings", "ing", "ers", "er", "ors", "or", "ed", "es", "s", "ly",
)  # fmt: skip
_MIN_STEM = 3

_RAISED = "⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
_EXPONENT = re.compile(rf"(?<=[0-9])(?=[{_RAISED}])")
_NOTE_MARK = re.compile(rf"(?<=[^\W\d_]{{3}})(?=[{_RAISED}])")

_JOINED = re.compile(r"[^\W_]+(?:[-._/:@#+][^\W_]+)+")
_HUMPS = re.compile(r"\b[^\W_]*[a-z][A-Z][^\W_]*")
_HUMP = re.compile(r"[A-Z]*[a-z]+|[A-Z]+|\d+")


def folded(text: str) -> str:
    """Compatibility forms as plain ones (NFKC), raised numbers apart from what they are raised on.

    "10⁶" is 10^6 and not 106, "gold³" gold with the mark of a note; "m²" is m2, as people type it.
    Hyphens at which no line ends are those that people type: "AX‑7" is AX-7.
    """
    apart = _EXPONENT.sub("^", _NOTE_MARK.sub(" ", text))
    return unicodedata.normalize("NFKC", apart).replace("\u2010", "-")


def content_words(text: str) -> list[str]:
    """The words of `text` that carry meaning, stemmed, in order and with repetitions.

    Case, compatibility forms and English endings are folded away ("Encoders" and "encoding" are
    one word). Scripts without spaces give character bigrams.
    """
    plain = folded(text).casefold()
    words: list[str] = []
    for token in _token().findall(plain):
        if _UNSPACED.match(token):
            words.extend(_bigrams(token))
        elif token not in STOP_WORDS and (len(token) > 1 or token.isdigit()):
            words.append(_stem(token))
    return words


def terms(text: str) -> list[str]:
    """What the lexical arm of the search indexes and looks up, in order and with repetitions.

    The content words; beside them what is written as one, such as `E-4471`, `libfoo.so.2` or
    `useContext`, as a whole, and the parts of what is written in humps.
    """
    return [*content_words(text), *_wholes(text)]


def _wholes(text: str) -> Iterator[str]:
    plain = folded(text)
    for found in _JOINED.findall(plain):
        yield found.casefold()
    for found in _HUMPS.findall(plain):
        yield from content_words(" ".join(_HUMP.findall(found)))


@cache
def _token() -> re.Pattern[str]:
    r"""A figure, a run of a script without spaces, or a word.

    To `\w` the vowel signs of Hindi or Thai would end a word.
    """
    signs = (chr(c) for c in range(0x300, 0x20000) if unicodedata.category(chr(c)) in ("Mn", "Mc"))
    marks = "".join(signs)
    letter = rf"(?![{_SPACELESS}])[^\W_]"
    return re.compile(rf"\d+(?:[.,]\d+)+|[{_SPACELESS}{marks}]+|(?:{letter}[{marks}]*)+")


def _bigrams(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def _stem(word: str) -> str:
    if any(character.isdigit() for character in word):
        return word.replace(",", "")
    stem = _without_suffix(word)
    if len(stem) > _MIN_STEM:
        stem = stem.removesuffix("e")
    if len(stem) > _MIN_STEM and stem[-1] == stem[-2] and stem[-1] not in "lsz":
        stem = stem[:-1]  # stopped, stop
    return stem[:-1] + "i" if stem.endswith("y") else stem  # policy, policies


def _without_suffix(word: str) -> str:
    if word.endswith("ss"):
        return word
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _MIN_STEM:
            return word[: -len(suffix)]
    return word
