"""Whether a sentence tells of what was asked: the same day, month or year, the same office.

"At ten on Saturdays" is no answer about Sundays, and "The chair is Mr Novak" none about the
treasurer, though the words around are the same.
"""

import re
from collections.abc import Iterable

from app.answering.check.figures import months_in
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
_SEASONS = [
    "springtime frühling frühjahr printemps primavera", "summers? sommer verano",
    "autumn herbst automne otoño", "winters? hiver invierno",
]  # fmt: skip
_DAY_NAMES, _SEASON_NAMES = (
    [re.compile(rf"\b(?:{'|'.join(names.split())})\b", re.IGNORECASE) for names in kind]
    for kind in (_DAYS, _SEASONS)
)
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
    return any(
        wanted and told and wanted.isdisjoint(near)
        for wanted, told, near in zip(_times(asked), _times(sentence), _times(above), strict=True)
    )


def names_time(text: str) -> bool:
    """Whether `text` names a day of the week, a month, a season or a year."""
    return any(_times(text))


def _times(text: str) -> tuple[set[int], ...]:
    """Days, months, seasons and years that `text` names."""
    return (
        _found(_DAY_NAMES, text),
        months_in(text),
        _found(_SEASON_NAMES, text),
        {int(year) for year in _YEAR.findall(text)},
    )


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
