"""The numbers that Word shows before paragraphs: 2., 1.1, a), and bullets."""

import re
from dataclasses import dataclass, field

from ingest.parsers.docx_styles import W, is_on, value
from ingest.parsers.numbering import marker
from ingest.parsers.ooxml import Element, Part

_STYLES = {
    "lowerLetter": "lower-alpha",
    "upperLetter": "upper-alpha",
    "lowerRoman": "lower-roman",
    "upperRoman": "upper-roman",
    "decimalZero": "decimal-leading-zero",
    "chineseCounting": "cjk-ideographic",
    "chineseCountingThousand": "cjk-ideographic",
    "japaneseCounting": "cjk-ideographic",
    "taiwaneseCountingThousand": "cjk-ideographic",
    "decimalEnclosedCircle": "circled-decimal",
    "decimalEnclosedCircleChinese": "circled-decimal",
    "ganada": "hangul",
}
_PLACE = re.compile(r"%([1-9])")


@dataclass(frozen=True, slots=True)
class _Level:
    style: str
    pattern: str
    start: int
    is_legal: bool
    restarts_after: int | None  # level, 1 the outermost; 0 never, None after any outer one
    paragraph_style: str


@dataclass(slots=True)
class Numbering:
    """Counts the items of a document's lists in the order in which they are asked for."""

    _levels: dict[str, dict[int, _Level]] = field(default_factory=dict[str, dict[int, _Level]])
    _overridden: dict[str, dict[int, _Level]] = field(default_factory=dict[str, dict[int, _Level]])
    _abstract: dict[str, str] = field(default_factory=dict[str, str])
    _restarts: dict[str, dict[int, int]] = field(default_factory=dict[str, dict[int, int]])
    _counts: dict[str, dict[int, int]] = field(default_factory=dict[str, dict[int, int]])

    @classmethod
    def of(cls, part: Part | None) -> "Numbering":
        """Of `word/numbering.xml`, or none."""
        found = cls()
        if part is None:
            return found
        linked: dict[str, str] = {}  # name of a style of lists -> its definition
        for abstract in part.iterfind(f"{W}abstractNum"):
            name = abstract.get(f"{W}abstractNumId", "")
            found._levels[name] = _levels(abstract)
            if link := value(abstract, "styleLink"):
                linked[link] = name
        for abstract in part.iterfind(f"{W}abstractNum"):
            link = value(abstract, "numStyleLink")
            if link in linked:
                own = found._levels[linked[link]]
                found._levels[abstract.get(f"{W}abstractNumId", "")] = own
        for number in part.iterfind(f"{W}num"):
            name = number.get(f"{W}numId", "")
            found._abstract[name] = value(number, "abstractNumId")
            overrides = list(number.iterfind(f"{W}lvlOverride"))
            found._restarts[name] = {
                _place(each): int(start)
                for each in overrides
                if (start := value(each, "startOverride")).isdecimal()
            }
            found._overridden[name] = {
                place: level for each in overrides for place, level in _levels(each).items()
            }
        return found

    def level_of(self, list_id: str, style: str) -> int | None:
        """The level that a list has for paragraphs of this style, 0 the outermost, if any."""
        levels = self._levels_of(list_id)
        found = (place for place, level in levels.items() if level.paragraph_style == style)
        return next(found, None) if style else None

    def next_marker(self, list_id: str, level: int) -> str:
        """What stands before the next item: `2.1`, `a)`, `-` for a bullet; empty for nothing."""
        abstract = self._abstract.get(list_id)
        levels = self._levels_of(list_id)
        if abstract is None or level not in levels:
            return ""
        counts = self._counts.setdefault(abstract, {})
        # A list that restarts does so once, with its first item.
        for place, start in self._restarts.pop(list_id, {}).items():
            counts[place] = start - 1
        for outer in range(level):
            counts.setdefault(outer, levels[outer].start if outer in levels else 1)
        counts[level] = counts.get(level, levels[level].start - 1) + 1
        for deeper in [place for place in counts if place > level]:
            after = levels[deeper].restarts_after if deeper in levels else None
            if after is None or level < after:
                del counts[deeper]
        return self._written(levels, level, counts)

    def _levels_of(self, list_id: str) -> dict[int, _Level]:
        levels = self._levels.get(self._abstract.get(list_id, ""), {})
        return levels | self._overridden.get(list_id, {})

    def _written(self, levels: dict[int, _Level], level: int, counts: dict[int, int]) -> str:
        own = levels[level]
        if own.style == "bullet":
            return "-"
        if own.style == "none":
            return ""

        def count(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            style = "decimal" if own.is_legal or place not in levels else levels[place].style
            return marker(list_style(style), counts.get(place, 1))

        return _PLACE.sub(count, own.pattern).strip()


def list_style(name: str) -> str:
    """The style of CSS that has the name `name` in Word; `name` itself if it is not known."""
    return _STYLES.get(name, name)


def _place(element: Element) -> int:
    found = element.get(f"{W}ilvl", "0")
    return int(found) if found.isdecimal() else 0


def _levels(parent: Element) -> dict[int, _Level]:
    return {_place(level): _level(level) for level in parent.iterfind(f"{W}lvl")}


def _level(level: Element) -> _Level:
    start, after = value(level, "start"), value(level, "lvlRestart")
    return _Level(
        value(level, "numFmt") or "decimal",
        value(level, "lvlText"),
        int(start) if start.isdecimal() else 1,
        is_on(level, "isLgl") or False,
        int(after) if after.isdecimal() else None,
        value(level, "pStyle"),
    )
