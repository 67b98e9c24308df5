"""The text of a PDF's page as a reader sees it: exponents, turned text, right-to-left lines."""

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from ingest.parsers.inline import lowered, raised
from ingest.parsers.pdf_characters import Character
from ingest.parsers.pdf_columns import in_columns, lines_of

_SMALL = 0.88
"""Exponents and note marks are smaller than this share of the text's size."""
_RAISED, _LOWERED = 0.15, -0.05
"""Shares of the text's size by which their lines differ from its own."""
_LONGEST_SHIFTED = 8
_SPACE = 0.25  # of the size: a wider gap parts words
_WIDE_SPACE = 0.4  # the same where a line has spaces of its own
_SAME_LINE, _SAME_BASE = 0.5, 0.1  # of the size
_BRACKETS = str.maketrans("()[]{}<>«»", ")(][}{><»«")
_FORMS = (("\ufb50", "\ufdff"), ("\ufe70", "\ufefc"))  # Arabic letters as they are printed


def page_text(characters: Sequence[Character], *, is_turned: bool) -> str:
    """The text of a page.

    Args:
        characters: In the order of PDFium, which is that of the file mostly.
        is_turned: Whether the page is shown turned; then, as for turned text, lines are put in
            order by their places.
    """
    directions = dict.fromkeys(c.turned for c in characters if not c.generated)
    if is_turned or any(directions):
        return "\n".join(
            _of_direction([c for c in characters if c.turned == direction], is_turned or direction)
            for direction in directions
        )
    if any(_is_right_to_left(c.text) for c in characters):
        return "\n".join(_logical(line) for line in lines_of(characters))
    return _marked(in_columns(characters))


def _of_direction(characters: Sequence[Character], is_turned: bool | int) -> str:
    if not is_turned:  # what is upright on a page with turned text is in order already
        return _marked(characters)
    return "\n".join(_marked(_spaced(line, _SPACE)) for line in _lines_by_place(characters))


def _marked(characters: Sequence[Character]) -> str:
    """The text, with marks for what is raised or lowered: 10^6."""
    text, base, was_shifted = "", None, False
    place = 0
    while place < len(characters):
        character = characters[place]
        end = _end_of_shifted(characters, place, base) if base else place
        if end > place and base:
            shifted = "".join(c.text for c in characters[place:end])
            rise = character.base - base.base
            after = "".join(c.text for c in characters[end : end + 8] if not c.generated)
            text += _shifted(text[-40:], shifted, after, is_raised=rise > 0)
            place, was_shifted = end, True
            continue
        if character.text in "\r\n" and character.generated:
            end = _end_of_break(characters, place)
            if not (was_shifted and _goes_on(characters, place, end, base)):
                text, base = text + "\n", None
            place, was_shifted = end, False
            continue
        text += character.text
        was_shifted = False
        base = character if character.text.strip() and not character.generated else base
        place += 1
    return text


def _end_of_shifted(characters: Sequence[Character], place: int, base: Character) -> int:
    """Where the raised or lowered characters from `place` end; `place` if there are none."""
    end = place
    while end < len(characters) and _is_shifted(characters[end], base):
        end += 1
    if end == place or end - place > _LONGEST_SHIFTED:
        return place
    rise = characters[place].base - base.base
    if not (rise > _RAISED * base.size or rise < _LOWERED * base.size):
        return place
    after = next((c for c in characters[end:] if not c.generated and c.text.strip()), None)
    # After an initial of several lines' height all text is small.
    is_on_line = after is not None and abs(after.base - base.base) < _SAME_LINE * base.size
    return place if is_on_line and after and after.size < _SMALL * base.size else end


def _is_shifted(character: Character, base: Character) -> bool:
    return (
        not character.generated
        and bool(character.text.strip())
        and 0 < character.size < _SMALL * base.size
        and abs(character.base - base.base) < base.size
        and (
            character.base - base.base > _RAISED * base.size
            or character.base < base.base + _LOWERED * base.size
        )
    )


def _end_of_break(characters: Sequence[Character], place: int) -> int:
    while place < len(characters) and characters[place].generated:
        place += 1
    return place


def _goes_on(characters: Sequence[Character], place: int, end: int, base: Character | None) -> bool:
    """Whether a line only seemed to end, because what was before is raised."""
    if base is None or end >= len(characters) or not place:
        return False
    before, after = characters[place - 1], characters[end]
    gap = after.left - before.right
    return abs(after.base - base.base) < _SAME_BASE * base.size and -1 < gap < base.size


