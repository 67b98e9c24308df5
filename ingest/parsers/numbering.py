"""The numbers that a reader sees before the items of a list: 3, c, III."""

from collections.abc import Callable

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_MOST_ROMAN = 4000


def marker(style: str, number: int) -> str:
    """`number` in a style of CSS: `decimal`, `decimal-leading-zero`, `lower-alpha`, `upper-roman`.

    Where a style has no such number (a zeroth letter), and in a style that is not known, it is the
    plain number, as in browsers.
    """
    base = style.removeprefix("lower-").removeprefix("upper-")
    written = _STYLES[base](number) if base in _STYLES else ""
    return (written.upper() if style.startswith("upper-") else written) or str(number)


def _alphabetic(number: int) -> str:
    letters = ""
    while number > 0:
        number, place = divmod(number - 1, 26)
        letters = chr(ord("a") + place) + letters
    return letters


def _roman(number: int) -> str:
    if not 0 < number < _MOST_ROMAN:
        return ""
    written = ""
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        written += letters * count
    return written


_STYLES: dict[str, Callable[[int], str]] = {
    "alpha": _alphabetic,
    "latin": _alphabetic,
    "roman": _roman,
    "decimal-leading-zero": lambda number: f"{number:02}",
}
