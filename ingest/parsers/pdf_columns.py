"""Columns of running text that a PDF's file draws line by line across the page."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from ingest.parsers.pdf_characters import Character

_GUTTER = 0.9
"""Of the size of the text: columns are further apart, and the words of a justified line nearer."""
_LEAST_LINES = 4
_LEAST_WORDS = 3.5
"""On average in a line of a column; cells of tables mostly have fewer."""
_RUNNING = 0.4
"""So many lines of running text begin in the middle of a sentence; cells begin anew."""
_MOST_SINGLE = 0.5  # of the lines may have text on one side alone
_SAME_LINE = 0.5
_HYPHENS = ("-", "\u2010", "\xad")
_HYPHEN_MARK = "\x02"  # as PDFium writes one at the end of a line
_MOST_COLUMNS = 4

Line = list[Character]


def in_columns(characters: Sequence[Character]) -> Sequence[Character]:
    """The characters of a page, column after column where it has columns of running text.

    Rows of tables stay whole: their cells are short, or begin like sentences.

    Args:
        characters: In the order of PDFium.
    """
    lines = list(lines_of(characters))
    ordered = _ordered(_joined(lines), _MOST_COLUMNS)
    if ordered is None:
        return characters
    end = Character("\n", 0, 0, 0, 0, 0, 0, generated=True)
    return [character for line in ordered for character in (*line, end)]


def lines_of(characters: Sequence[Character]) -> Iterator[Line]:
    """Yields the lines of a page without their ends."""
    line: Line = []
    for character in characters:
        if character.text not in "\r\n":
            line.append(character)
        elif line:
            yield line
            line = []
    if line:
        yield line


def _joined(lines: Sequence[Line]) -> list[Line]:
    """Lines at one height, one right of the other, as one."""
    joined: list[Line] = []
    for line in lines:
        if joined and _goes_on(joined[-1], line):
            joined[-1] = joined[-1] + line
        else:
            joined.append(line)
    return joined


def _goes_on(before: Line, after: Line) -> bool:
    first, last = _printed(after)[:1], _printed(before)[-1:]
    if not first or not last:
        return False
    is_level = abs(first[0].base - last[0].base) < _SAME_LINE * first[0].size
    return is_level and first[0].left > last[0].right


def _ordered(lines: list[Line], most: int) -> list[Line] | None:
    """The lines, each block of columns column after column; None if there is no such block."""
    ordered: list[Line] = []
    place, has_columns = 0, False
    while place < len(lines):
        end, gutter = _block(lines, place) if most > 1 else (place, 0.0)
        end = max(end, place + 1)
        left, right = _sides(lines[place:end], gutter)
        if _is_running(left, right):
            has_columns = True
            for column in (left, right):
                ordered += _ordered(column, most - 1) or column
        else:
            ordered += lines[place:end]
        place = end
    return ordered if has_columns else None


def _block(lines: Sequence[Line], place: int) -> tuple[int, float]:
    """Where the lines from `place` on that leave one gutter free end, and the middle of that."""
    gaps = _gaps(lines[place])
    if not gaps:
        return place, 0.0
    left, right = max(gaps, key=lambda gap: gap[1] - gap[0])
    end = place + 1
    while end < len(lines):
        printed = _printed(lines[end])
        free = [(max(left, a), min(right, b)) for a, b in _gaps(lines[end], with_margins=True)]
        free = [gap for gap in free if printed and gap[1] - gap[0] > _GUTTER * printed[0].size]
        if not free:
            break
        left, right = max(free, key=lambda gap: gap[1] - gap[0])
        end += 1
    return end, (left + right) / 2


def _gaps(line: Line, *, with_margins: bool = False) -> list[tuple[float, float]]:
    printed = sorted(_printed(line), key=lambda character: character.left)
    gaps: list[tuple[float, float]] = []
    reach = printed[0].right if printed else 0.0
    for before, after in pairwise(printed):
        reach = max(reach, before.right)
        if after.left - reach > _GUTTER * after.size:
            gaps.append((reach, after.left))
    if with_margins and printed:
        reach = max(character.right for character in printed)
        gaps += [(float("-inf"), printed[0].left), (reach, float("inf"))]
    return gaps


def _sides(lines: Sequence[Line], gutter: float) -> tuple[list[Line], list[Line]]:
    sides: tuple[list[Line], list[Line]] = ([], [])
    for line in lines:
        halves: tuple[Line, Line] = ([], [])
        side = 0
        for character in line:
            if not character.generated:
                side = int(character.left > gutter)
            halves[side].append(character)
        for column, half in zip(sides, halves, strict=True):
            if _printed(half):
                column.append(half)
    return _hyphenated(sides[0]), _hyphenated(sides[1])


def _hyphenated(column: list[Line]) -> list[Line]:
    """With PDFium's mark for a hyphen where a line ends in one."""
    for line in column[:-1]:
        while line and (line[-1].generated or not line[-1].text.strip()):
            line.pop()
        if line and line[-1].text in _HYPHENS:
            line[-1] = replace(line[-1], text=_HYPHEN_MARK)
    return column


def _is_running(left: Sequence[Line], right: Sequence[Line]) -> bool:
    """Whether both columns are running text, and stand beside each other."""
    both = min(len(left), len(right))
    if both < _LEAST_LINES or both < (1 - _MOST_SINGLE) * max(len(left), len(right)):
        return False
    return all(map(_reads_on, (left, right)))


def _reads_on(column: Sequence[Line]) -> bool:
    texts = ["".join(character.text for character in line).strip() for line in column]
    words = sum(len(text.split()) for text in texts) / len(texts)
    first = [text[0] for text in texts[1:]]
    within = sum(
        not (letter.isdigit() or letter.isupper()) and letter.isalpha() for letter in first
    )
    return words >= _LEAST_WORDS and within >= _RUNNING * len(first)


def _printed(line: Line) -> Line:
    return [character for character in line if not character.generated and character.text.strip()]
