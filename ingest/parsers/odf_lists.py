"""The numbers before the items and headings of an OpenDocument text."""

from dataclasses import dataclass, field

from ingest.parsers.numbering import marker
from ingest.parsers.odf_names import STYLE, TEXT
from ingest.parsers.ooxml import Element

_FORMATS = {"a": "lower-alpha", "A": "upper-alpha", "i": "lower-roman", "I": "upper-roman"}


@dataclass(slots=True)
class Numbers:
    """Counts on the levels of one list, or of the headings.

    Args:
        levels: The level elements of a style, by their number from "1".
    """

    levels: dict[str, Element]
    _counts: dict[int, int] = field(default_factory=dict[int, int])

    def next_mark(self, level: int, start: str = "") -> str:
        """What stands before the next item: `2.`, `1.1`, `-` for a bullet; empty for nothing.

        Args:
            level: 1 is the outermost.
            start: The number that the item gives as its own, if any.
        """
        style = self.levels.get(str(level))
        if style is None or not style.tag.endswith(("-style-number", "outline-level-style")):
            return "-" if style is None or style.tag.endswith("bullet") else ""
        first = start if start.isdecimal() else ""
        if first or level not in self._counts:
            self._counts[level] = _number(first or style.get(f"{TEXT}start-value", "1"))
        else:
            self._counts[level] += 1
        for deeper in [place for place in self._counts if place > level]:
            del self._counts[deeper]
        return self._written(style, level)

    def leave(self, level: int) -> None:
        """Let the next list on this level begin anew."""
        self._counts.pop(level, None)

    def _written(self, style: Element, level: int) -> str:
        shown = _number(style.get(f"{TEXT}display-levels", "1"))
        numbers = [
            written
            for place in range(max(1, level - shown + 1), level + 1)
            if (written := self._one(place))
        ]
        if not self._one(level):
            return ""
        prefix, suffix = (style.get(f"{STYLE}num-{of}", "") for of in ("prefix", "suffix"))
        return f"{prefix}{'.'.join(numbers)}{suffix}"

    def _one(self, level: int) -> str:
        style = self.levels.get(str(level))
        written = "" if style is None else style.get(f"{STYLE}num-format", "")
        return (
            marker(_FORMATS.get(written, "decimal"), self._counts.get(level, 1)) if written else ""
        )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 1