def _shifted(before: str, text: str, after: str, *, is_raised: bool) -> str:
    if after[:1] in tuple("⁄/∕") or before[-1:] in tuple("⁄/∕"):
        return text  # the parts of a fraction
    if not is_raised:
        return lowered(before, text)
    marked = raised(before, text, after)
    # A note's mark is set without a space before what follows it.
    return f"{marked} " if marked.endswith("]") and after[:1].isalnum() else marked


def _lines_by_place(characters: Sequence[Character]) -> list[list[Character]]:
    """Lines from the top down, each from left to right."""
    lines: list[list[Character]] = []
    for character in characters:
        if character.generated:
            continue
        for line in reversed(lines[-200:]):
            if abs(line[0].base - character.base) < _SAME_LINE * max(line[0].size, 1):
                line.append(character)
                break
        else:
            lines.append([character])
    lines.sort(key=lambda line: -line[0].base)
    return [sorted(line, key=lambda c: c.left) for line in lines]


def _spaced(line: Sequence[Character], least: float) -> list[Character]:
    """With a space in each gap of at least this share of the size that has none."""
    spaced = [*line[:1]]
    for before, after in pairwise(line):
        gap = after.left - before.right
        # A figure beside Arabic letters is a word of its own, and two letters end each word.
        turns = _is_right_to_left(before.text) != _is_right_to_left(after.text)
        turns = turns or (after.text in "ةى" and _is_right_to_left(before.text))
        if (
            gap > (_SPACE if turns else least) * after.size
            and before.text != " "
            and after.text != " "
        ):
            spaced.append(Character(" ", 0, 0, 0, 0, 0, after.turned, generated=True))
        spaced.append(after)
    return spaced


def _logical(line: Sequence[Character]) -> str:
    """A line in the order in which it is read, from where its characters stand.

    Producers write such lines as they look, from the left, or reverse some of their words.
    """
    if not any(_is_right_to_left(c.text) for c in line):
        return _marked(line)
    # PDFium makes up spaces without a width, and puts them where it believes that words end.
    placed = [c for c in line if not c.generated and (c.text != " " or c.right > c.left)]
    least = _WIDE_SPACE if any(c.text == " " for c in placed) else _SPACE
    seen = [c.text for c in _spaced(sorted(placed, key=lambda c: (c.left + c.right) / 2), least)]
    letters = [text for text in seen if text.isalpha()]
    from_right = 2 * sum(map(_is_right_to_left, letters)) >= len(letters)
    runs = _runs(seen, from_right=from_right)
    ordered = runs[::-1] if from_right else runs
    text = "".join(
        "".join(run[::-1]) if is_reversed else "".join(run) for is_reversed, run in ordered
    )
    text = "".join(_letter(character) for character in text)
    first = next((c for c in text if c in "()[]"), "")
    last = next((c for c in reversed(text) if c in "()[]"), "")
    return text.translate(_BRACKETS) if first in tuple(")]") and last in tuple("([") else text


def _runs(seen: Sequence[str], *, from_right: bool) -> list[tuple[bool, list[str]]]:
    """Parts of a line that are read in one direction: (from the right, characters as they look)."""
    runs: list[tuple[bool, list[str]]] = []
    for place, text in enumerate(seen):
        left_to_right = _is_left_to_right(seen, place, from_right=from_right)
        if runs and runs[-1][0] is not left_to_right:
            runs[-1][1].append(text)
        else:
            runs.append((not left_to_right, [text]))
    return runs


def _is_left_to_right(seen: Sequence[str], place: int, *, from_right: bool) -> bool:
    """Whether a character belongs to a word or figure that is read from the left."""
    text = seen[place]
    if text.isdigit() or unicodedata.bidirectional(text) == "L":
        return True
    if text in ".,:/-–%+@ ":  # between two such characters
        before = next((t for t in reversed(seen[:place]) if t != " " or text != " "), " ")
        after = next((t for t in seen[place + 1 :] if t != " " or text != " "), " ")
        both = (before, after)
        if text == " " and not from_right:
            return not all(_is_right_to_left(t) for t in both)
        if text == " ":
            return all(unicodedata.bidirectional(t) == "L" for t in both)
        return all(t.isdigit() or unicodedata.bidirectional(t) == "L" for t in both)
    return False


def _is_right_to_left(text: str) -> bool:
    return unicodedata.bidirectional(text) in ("R", "AL")


def _letter(character: str) -> str:
    if any(first <= character <= last for first, last in _FORMS):
        return unicodedata.normalize("NFKC", character)
    return character
