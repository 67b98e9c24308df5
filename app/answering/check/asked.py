"""Whether a sentence tells of what was asked: the same day, month or year, the same office.

"At ten on Saturdays" is no answer about Sundays, and "The chair is Mr Novak" none about the
treasurer, though the words around are the same.
"""

import re
from collections.abc import Iterable

from retriever.words import folded

_WORKING, _FREE = "weekdays? werktags?", "weekends? wochenendes?"
_DAYS = [
    f"mondays? montags? lundis? lunes {_WORKING}",
    f"tuesdays? dienstags? mardis? martes {_WORKING}",
    f"wednesdays? mittwochs? mercredis? miércoles {_WORKING}",
    f"thursdays? donnerstags? jeudis? jueves {_WORKING}",
    f"fridays? freitags? vendredis? viernes {_WORKING}",
    f"saturdays? samstags? sonnabends? samedis? sábados? {_FREE}",
    f"sundays? sonntags? dimanches? domingos? {_FREE}",
]
_MONTHS = [  # "may" and "march" are verbs
    "january januar janvier enero", "february februar février febrero", "(?-i:March) märz marzo",
    "april avril abril", "(?-i:May) mayo", "june juni juin junio", "july juli juillet julio",
    "august août agosto", "september septembre septiembre", "october oktober octobre octubre",
    "november novembre noviembre", "december dezember décembre diciembre",
]  # fmt: skip
_SEASONS = [
    "springtime frühling frühjahr printemps primavera", "summers? sommer verano",
    "autumn herbst automne otoño", "winters? hiver invierno",
]  # fmt: skip
_KINDS = [
    [re.compile(rf"\b(?:{'|'.join(names.split())})\b", re.IGNORECASE) for names in kind]
    for kind in (_DAYS, _MONTHS, _SEASONS)
]
_YEAR = re.compile(r"(?<![\w.,-])(?:1\d{3}|20\d{2})(?![\w%]|[.,]\d)")
_RANGE = re.compile(
    r"\b(?:through(?:out)?|until|till|since|from|between|after|before|daily|seit|ab|bis|von|vor|nach|"
    r"zwischen|täglich|depuis|entre|avant|après|desde|hasta)\b|\w\s*[–—]\s*\w|day to |\d\s*-\s*\d",
    re.IGNORECASE,
)
"""A sentence with one of these may speak of times that it does not name."""

_OFFICE = re.compile(
    r"who (?:is|are|was|were) (?:the|our|its|their) (?P<office>[a-z][\w'’ -]*?)"
    r"(?= (?:of|for|in|at|to|on|who|that|and|during|when|from|since|with|after|before)\b|[?.,]|$)"
)
_NO_OFFICE = frozenset(
    "first last next one person people man woman men women name character author hero main".split()
)
_ALIKE = 5  # letters: "chair" and "chairman", "inventor" and "invented"


def tells_of_another_time(asked: str, sentence: str, around: str = "") -> bool:
    """Whether `asked` names a day of the week, a month, season or year, and `sentence` another.

    Args:
        asked: The question.
        sentence: Where the answer stands.
        around: Title and headings above it, which may name the time for all of it.
    """
    if _RANGE.search(sentence):
        return False
    above = f"{sentence}\n{around}"
    for patterns in _KINDS:
        wanted = _found(patterns, asked)
        if wanted and _found(patterns, sentence) and not wanted & _found(patterns, above):
            return True
    years = set(_YEAR.findall(asked))
    return bool(years and _YEAR.search(sentence)) and not years & set(_YEAR.findall(above))


def _found(patterns: Iterable[re.Pattern[str]], text: str) -> set[int]:
    return {number for number, pattern in enumerate(patterns) if pattern.search(text)}


def lacks_office(asked: str, told: str) -> bool:
    """Whether `asked` wants to know who holds an office, and `told` does not speak of that.

    Args:
        asked: The question.
        told: Where the answer stands, with what is above it.
    """
    office = _OFFICE.search(asked[:1].lower() + asked[1:])
    if office is None:
        return False
    head = folded(office["office"].split()[-1]).casefold()
    if head in _NO_OFFICE:
        return False
    return re.search(rf"\b{re.escape(head[:_ALIKE])}", folded(told).casefold()) is None
