"""What a Word document's styles say: headings, hidden and raised text, lists."""

import re
from dataclasses import dataclass, field

from ingest.parsers.ooxml import Element, Part

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading ?([1-9])")
_MAX_DEPTH = 20  # of styles based on styles: a ring has no end
OFF = ("0", "false", "off", "none")
_BODY = 9
"""The outline level of text that is no heading, 0 being the outermost heading's."""


@dataclass(frozen=True, slots=True)
class Style:
    """What is known of a style, with what it inherits.

    Attributes:
        level: 1 is the outermost heading, 0 no heading.
        list_id: Of the numbering that its paragraphs have, if any.
        list_level: 0 is the outermost.
        is_hidden: Whether its text is not shown.
        shift: "superscript", "subscript" or "".
    """

    level: int = 0
    list_id: str | None = None
    list_level: int = 0
    is_hidden: bool = False
    shift: str = ""


@dataclass(slots=True)
class Styles:
    """The styles of a document by their ids."""

    _elements: dict[str, Element] = field(default_factory=dict[str, Element])
    _known: dict[str, Style] = field(default_factory=dict[str, Style])

    @classmethod
    def of(cls, part: Part | None) -> "Styles":
        """Of `word/styles.xml`, or none."""
        found = part.iterfind(f"{W}style") if part is not None else ()
        return cls({style.get(f"{W}styleId", ""): style for style in found})

    def get(self, name: str | None) -> Style:
        """The style with this id; a plain one if there is none."""
        if name is None:
            return Style()
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> Style:
        chain = self._chain(name)
        if not chain and (heading := _HEADING.fullmatch(name.lower())):  # its styles are lost
            return Style(level=int(heading[1]))
        level = next((found for style in chain if (found := _level(style)) is not None), 0)
        lists = [found for style in chain if (found := style.find(f"{W}pPr/{W}numPr")) is not None]
        properties = [style.find(f"{W}rPr") for style in chain]
        return Style(
            level=level,
            list_id=next((found for each in lists if (found := value(each, "numId"))), None),
            list_level=next((int(found) for each in lists if (found := value(each, "ilvl"))), 0),
            is_hidden=next(
                (on for each in properties if (on := is_on(each, "vanish")) is not None), False
            ),
            shift=next((found for each in properties if (found := value(each, "vertAlign"))), ""),
        )

    def _chain(self, name: str) -> list[Element]:
        """The style, and those that it is based on."""
        chain: list[Element] = []
        while name in self._elements and len(chain) < _MAX_DEPTH:
            chain.append(self._elements[name])
            name = value(chain[-1], "basedOn") or ""
        return chain


def value(parent: Element | None, name: str) -> str:
    """`w:val` of the child `name`; empty if there is none."""
    child = parent.find(f"{W}{name}") if parent is not None else None
    return "" if child is None else child.get(f"{W}val", "")


def is_on(properties: Element | None, name: str) -> bool | None:
    """Whether a property that is on or off is on; None if it is not there."""
    child = properties.find(f"{W}{name}") if properties is not None else None
    return None if child is None else child.get(f"{W}val", "1").lower() not in OFF


def outline_level(properties: Element | None) -> int | None:
    """1 to 9 of a heading, 0 of text, None where nothing is said."""
    found = value(properties, "outlineLvl")
    if not found.isdecimal():
        return None
    return 0 if int(found) >= _BODY else int(found) + 1


def _level(style: Element) -> int | None:
    name = value(style, "name").lower()
    heading = _HEADING.fullmatch(name)
    if heading:
        return int(heading[1])
    if name == "title":
        return 1
    return outline_level(style.find(f"{W}pPr"))
