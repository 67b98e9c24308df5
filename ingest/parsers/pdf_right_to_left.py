"""Lines of Arabic, Hebrew and their like in the order in which they are read (UAX #9)."""

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from ingest.parsers.pdf_characters import Character

_SPACE = 0.2
"""Of the size: a gap as wide parts words. Two Arabic letters of one word that are not joined stand
up to 0.19 apart, the spaces of common fonts are 0.21 or wider."""
_SEPARATORS = {"AL": ".,:/", "R": ".,:/-+"}
"""What stands inside of a figure: 1,250.50 in both scripts, 03-123 in Hebrew alone."""
_LETTERS, _FIGURES = ("R", "AL"), ("EN", "AN")
_PAIRS = ("()", "[]", "«»")
_FORMS = (("\ufb50", "\ufdff"), ("\ufe70", "\ufefc"))  # Arabic letters as they are printed


def is_right_to_left(text: str) -> bool:
    """Whether a character is a letter that is read from the right."""
    return unicodedata.bidirectional(text) in _LETTERS


def mostly_right_to_left(characters: Sequence[Character]) -> bool:
    """Whether most letters are read from the right."""
    letters = [c.text for c in characters if c.text.isalpha()]
    return bool(letters) and 2 * sum(map(is_right_to_left, letters)) >= len(letters)


def spaced(line: Sequence[Character]) -> list[Character]:
    """With a space in each gap between words that has none.

    Args:
        line: From left to right.
    """
    shown = [*line[:1]]
    for before, after in pairwise(line):
        gap = after.left - before.right
        if gap > _SPACE * after.size and before.text != " " and after.text != " ":
            shown.append(Character(" ", 0, 0, 0, 0, 0, after.turned, generated=True))
        shown.append(after)
    return shown


def logical(line: Sequence[Character], *, from_right: bool) -> list[tuple[bool, list[Character]]]:
    """The parts of a line in the order in which they are read.

    Producers write such lines as they look, from the left, or reverse some of their words: only
    the places of the characters tell.

    Args:
        line: Its characters.
        from_right: Whether it is of a text that is read from the right.

    Returns:
        Whether a part is read from the right, and its characters in the order of reading.
    """
    # PDFium makes up spaces without a width, and puts them where it believes that words end.
    placed = [c for c in line if not c.generated and (c.text != " " or c.right > c.left)]
    seen = spaced(sorted(placed, key=lambda c: (c.left + c.right) / 2))
    runs = _runs(seen, from_right=from_right)
    return [
        (reverse, run[::-1] if reverse else run)
        for reverse, run in (runs[::-1] if from_right else runs)
    ]


def mended(text: str) -> str:
    """A line with its letters in their usual form, and its brackets the right way round.

    Some producers name a bracket by its shape, others by its meaning: in pairs they take turns.
    """
    text = "".join(map(_letter, text))
    for pair in _PAIRS:
        places = [place for place, character in enumerate(text) if character in pair]
        if len(places) % 2 == 0:
            letters = list(text)
            for number, place in enumerate(places):
                letters[place] = pair[number % 2]
            text = "".join(letters)
    return text


def _runs(seen: Sequence[Character], *, from_right: bool) -> list[tuple[bool, list[Character]]]:
    """Parts of a line that are read in one direction, as they look."""
    kinds = [_kind(character.text) for character in seen]
    strong = [kind if kind in ("L", *_LETTERS, *_FIGURES) else "" for kind in kinds]
    left = _nearest(strong)
    right = _nearest(strong[::-1])[::-1]
    script = "AL" if "AL" in kinds else "R"
    runs: list[tuple[bool, list[Character]]] = []
    for place, character in enumerate(seen):
        if strong[place]:
            reverse = strong[place] in _LETTERS
        elif from_right:
            reverse = not (
                _joins(left[place], right[place]) or _is_of_figure(seen, strong, place, script)
            )
        else:
            reverse = left[place] in _LETTERS and right[place] in _LETTERS
        if runs and runs[-1][0] is reverse:
            runs[-1][1].append(character)
        else:
            runs.append((reverse, [character]))
    return runs


def _kind(text: str) -> str:
    return "EN" if text.isdigit() and text.isascii() else unicodedata.bidirectional(text)


def _nearest(strong: Sequence[str]) -> list[str]:
    """For each place the last letter's or figure's kind before it."""
    last, nearest = "", list[str]()
    for kind in strong:
        nearest.append(last)
        last = kind or last
    return nearest


def _joins(left: str, right: str) -> bool:
    """Whether what is between belongs to words read from the left: Windows 11, a@b.example."""
    return "L" in (left, right) and {left, right} <= {"L", *_FIGURES}


def _is_of_figure(
    seen: Sequence[Character], strong: Sequence[str], place: int, script: str
) -> bool:
    text = seen[place].text
    beside = [
        strong[other] in _FIGURES if 0 <= other < len(seen) else False
        for other in (place - 1, place + 1)
    ]
    if text in _SEPARATORS[script]:
        return all(beside)
    # 3.5% and $7 are figures in Hebrew; in Arabic the sign stands left of them, read after them.
    return script == "R" and unicodedata.bidirectional(text) == "ET" and any(beside)


def _letter(character: str) -> str:
    if any(first <= character <= last for first, last in _FORMS):
        return unicodedata.normalize("NFKC", character)
    return character
