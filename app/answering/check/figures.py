"""Figures in a text, as values with units: "1,5 kg" and "1.5 kilograms" are one, "15 kg" is not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from app.answering.sentences import Span

_SAME_UNIT = """
%|percent|per cent|prozent|pour cent|por ciento
kg|kilo|kilos|kilogram|kilograms|kilogramm|kilogramme|kilogrammes
g|gram|grams|gramm|grammes
mg|milligram|milligrams|milligramm
t|tonne|tonnes|ton|tons|tonnen
lb|lbs
km|kilometre|kilometres|kilometer|kilometers
m|metre|metres|meter|meters
cm|centimetre|centimetres|centimeter|centimeters|zentimeter
mm|millimetre|millimetres|millimeter|millimeters
mile|miles
yard|yards
foot|feet|ft
inch|inches
km/h|kph
m/s
mph
m2|square metres|square meters|quadratmeter
km2
l|litre|litres|liter|liters
ml|millilitre|millilitres|milliliter|milliliters
year|years|yr|yrs|jahr|jahre|jahren|ans|années|años|年
month|months|monat|monate|monaten|mois|meses|个月
week|weeks|woche|wochen|semaines|semanas|周
day|days|tag|tage|tagen|jours|días|天
hour|hours|h|hr|hrs|stunde|stunden|heures|horas|小时
minute|minutes|min|mins|minuten|minutos|分钟
second|seconds|sec|secs|sekunde|sekunden|secondes|segundos|秒
ms|millisecond|milliseconds
euro|euros|eur|€
dollar|dollars|usd|$|us$
pound|pounds|gbp|£
franc|francs|franken|chf
cent|cents
yuan|元|人民币
bit|bits
byte|bytes
kb|kilobyte|kilobytes
mb|megabyte|megabytes
gb|gigabyte|gigabytes
tb|terabyte|terabytes
hz|hertz
khz
mhz
ghz
v|volt|volts
w|watt|watts
kw|kilowatt|kilowatts
kwh
°c|degrees celsius|grad celsius
°f|degrees fahrenheit
degree|degrees|°
"""
_UNITS = {
    name: names[0]
    for names in (line.split("|") for line in _SAME_UNIT.strip().splitlines())
    for name in names
}

_SMALL = """
zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen
""".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = {
    **dict(zip(_SMALL, (0, *range(2, 20)), strict=True)),
    **{ten: 10 * n for n, ten in enumerate(_TENS, start=2)},
    **{
        f"{ten}{joint}{small}": 10 * n + digit
        for n, ten in enumerate(_TENS, start=2)
        for digit, small in enumerate(["one", *_SMALL[1:9]], start=1)
        for joint in "- "
    },
    **{
        word: number
        for words in (
            "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
            "deux trois quatre cinq",
            "dos tres cuatro cinco",
        )
        for number, word in enumerate(words.split(), start=2)
    },
}  # without "one", which is a pronoun more often than a figure
_TIMES = {
    "hundred": 100, "hundert": 100, "thousand": 1000, "tausend": 1000, "million": 10**6,
    "millions": 10**6, "millionen": 10**6, "mio": 10**6, "billion": 10**9, "billions": 10**9,
    "milliarden": 10**9, "mrd": 10**9, "万": 10**4, "亿": 10**8,
}  # fmt: skip
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero", "february feb februar février febrero",
            "march mar märz mars marzo", "april apr avril abril", "may mai mayo",
            "june jun juni juin junio", "july jul juli juillet julio",
            "august aug août agosto", "september sep sept septembre septiembre",
            "october oct oktober octobre octubre", "november nov novembre noviembre",
            "december dec dezember décembre diciembre",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip


def _any(names: "dict[str, int] | dict[str, str]") -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_LETTER = r"A-Za-z\u00c0-\u024f\u0370-\u04ff"
_MONTH = rf"(?!(?-i:may))(?:{_any(_MONTHS)})\b\.?"  # "may" is a verb
_WHOLE = {name: month for name, month in _MONTHS.items() if len(name) > 3 or name in ("may", "mai")}
_NAMED_MONTH = re.compile(rf"\b(?!(?-i:may|march)\b)(?:{_any(_WHOLE)})\b", re.IGNORECASE)
_NUMBER = r"\d+(?:[.,:'’]\d+)*"
_FIGURE = re.compile(
    rf"(?<![{_LETTER}\d_])(?:"
    # A date, in one of five orders.
    r"(?P<iso>\d{4}-\d{2}-\d{2})(?!\d)|(?P<dots>\d{1,2}\.\d{1,2}\.\d{4})(?!\d)"
    r"|(?P<han>\d{4}年\d{1,2}月(?:\d{1,2}日)?)"
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[ -](?:of |de )?(?P<month>{_MONTH})"
    r"(?:,?[ -](?:de )?(?P<year>\d{4}))?(?!\d)"
    rf"|(?P<month2>{_MONTH}) (?:(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,? (?P<year2>\d{{4}}))?"
    r"|(?P<year3>\d{4}))(?!\d)"
    # Or a number with what belongs to it.
    r"|(?P<sign>(?<![\w)\].-])-(?=[\d$€£]))?(?P<before>[$€£]|(?:eur|usd|chf|gbp)\s?)?"
    rf"(?P<sign2>-(?=\d))?(?:(?P<digits>{_NUMBER})|(?P<word>{_any(_WORDS)})(?![{_LETTER}]))"
    rf"(?:[\s-]?(?P<times>{_any(_TIMES)})(?![{_LETTER}]))?"
    rf"(?:[\s-]*(?P<unit>{_any(_UNITS)})(?![{_LETTER}\d]))?"
    rf"(?![{_LETTER}]))",
    re.IGNORECASE,
)
_GROUP = 3  # digits between the marks of thousands
_DECADE = re.compile(r"\d*0['’]?s\b")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number or a date.

    Attributes:
        values: What it may stand for, canonically written: two where "1.500" may be either.
        unit: The first name of its unit, such as "kg"; empty if none is known.
        date: Year, month and day, 0 where it does not say; None if it is a number.
    """

    values: frozenset[str]
    unit: str = ""
    date: tuple[int, int, int] | None = None

    def backs(self, claimed: "Figure") -> bool:
        """Whether `claimed` says no more than this one, units apart where one has none."""
        if claimed.date is not None:
            mine = self.date or (0, 0, 0)
            return all(theirs in (0, own) for own, theirs in zip(mine, claimed.date, strict=True))
        if self.date is not None:
            return str(self.date[0]) in claimed.values and not claimed.unit
        return bool(self.values & claimed.values) and self.like(claimed)

    def like(self, other: "Figure") -> bool:
        """Whether both may measure the same thing: a price and a year do not."""
        if self.unit and other.unit:
            return self.unit == other.unit
        return self.is_year == other.is_year

    @property
    def is_year(self) -> bool:
        """Whether it is a date, or four digits that look like a year."""
        return self.date is not None or (
            not self.unit and any(re.fullmatch(r"1\d{3}|20\d{2}", value) for value in self.values)
        )


