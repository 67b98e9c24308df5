"""In which of the older encodings a text is, where the file does not say."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import chardet

_SAMPLE = 200_000
"""Bytes from which an encoding is guessed."""
# chardet finds sentences of five words as likely in one encoding as in another that nobody has
# used for decades: how common an encoding is decides between them.
_COMMON = (
    (re.compile(r"windows-|cp9|koi8|big5|gb|euc|shift|utf|iso-2022|hz|tis|johab", re.I), 1.0),
    (re.compile(r"iso", re.I), 0.99),
    (re.compile(r"cp437|cp85|ibm8|cp86|cp720|cp737|cp775", re.I), 0.95),
    (re.compile(r"mac", re.I), 0.9),
    (re.compile(r""), 0.7),
)
_DECLARATION = re.compile(rb"charset|encoding", re.IGNORECASE)
"""What chardet believes, and who asks here knows to be wrong."""
_WESTERN, _FEW = 0.025, 4
"""Added to the confidence in Windows-1252 where so few bytes are beyond ASCII that chardet is sure
to no more than 0.01 to 0.03 of any encoding."""
_ODD = 0.5
"""What is left of the confidence for each place that no language has."""
_MAX_ODD = 20
_READ = 50_000
"""Characters that are looked at for such places: the look is slow, and goes over each candidate."""
_IN_WORDS = frozenset("’·‐–—…")
_AFTER_LETTERS = frozenset("™®©°")
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW", "THAI")

_NO_TEXT = ("Cc", "Cn", "Co", "Cs")
_SPACES = frozenset("\t\n\r\f\v\x1a")
_MOST_MARKS = 0.4
_PRINTABLE = re.compile(rb"[\t\n\r\x20-\x7e]")
_MOST_PRINTABLE = 0.8
"""UTF-16 has half of its bytes or fewer in this range; ASCII with a few zeros nearly all."""


def likeliest(data: bytes, among: tuple[str, ...] = ("",)) -> tuple[str, str] | None:
    """The name of the likeliest encoding, and the text in it.

    By chardet's confidence, by how common an encoding is, and by what its text would be: letters of
    two scripts or capitals in a word, or a sign of currency after a letter, are no language.

    Args:
        data: The bytes.
        among: Beginnings of the names, in capitals, that may be taken.
    """
    first = next((place for place, byte in enumerate(data) if byte > 0x7F or not byte), 0)
    start = max(0, first - _SAMPLE // 2)
    sample = _DECLARATION.sub(b" ", data[start - start % 4 : start + _SAMPLE])
    best: tuple[float, str] | None = None
    for found in chardet.detect_all(sample):
        name = found["encoding"]
        if name is None or not name.upper().startswith(among):
            continue
        score = _score(sample, name, found["confidence"])
        if score is not None and (best is None or score > best[0]):
            best = score, name
    return None if best is None else (best[1], data.decode(best[1], errors="replace"))


def _score(sample: bytes, name: str, confidence: float) -> float | None:
    try:
        text = sample.decode(name, errors="replace")
    except LookupError:  # chardet knows more than Python
        return None
    common = next(share for pattern, share in _COMMON if pattern.match(name))
    few = sum(byte > 0x7F for byte in sample) < _FEW
    western = _WESTERN if few and name == "Windows-1252" else 0.0
    odd = sum(1 for _ in islice(_oddities(text), _MAX_ODD))
    return (confidence + western) * common * _ODD**odd


def _oddities(text: str) -> Iterator[int]:
    """Yields the places beyond ASCII where a text is none."""
    text = f" {text[:_READ]} "
    scripts = [_script(character) for character in text]
    for place in range(1, len(text) - 1):
        before, character, after = text[place - 1], text[place], text[place + 1]
        script, beside = scripts[place], {scripts[place - 1], scripts[place + 1]} - {""}
        if not script and not character.isascii():
            is_sign = unicodedata.category(character)[0] in "SC" and character not in _AFTER_LETTERS
            is_inside = len(beside) and scripts[place - 1] and scripts[place + 1]
            is_amount = unicodedata.category(character) == "Sc" and after.islower()  # £uvre
            is_odd_sign = is_sign or (is_inside and character not in _IN_WORDS)
            if is_amount or (scripts[place - 1] and is_odd_sign):
                yield place
        elif script == "other" and before.isascii() and after.isascii():
            if before.isalpha() and after.islower():  # Gr秤e, Mⁿller
                yield place
        elif script not in ("", "other") and not (character + before + after).isascii():
            turns = before.islower() and character.isupper()
            if turns or beside - {"other", script}:
                yield place


def _script(character: str) -> str:
    """Of a letter or an accent, `other` if it goes with any; empty if it is neither."""
    if character.isascii():
        return "LATIN" if character.isalpha() else ""
    category = unicodedata.category(character)
    if category[0] == "M":
        return "other"
    if category[0] != "L":
        return ""
    name = unicodedata.name(character, "").partition(" ")[0]
    return name if name in _SCRIPTS else "other"


def is_odd(text: str) -> bool:
    """Whether a text has places beyond ASCII that no language has."""
    return any(True for _ in _oddities(text))


def utf_16(data: bytes) -> str | None:
    """The text of bytes that are UTF-16 without a mark at their start; None if they are not.

    In the right order of bytes all characters are assigned ones, and their upper halves are few.
    """
    printable = len(_PRINTABLE.findall(data[:_SAMPLE]))
    if len(data) % 2 or printable > _MOST_PRINTABLE * len(data[:_SAMPLE]):
        return None
    texts = [
        (len(set(data[upper:_SAMPLE:2])), text)
        for upper, name in ((1, "utf-16-le"), (0, "utf-16-be"))
        if (text := _assigned(data, name)) is not None
    ]
    return min(texts)[1] if texts else None


def _assigned(data: bytes, name: str) -> str | None:
    try:
        text = data.decode(name)
    except UnicodeDecodeError:
        return None
    kinds = Counter(unicodedata.category(c) for c in text if c not in _SPACES)
    marks = kinds["Mn"] + kinds["Mc"]  # in Thai three of ten
    if any(kinds[kind] for kind in _NO_TEXT) or marks > _MOST_MARKS * kinds.total():
        return None
    return text
