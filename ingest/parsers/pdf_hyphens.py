"""Hyphens at the ends of a PDF's lines: of a word that was cut, or of one that is written so."""

import re
from collections.abc import Iterable
from itertools import pairwise

# PDFium puts U+0002 (in some versions U+FFFE) where a line ends in a hyphen, and leaves out the
# hyphen and the line break.
_MARKS = "\x02\ufffe"
_BREAK = re.compile(
    # PDFium has no mark behind figures and full stops: 24-hour, U.S.-based, pages 12–15.
    rf"(?:[{_MARKS}](?:\r?\n)?|(?:(?<=[\d.])-|(?<=\d)(?P<dash>–)(?=\r?\n\d))\r?\n(?=\w))"
    r"(?P<after>(?:[\w'’]|-(?=\w))*)"
)
_BEFORE = re.compile(rf"[^\s{_MARKS}]*\Z")
_LAST = re.compile(r"[\w'’.-]*\Z")
_LONGEST = 200  # characters of a word or an address before its hyphen
_ADDRESS = ("://", "www.", "@")
_CUT = re.compile(rf"[\w'’-]*[{_MARKS}]\s*[\w'’-]*")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# Parts of English compounds that are no syllables of longer words.
_FIRST = frozenset(
    "self non cross half high low long short well multi near state real end user open up to the "
    "of so two three four five six seven eight nine ten year day full first second third large "
    "small old new free hand ready price cost follow vice one twenty thirty forty fifty sixty "
    "seventy eighty ninety".split()
)
_SECOND = frozenset(
    "based driven optimized optimised centric determining making wide specific related oriented "
    "term scale turn dependent aware friendly to the of art and or in by quality known "
    "defined efficient effective intensive sensitive purpose world desk house service".split()
)
_AND = frozenset("and or und oder sowie och og".split())  # pre- and post-war, Ein- und Ausgabe
# Ends of longer words, whatever they begin with: to-gether, real-ity, state-ment, up-date.
_ENDINGS = frozenset(
    "ly er ers est ing ings ish ity ities ment ments dom age ages ness less ful fully ty ties ism "
    "gether ward wards on date dates dated dating fold way ways light self ever able ability al "
    "ally ize ized ise ised izes ises ization isation ist ists y ies en ened ening".split()
)


class Hyphens:
    """Joins what hyphens at the ends of lines part, as the rest of the document writes it.

    Args:
        pages: The texts of all pages, with PDFium's marks.
    """

    def __init__(self, pages: Iterable[str]) -> None:
        self._words: set[str] = set()
        self._compounds: set[str] = set()
        for page in pages:
            for word in _WORD.findall(_CUT.sub(" ", page)):
                (self._compounds if "-" in word else self._words).add(word.casefold())

    def joined(self, page: str) -> str:
        """The text of a page without marks."""
        return _BREAK.sub(self._join, page)

    def _join(self, match: re.Match[str]) -> str:
        after = match["after"]
        if match["dash"]:
            return f"–{after}"
        before = match.string[max(match.start() - _LONGEST, 0) : match.start()]
        if after in _AND:
            return f"- {after}"
        return f"-{after}" if self._is_kept(before, after) else after

    def _is_kept(self, text: str, after: str) -> bool:
        whole = _BEFORE.search(text)
        if whole and any(sign in whole[0] for sign in _ADDRESS):  # nobody cuts these with hyphens
            return True
        word = _LAST.search(text)
        before = word[0] if word else ""
        if not before or not after:
            return True
        # AX-7, COVID-19, Baden-Württemberg, EU-wide, NaCl-free: a word that is cut goes on in small
        # letters.
        if not after[0].islower() or not before[-1].islower() or _has_capitals(before):
            return True
        last, first = before.casefold(), after.casefold()
        if last + first in self._words:
            return False
        if f"{last}-{first}" in self._compounds or "-" in before.strip("-"):
            return True
        head = first.split("-")[0]
        parts = last in self._words and head in self._words
        known = (last in _FIRST and first not in _ENDINGS) or head in _SECOND
        return known or (parts and len(last) > _SHORT and len(first) > _SHORT)


def _has_capitals(word: str) -> bool:
    """Whether a word has capitals after small letters: HTMLElement, NaCl."""
    return any(a.islower() and b.isupper() for a, b in pairwise(word))


_SHORT = 3
"""Letters: so short a part of a word that was cut is often a word by itself (in-terest)."""
