"""Names in OpenDocument (OASIS ODF 1.3), and the styles that change what is read."""

from dataclasses import dataclass, field

from ingest.parsers.inline import SUB, SUPER
from ingest.parsers.ooxml import Element

_NAMES = "urn:oasis:names:tc:opendocument:xmlns:"
TEXT, TABLE, OFFICE, DRAW, STYLE, PRESENTATION, SVG = (
    f"{{{_NAMES}{name}:1.0}}"
    for name in ("text", "table", "office", "drawing", "style", "presentation", "svg-compatible")
)
_MARGINS = {
    f"{STYLE}{kind}{pages}": kind
    for kind in ("header", "footer")
    for pages in ("", "-left", "-first")
}
_MAX_DEPTH = 20  # of styles based on styles: a ring has no end


@dataclass(slots=True)
class Styles:
    """What is known of the styles of a file, by their names.

    Attributes:
        shifts: `SUPER` or `SUB` of raised and lowered text, nothing for what is neither.
        hidden: Text and sheets that are not shown, by their own style.
        lists: The levels of lists, by their number from "1".
        outline: The levels of the headings' numbers.
        margins: The headers and the footers of pages, by `header` and `footer`.
    """

    shifts: dict[str, str] = field(default_factory=dict[str, str])
    hidden: set[str] = field(default_factory=set[str])
    lists: dict[str, dict[str, Element]] = field(default_factory=dict[str, dict[str, Element]])
    outline: dict[str, Element] = field(default_factory=dict[str, Element])
    margins: dict[str, list[Element]] = field(default_factory=dict[str, list[Element]])
    _parents: dict[str, str] = field(default_factory=dict[str, str])

    def learn(self, part: Element) -> None:
        """Read the styles of `styles.xml` or `content.xml`."""
        for style in part.iter(f"{STYLE}style"):
            name = style.get(f"{STYLE}name", "")
            self._parents[name] = style.get(f"{STYLE}parent-style-name", "")
            for properties in style.iterfind(f"{STYLE}text-properties"):
                self._learn_text(name, properties)
            if style.find(f"{STYLE}table-properties[@{TABLE}display='false']") is not None:
                self.hidden.add(name)
        for style in part.iter(f"{TEXT}list-style"):
            self.lists[style.get(f"{STYLE}name", "")] = _levels(style)
        for style in part.iter(f"{TEXT}outline-style"):
            self.outline = _levels(style)
        self._learn_margins(part)

    def is_title(self, name: str) -> bool:
        """Whether a paragraph's style is that of titles, or based on it."""
        return "Title" in self._chain(name)

    def is_hidden(self, name: str) -> bool:
        """Whether text in this style is not shown."""
        return not self.hidden.isdisjoint(self._chain(name))

    def shift_of(self, name: str) -> str:
        """`SUPER` or `SUB` where text in this style is raised or lowered, else nothing."""
        return next((self.shifts[each] for each in self._chain(name) if each in self.shifts), "")

    def _chain(self, name: str) -> list[str]:
        """The style, and those that it is based on."""
        chain: list[str] = []
        while name and len(chain) < _MAX_DEPTH:
            chain.append(name)
            name = self._parents.get(name, "")
        return chain

    def _learn_margins(self, part: Element) -> None:
        for page in part.iter(f"{STYLE}master-page"):
            for margin in page.iterchildren(*_MARGINS):
                if margin.get(f"{STYLE}display") != "false":
                    self.margins.setdefault(_MARGINS[str(margin.tag)], []).append(margin)

    def _learn_text(self, name: str, properties: Element) -> None:
        position = properties.get(f"{STYLE}text-position", "")
        if position.startswith("0%"):
            self.shifts[name] = ""
        elif position.startswith(("sub", "-")):
            self.shifts[name] = SUB
        elif position.startswith("super") or position[:1].isdigit():
            self.shifts[name] = SUPER
        if properties.get(f"{TEXT}display") == "none":
            self.hidden.add(name)


def _levels(style: Element) -> dict[str, Element]:
    return {level.get(f"{TEXT}level", "1"): level for level in style}
