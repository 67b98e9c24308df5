"""Accents that a PDF draws apart from their letters, as TeX does with its own fonts."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from ingest.parsers.pdf_characters import Character

_COMBINING = {
    "´": "\u0301", "`": "\u0300", "¨": "\u0308", "ˆ": "\u0302", "˜": "\u0303", "ˇ": "\u030c",
    "˘": "\u0306", "¯": "\u0304", "˙": "\u0307", "˚": "\u030a", "˝": "\u030b", "¸": "\u0327",
    "˛": "\u0328",
}  # fmt: skip
_DOTLESS = {"ı": "i", "ȷ": "j"}
_SAME_LINE = 0.5
"""Of the size: over a capital the accent is drawn higher than the line."""
_FAR = 200
"""Characters between an accent and its letter: PDFium puts it at the end of its line at most."""


def with_accents(characters: Sequence[Character]) -> Sequence[Character]:
    """The characters of a page, with each accent that stands over a letter made one with it.

    Args:
        characters: In the order of PDFium, which parts the two and may make up a space between.
    """
    accents = [place for place, each in enumerate(characters) if each.text in _COMBINING]
    if not accents:
        return characters
    composed: list[Character | None] = list(characters)
    for place in accents:
        accent = characters[place]
        for other in _nearest(place, len(characters)):
            letter = composed[other]
            whole = _composed(letter, accent) if letter else ""
            if letter and whole:
                composed[other] = replace(letter, text=whole)
                composed[place] = None
                before = composed[place - 1] if place else None
                if before and before.generated and before.text == " ":
                    composed[place - 1] = None
                break
    return [each for each in composed if each]


def _nearest(place: int, count: int) -> list[int]:
    around = range(max(place - _FAR, 0), min(place + _FAR, count))
    return sorted(around, key=lambda other: (abs(other - place), other))


def _composed(letter: Character, accent: Character) -> str:
    """The letter with the accent, if that stands over it; else nothing."""
    middle = (accent.left + accent.right) / 2
    is_over = (
        not letter.generated
        and letter.turned == accent.turned
        and abs(letter.base - accent.base) < _SAME_LINE * letter.size
        and letter.left < middle < letter.right
    )
    if not is_over:
        return ""
    plain = _DOTLESS.get(letter.text, letter.text)
    whole = unicodedata.normalize("NFC", plain + _COMBINING[accent.text])
    return whole if plain.isalpha() and len(whole) == 1 else ""
