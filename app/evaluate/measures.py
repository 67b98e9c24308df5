"""SQuAD's measures of an answer's words."""

import string
from collections import Counter
from collections.abc import Iterable


def words(text: str) -> list[str]:
    """As SQuAD's evaluation compares them: lower case, no punctuation, no articles."""
    bare = text.lower().translate(str.maketrans("", "", string.punctuation + "“”‘’"))
    return [word for word in bare.split() if word not in ("a", "an", "the")]


def token_f1(text: str, answers: Iterable[str]) -> float:
    """Harmonic mean of the words' precision and recall, against the answer that fits best."""
    return max((_f1(words(text), words(answer)) for answer in answers), default=0.0)


def exact_match(text: str, answers: Iterable[str]) -> bool:
    """Whether `text` has the words of an answer and no others."""
    return any(words(text) == words(answer) for answer in answers)


def holds(text: str, answers: Iterable[str]) -> bool:
    """Whether the words of an answer stand in `text`, in their order."""
    told = f" {' '.join(words(text))} "
    return any(f" {' '.join(words(answer))} " in told for answer in answers)


def _f1(got: list[str], wanted: list[str]) -> float:
    common = (Counter(got) & Counter(wanted)).total()
    return 2 * common / (len(got) + len(wanted)) if common else 0.0
