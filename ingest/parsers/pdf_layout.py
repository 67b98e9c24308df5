"""The text of a PDF's page as a reader sees it: exponents, fractions, turned text."""

from collections.abc import Sequence

from ingest.parsers.inline import lowered, raised
from ingest.parsers.pdf_characters import Character
from ingest.parsers.pdf_columns import in_columns, lines_of
from ingest.parsers.pdf_right_to_left import (
    is_right_to_left,
    logical,
    mended,
    mostly_right_to_left,
    spaced,
)

_SMALL = 0.88
"""Exponents and note marks are smaller than this share of the text's size."""
_RAISED, _LOWERED = 0.15, -0.05
"""Shares of the text's size by which their lines differ from its own."""
_BARS = tuple("⁄/∕")
_LONGEST_SHIFTED = 8
_SAME_LINE, _SAME_BASE = 0.5, 0.1  # of the size
_GAP = 1.0  # of the size: letters that are set apart are nearer
_OVERLAP = 0.3  # of the size: fractions and what stands over an index begin left of its end


def page_text(characters: Sequence[Character], *, is_turned: bool) -> str:
    """The text of a page.

    Args:
        characters: In the order of PDFium, which is that of the file mostly.
        is_turned: Whether the page is shown turned; then, as for turned text, lines are put in
            order by their places.
    """
    directions = dict.fromkeys(c.turned for c in characters if not c.generated)
    if not any(directions):
        return _of_direction(characters, is_turned)
    return "\n".join(
        _of_direction([c for c in characters if c.turned == direction], is_turned or direction)
        for direction in directions
    )


def _of_direction(characters: Sequence[Character], is_turned: bool | int) -> str:
    if is_turned:
        characters = _by_place(characters)
    if not any(is_right_to_left(c.text) for c in characters):
        return _marked(in_columns(characters))
    page = mostly_right_to_left(characters)
    return "\n".join(_bidirectional(line, page) for line in lines_of(characters))


def _bidirectional(line: Sequence[Character], is_page_from_right: bool) -> str:
    if not any(is_right_to_left(c.text) for c in line):
        return _marked(line)
    parts = logical(line, from_right=is_page_from_right or mostly_right_to_left(line))
    return mended(
        "".join(
            "".join(c.text for c in part) if from_right else _marked(part)
            for from_right, part in parts
        )
    )


def _marked(characters: Sequence[Character]) -> str:
    """The text, with marks for what is raised or lowered: 10^6."""
    text, base = "", None
    place = 0
    while place < len(characters):
        character = characters[place]
        end = _end_of_shifted(characters, place, base) if base else place
        if end > place and base:
            shifted = "".join(c.text for c in characters[place:end])
            after = "".join(c.text for c in characters[end : end + 8] if not c.generated)
            is_raised = character.base > base.base
            text += _shifted(text[-40:], shifted, after, is_raised=is_raised)
            place = end
        elif _ends_line(character):
            end = _end_of_break(characters, place)
            if not _goes_on(characters, place, end, base):
                text, base = text + "\n", None
            place = end
        else:
            text += " " * _begins_cell(characters, place) + character.text
            base = character if character.text.strip() and not character.generated else base
            place += 1
    return text


def _begins_cell(characters: Sequence[Character], place: int) -> bool:
    """Whether a gap lies before a character, for which PDFium has no space."""
    before, after = characters[place - 1] if place else None, characters[place]
    if before is None or before.generated or after.generated or not _is_level(after, before):
        return False
    is_apart = after.left - before.right > _GAP * max(before.size, after.size)
    return is_apart and " " not in (before.text, after.text)


def _ends_line(character: Character) -> bool:
    return character.generated and character.text in "\r\n"


def _end_of_shifted(characters: Sequence[Character], place: int, base: Character) -> int:
    """Where the raised or lowered characters from `place` end; `place` if there are none."""
    end = place
    while end < len(characters) and _is_shifted(characters[end], base, characters[place]):
        end += 1
        behind = end
        while behind < len(characters) and characters[behind].text == " ":
            behind += 1
        if behind < len(characters) and _is_shifted(characters[behind], base, characters[place]):
            end = behind  # "6, 7"
    if end - place > _LONGEST_SHIFTED:
        return place
    after = next((c for c in characters[end:] if not c.generated and c.text.strip()), None)
    # After an initial of several lines' height all text is small.
    is_small = after and after.size < _SMALL * base.size and _is_level(after, base)
    return place if is_small else end


def _is_shifted(character: Character, base: Character, first: Character) -> bool:
    """Whether a character is raised or lowered beside `base`, as the first one is."""
    rise = character.base - base.base
    return (
        not character.generated
        and bool(character.text.strip())
        and 0 < character.size < _SMALL * base.size
        and abs(rise) < base.size
        and not _LOWERED * base.size <= rise <= _RAISED * base.size
        and (rise > 0) == (first.base > base.base)
    )


def _is_level(character: Character, base: Character) -> bool:
    return abs(character.base - base.base) < _SAME_BASE * base.size


def _end_of_break(characters: Sequence[Character], place: int) -> int:
    while place < len(characters) and characters[place].generated:
        place += 1
    return place


def _goes_on(characters: Sequence[Character], place: int, end: int, base: Character | None) -> bool:
    """Whether a line only seemed to end, because what comes before or behind is raised."""
    if base is None or end >= len(characters) or not place:
        return False
    before, after = characters[place - 1], characters[end]
    gap = after.left - before.right
    if before.generated or not -_OVERLAP * base.size < gap < base.size:
        return False
    if _is_level(after, base):
        return before.size < _SMALL * base.size and not _is_level(before, base)
    return gap < _OVERLAP * base.size and _end_of_shifted(characters, end, base) > end


def _shifted(before: str, text: str, after: str, *, is_raised: bool) -> str:
    if after[:1] in _BARS or before[-1:] in _BARS:  # the parts of a fraction
        return f" {text}" if is_raised and before[-1:].isdigit() else text
    if not is_raised:
        return lowered(before, text)
    marked = raised(before, text, after)
    # A note's mark is set without a space before what follows it.
    return f"{marked} " if marked.endswith("]") and after[:1].isalnum() else marked


def _by_place(characters: Sequence[Character]) -> list[Character]:
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
    end = Character("\n", 0, 0, 0, 0, 0, 0, generated=True)
    return [
        character
        for line in lines
        for character in (*spaced(sorted(line, key=lambda c: c.left)), end)
    ]
