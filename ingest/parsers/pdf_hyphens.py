"""Hyphens at the ends of a PDF's lines: of a word that was cut, or of one that is written so."""

import re
from collections.abc import Iterable

# PDFium puts U+0002 (in some versions U+FFFE) where a line ends in a hyphen, and leaves out the
# hyphen and the line break.
_MARKS = "\x02\ufffe"
_BREAK = re.compile(
    rf"(?P<before>[\w'’.-]*)(?:[{_MARKS}](?:\r?\n)?|(?P<digit>(?<=\d)-\r?\n(?=\d)))(?P<after>[\w'’-]*)"
)
_CUT = re.compile(rf"[\w'’-]*[{_MARKS}]\s*[\w'’-]*")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# Parts of English compounds that are no syllables of longer words.
_FIRST = frozenset(
    "self non cross half high low long short well multi near state real end user open up to the "
    "of so two three four five six seven eight nine ten year day full first second third large "
    "small old new free hand ready price cost".split()
)
_SECOND = frozenset(
    "based driven optimized optimised centric determining making wide specific related oriented "
    "term scale turn dependent aware friendly to the of art date and or in by quality known "
    "defined efficient effective intensive sensitive purpose world desk house service".split()
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
        before, after = match["before"], match["after"]
        hyphen = "-" if match["digit"] or self._is_kept(before, after) else ""
        return f"{before}{hyphen}{after}"

    def _is_kept(self, before: str, after: str) -> bool:
        if not before or not after:
            return True
        # AX-7, COVID-19, Baden-Württemberg, EU-wide: a word that is cut goes on in small letters.
        if not after[0].islower() or before[-1].isdigit() or before[-1].isupper():
            return True
        last, first = before.casefold(), after.casefold()
        if last + first in self._words:
            return False
        if f"{last}-{first}" in self._compounds or "-" in before.strip("-"):
            return True
        head = first.split("-")[0]
        parts = last in self._words and head in self._words
        known = last in _FIRST or head in _SECOND
        return known or (parts and len(last) > _SHORT and len(first) > _SHORT)


_SHORT = 3
"""Letters: so short a part of a word that was cut is often a word by itself (in-terest)."""
