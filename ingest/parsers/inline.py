"""Raised and lowered characters, in plain text: 10^11, m^2, H₂O, x_max, 1998 [3].

Without a mark an exponent or the number of a footnote becomes part of the figure before it: "10¹¹
stars" is read as 1011.
"""

import re
from collections.abc import Iterable, Sequence

SUPER, SUB = "superscript", "subscript"
"""What `marked` calls raised and lowered text."""

_LOWERED_DIGITS = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
_ORDINALS = frozenset("st nd rd th e er re ère ème eme o os a as ª º te".split())
_NUMERO = re.compile(r"(?:\d|\b[Nn]r?|\bV)\Z")  # 1st, Nº, Nr, Vª
_ISOTOPE = re.compile(r"(?!A\b)[A-Z][a-z]?(?![a-z])")
_LIGHT = ("H", "He", "Li")  # elements whose isotopes have a number of one digit
_VOWELS = frozenset("aeiouAEIOU")
_SHORT = 3
# What a square or a cube is of; after any other word a raised number is that of a footnote.
# fmt: off
_UNITS = frozenset(
    "m km cm mm dm µm μm nm in ft yd mi s ms h min kg g l px pt au ly ha sin cos tan log".split()
)
# fmt: on
_WORD = re.compile(r"[^\W\d_]+\Z")
_WORDS = re.compile(r"[^\W\d_]{3,}")
_FIGURE = re.compile(r"(?:(?<!\d)\d{1,3}(?:[., \u00a0\u202f]\d{3})+|\d+)(?:[.,]\d+)?\Z")
_NUMBER = re.compile(r"\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\Z")
_DEGREES = re.compile(r"\s?[CF]\b")
_ZEROS = ("o", "O", "0", "º", "°")  # what people raise where they want the sign of degrees
BARS = ("/", "⁄")
"""Between the parts of a fraction that is set as 1⁄2."""
_SIGNS = "*∗†‡§¶"
_BASE_DIGITS = 2
"""Longer figures in front of a raised number are years and counts: the number is a footnote's."""


def marked(pieces: Iterable[tuple[str, str]]) -> str:
    """Text with marks for what is raised or lowered in it.

    Args:
        pieces: (`SUPER`, `SUB` or something else, text) in their order; what is raised in several
            pieces, "10", "-", "6" for example, is one number.
    """
    runs: list[tuple[str, str]] = []
    for shift, text in pieces:
        if runs and runs[-1][0] == shift:
            runs[-1] = shift, runs[-1][1] + text
        elif text:
            runs.append((shift, text))
    shown = ""
    while runs:
        (shift, text), *runs = runs
        if shift == SUPER and _begins_fraction(text, runs):
            (_, bar), (_, below), *runs = runs
            space = " " if shown[-1:].isdigit() else ""
            shown += f"{space}{text.strip()}{bar.strip()}{below}"
        elif shift == SUPER:
            shown += raised(shown, text, runs[0][1] if runs else "")
        else:
            shown += lowered(shown, text) if shift == SUB else text
    return shown


def _begins_fraction(above: str, behind: Sequence[tuple[str, str]]) -> bool:
    """Whether raised digits are followed by a bar, and digits below it, as in ½."""
    if len(behind) < 2:
        return False
    (_, bar), (shift, below) = behind[:2]
    return shift == SUB and bar.strip() in BARS and (above.strip() + below.strip()).isdecimal()


def raised(before: str, text: str, after: str = "", *, is_note: bool = False) -> str:
    """What raised `text` becomes between `before` and `after`.

    Args:
        before: The text in front of it, its last few characters at least.
        text: The raised text.
        after: The text behind it, its first few characters at least, if they are known.
        is_note: Whether it is known to be the mark of a note, by a link for example.
    """
    end = " " if text[-1:].isspace() else ""
    text = " ".join(text.split())
    return (_raised(before, text, after, is_note=is_note) if text else "") + end


def _raised(before: str, text: str, after: str, *, is_note: bool) -> str:
    if text in _ZEROS and before.rstrip()[-1:].isdigit() and _DEGREES.match(after):
        return "°"
    isotope = not is_note and _is_isotope(before, text, after)
    if not isotope and _is_mark(before, text, is_note=is_note):
        return footnote_mark(text, before)
    is_ordinal = text.casefold() in _ORDINALS and _NUMERO.search(before)
    if is_ordinal or not any(map(str.isalnum, text)):  # 1st, Nº, ™, *
        return text
    if text == "TM":
        return "™"
    return f"^{_grouped(text)}" if isotope or before.strip() else text


def lowered(before: str, text: str) -> str:
    """What lowered `text` becomes after `before`; see `raised`."""
    end = " " if text[-1:].isspace() else ""
    text = " ".join(text.split())
    if not text or not before.strip() or before[-1].isspace():
        return text + end
    if (before[-1].isalpha() or before[-1] in ")]") and text.strip("+-").isdecimal():
        return text.translate(_LOWERED_DIGITS) + end
    return f"_{_grouped(text)}{end}"


def footnote_mark(text: str, before: str = "") -> str:
    """The mark of a note, apart from what is in front of it: ` [3]`."""
    space = "" if not before or before[-1].isspace() else " "
    return f"{space}[{text.strip('[]() ')}]"


def _is_mark(before: str, text: str, *, is_note: bool) -> bool:
    if _NUMBER.match(text.strip("[]()")):
        is_apart = text.isdecimal() and before.strip() and before[-1].isspace()
        return is_note or text[0] in "[(" or bool(is_apart) or _marks_note(before)
    if text[0] in _SIGNS and _WORD.search(before):
        return len(text) > 1
    if text[0] == "[" and text[-1] == "]":
        return bool(before.strip())
    return text.isalpha() and _follows_words(before, text)


def _marks_note(before: str) -> bool:
    if before[-1:] in tuple('.,;:!?”"’»'):
        return True
    if before.endswith(")"):
        return _WORDS.search(before, max(before.rfind("("), 0)) is not None
    figure = _FIGURE.search(before)
    if figure:
        digits = re.sub(r"\D", "", figure[0])
        return len(digits) > _BASE_DIGITS
    word = _WORD.search(before)
    return word is not None and _is_word(word[0])


def _is_word(letters: str) -> bool:
    """Whether letters are a word of some language, and not a unit or the product of a formula."""
    if len(letters) == 1 or letters in _UNITS:
        return False
    if len(letters) > _SHORT or (letters.isupper() and len(letters) == _SHORT):
        return True
    if letters.isascii():
        return bool(_VOWELS & set(letters))  # mc, xy
    greek = sum("α" <= letter <= "ω" for letter in letters)
    return greek in (0, len(letters))  # πr


def _follows_words(before: str, text: str) -> bool:
    """Whether a raised letter, or a word such as "note", stands after a word."""
    word = _WORD.search(before)
    return word is not None and len(word[0]) > _SHORT and (len(text) == 1 or len(text) > _SHORT)


def _is_isotope(before: str, text: str, after: str) -> bool:
    if not text.isdecimal() or (before and not before[-1].isspace() and before[-1] not in "(["):
        return False
    element = _ISOTOPE.match(after)
    return element is not None and (len(text) > 1 or element[0] in _LIGHT)


def _grouped(text: str) -> str:
    signed = text.removeprefix("-").removeprefix("−").removeprefix("+")
    return text if signed.isalnum() or (text[0], text[-1]) == ("(", ")") else f"({text})"
