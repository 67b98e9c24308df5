"""Content words and their weights: the lexical half of gating, quoting and citation checking.

A small encoder's cosine calls many things similar; whether the words of a question or of an
answer stand in a passage is a second, independent signal that needs no model.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from functools import cache

from retriever import Chunk

# Scripts written without spaces (Thai to Khmer, kana, Han, Hangul): a run of letters there is a
# phrase, so it is compared by its character bigrams.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")

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


def content_words(text: str) -> list[str]:
    """The words of `text` that carry meaning, stemmed, in order and with repetitions.

    Case, compatibility forms and English endings are folded away ("Encoders" and "encoding" are
    one word). Scripts without spaces give character bigrams.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    words: list[str] = []
    for token in _token().findall(folded):
        if _UNSPACED.match(token):
            words.extend(_bigrams(token))
        elif token not in STOP_WORDS and (len(token) > 1 or token.isdigit()):
            words.append(_stem(token))
    return words


def passage_words(chunk: Chunk) -> set[str]:
    """The content words of a passage, its title and its headings."""
    return set(content_words(" ".join((chunk.title, *chunk.headings, chunk.text))))


def numbers(text: str) -> frozenset[str]:
    """The figures in `text`, thousands separators dropped: "211,522" and "211522" are one."""
    return frozenset(word for word in content_words(text) if word[0].isdigit())


def idf(texts: Sequence[Collection[str]]) -> "Weights":
    """Weights of words by how few of `texts` (each a collection of words) hold them."""
    return Weights(Counter(word for text in texts for word in set(text)), len(texts))


class Weights:
    """Inverse document frequency over a handful of texts: log(1 + N / (df + 1/2)).

    A word that no text holds weighs most; that is what makes an off-topic question stand out.
    """

    def __init__(self, frequencies: Counter[str], texts: int) -> None:
        self._frequencies = frequencies
        self._texts = texts

    def __getitem__(self, word: str) -> float:
        return math.log(1 + self._texts / (self._frequencies[word] + 0.5))

    def share(self, wanted: Collection[str], found: Collection[str]) -> float:
        """The weighted share, 0 to 1, of `wanted` that is in `found`; 1 if nothing is wanted."""
        total = sum(self[word] for word in set(wanted))
        if not total:
            return 1.0
        return sum(self[word] for word in set(wanted) & set(found)) / total


@cache
def _token() -> re.Pattern[str]:
    r"""A figure, or a word: to `\w` the vowel signs of Hindi or Thai would end one."""
    marks = (chr(c) for c in range(0x300, 0x20000) if unicodedata.category(chr(c)) in ("Mn", "Mc"))
    return re.compile(rf"\d+(?:[.,]\d+)+|(?:[^\W_]+[{''.join(marks)}]*)+")


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