def find_figures(text: str) -> Iterator[tuple[Span, Figure]]:
    """The figures in `text` (NFKC, as are its words) in order, with where they stand.

    Digits in names ("HTML5") and decades ("1970s") are words.
    """
    for match in _FIGURE.finditer(text):
        if _DECADE.match(text, match.start()) is None:
            yield Span(*match.span()), _figure(match)


def months_in(text: str) -> set[int]:
    """The months, 1 to 12, that `text` names in full, in a date or without; "may" is a verb."""
    return {_MONTHS[match[0].casefold()] for match in _NAMED_MONTH.finditer(text)}


def unit_of(word: str) -> str:
    """The first name of the unit that `word` (case folded) is; empty if it is none."""
    return _UNITS.get(word, "")


def _figure(match: re.Match[str]) -> Figure:
    if date := _date(match):
        return Figure(frozenset(), date=date)
    times = _TIMES[match["times"].casefold()] if match["times"] else 1
    if match["digits"]:
        values = _readings(match["digits"])
    else:
        values = {Decimal(_WORDS[match["word"].casefold()])}
    sign = "-" if match["sign"] or match["sign2"] else ""
    unit = (match["unit"] or match["before"] or "").casefold().strip()
    written = {v if isinstance(v, str) else f"{(v * times).normalize():f}" for v in values}
    return Figure(frozenset(sign + value for value in written), unit_of(unit))


def _date(match: re.Match[str]) -> tuple[int, int, int] | None:
    if match["iso"] or match["han"]:
        parts = [int(part) for part in re.findall(r"\d+", match["iso"] or match["han"])]
        return (parts[0], parts[1], parts[2] if len(parts) > len("ym") else 0)
    if match["dots"]:
        day, month, year = map(int, match["dots"].split("."))
        return (year, month, day)
    month = match["month"] or match["month2"]
    if not month:
        return None
    year = match["year"] or match["year2"] or match["year3"] or 0
    return (
        int(year),
        _MONTHS[month.casefold().rstrip(".")],
        int(match["day"] or match["day2"] or 0),
    )


def _readings(digits: str) -> set[Decimal] | set[str]:
    """The numbers that `digits` may mean; itself if it is none, such as a time or an address."""
    digits = re.sub(r"['’](?=\d{3})", "", digits)
    if digits.isdecimal():
        return {digits} if digits.startswith("0") and digits != "0" else {Decimal(digits)}
    parts = re.split(r"[.,]", digits)
    if not all(part.isdecimal() for part in parts):
        return {digits}
    mark = digits[-len(parts[-1]) - 1]
    grouped = len(parts[0].lstrip("0")) in range(1, 4) and all(len(p) == _GROUP for p in parts[1:])
    if grouped and len(set(re.sub(r"\d", "", digits))) == 1:
        # A point and three digits may be either; a comma and three are taken for thousands.
        decimals = [Decimal(digits)] if mark == "." and len(parts) == len(("1", "500")) else []
        return {Decimal("".join(parts)), *decimals}
    if digits.count(mark) == 1 and all(len(part) == _GROUP for part in parts[1:-1]):
        return {Decimal(f"{''.join(parts[:-1])}.{parts[-1]}")}
    return {digits}
