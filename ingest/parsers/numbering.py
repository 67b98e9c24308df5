"""The numbers that a reader sees before the items of a list: 3, c, III."""

from collections.abc import Callable

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_MOST_ROMAN = 4000
_DIGITS = ["", *"一二三四五六七八九"]


def marker(style: str, number: int) -> str:
    """`number` in a style of CSS: `decimal`, `decimal-leading-zero`, `lower-alpha`, `upper-roman`.

    Where a style has no such number (a zeroth letter), and in a style that is not known, it is the
    plain number, as in browsers.
    """
    base = style.removeprefix("lower-").removeprefix("upper-")
    written = _WRITTEN[base](number) if base in _WRITTEN else ""
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


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    if not 0 < number < 100:
        return ""
    return f"{_DIGITS[tens] if tens > 1 else ''}{'十' if tens else ''}{_DIGITS[ones]}"


def _one_of(signs: str) -> Callable[[int], str]:
    return lambda number: signs[number - 1 : number]


_WRITTEN: dict[str, Callable[[int], str]] = {
    "alpha": _alphabetic,
    "latin": _alphabetic,
    "roman": _roman,
    "cjk-ideographic": _chinese,
    "circled-decimal": _one_of("①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"),
    "hangul": _one_of("가나다라마바사아자차카타파하"),
    "decimal-leading-zero": lambda number: f"{number:02}",
}
STYLES = frozenset({"decimal", "decimal-leading-zero", "cjk-ideographic"}) | {
    f"{case}-{of}" for case in ("lower", "upper") for of in ("alpha", "latin", "roman")
}
"""The styles that are known."""
