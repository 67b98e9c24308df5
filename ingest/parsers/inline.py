"""Raised and lowered characters, in plain text: 10^11, m^2, H₂O, x_max, 1998 [3].

Without a mark an exponent or the number of a footnote becomes part of the figure before it: "10¹¹
stars" is read as 1011.
"""

import re

_LOWERED_DIGITS = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
_ORDINALS = frozenset("st nd rd th e er re ème eme o os a as ª º te".split())
# What a square or a cube is of; after any other word a raised number is that of a footnote.
_UNITS = frozenset("m km cm mm dm µm μm nm in ft yd mi s ms h min kg g l px pt au ly ha".split())
_WORD = re.compile(r"[^\W\d_]+\Z")
_WORDS = re.compile(r"[^\W\d_]{3,}")
_FIGURE = re.compile(r"(?:\d[\d.,\u00a0 ]*)?\d\Z")
_NUMBER = re.compile(r"\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\Z")
_SIGNS = "*∗†‡§¶"
_BASE_DIGITS = 2
"""Longer figures in front of a raised number are years and counts: the number is a footnote's."""


def raised(before: str, text: str, *, is_note: bool = False) -> str:
    """What raised `text` becomes after `before`.

    Args:
        before: The text in front of it, its last few characters at least.
        text: The raised text.
        is_note: Whether it is known to be the mark of a note, by a link for example.
    """
    text = " ".join(text.split())
    if not text:
        return ""
    if _NUMBER.match(text.strip("[]()")) and (
        is_note or text[0] in "[(" or _marks_note(before, text)
    ):
        return footnote_mark(text, before)
    if text[0] in _SIGNS and _WORD.search(before):
        return footnote_mark(text, before) if len(text) > 1 else text
    if text.casefold() in _ORDINALS or not any(map(str.isalnum, text)):
        return text  # 1st, Nº, ™, *
    if not before.strip():
        return text
    if before[-1].isspace():
        return footnote_mark(text, before) if text.isdecimal() else text
    return f"^{_grouped(text)}"


def lowered(before: str, text: str) -> str:
    """What lowered `text` becomes after `before`; see `raised`."""
    text = " ".join(text.split())
    if not text or not before.strip() or before[-1].isspace():
        return text
    if (before[-1].isalpha() or before[-1] in ")]") and text.strip("+-").isdecimal():
        return text.translate(_LOWERED_DIGITS)
    return f"_{_grouped(text)}"


def footnote_mark(text: str, before: str = "") -> str:
    """The mark of a note, apart from what is in front of it: ` [3]`."""
    space = "" if not before or before[-1].isspace() else " "
    return f"{space}[{text.strip('[]() ')}]"


def _marks_note(before: str, text: str) -> bool:
    if not _NUMBER.match(text.strip("[]()")):
        return False
    if before[-1:] in tuple('.,;:!?”"’»'):
        return True
    if before.endswith(")"):
        return _WORDS.search(before, max(before.rfind("("), 0)) is not None
    figure = _FIGURE.search(before)
    if figure:
        digits = re.sub(r"\D", "", figure[0])
        return len(digits) > _BASE_DIGITS
    word = _WORD.search(before)
    return word is not None and len(word[0]) > 1 and word[0] not in _UNITS


def _grouped(text: str) -> str:
    signed = text.removeprefix("-").removeprefix("−").removeprefix("+")
    return text if signed.isalnum() else f"({text})"
