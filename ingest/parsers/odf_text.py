"""What a paragraph of OpenDocument shows, and what stands beside it: notes, boxes, comments."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import lxml.etree as etree

from ingest.document import one_line
from ingest.parsers.html_math import linear
from ingest.parsers.inline import marked
from ingest.parsers.odf_names import DRAW, OFFICE, SVG, TEXT, Styles
from ingest.parsers.ooxml import Element, Package

_DC = "{http://purl.org/dc/elements/1.1/}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_MATH = "{http://www.w3.org/1998/Math/MathML}math"
_NOT_SHOWN = frozenset({f"{TEXT}tracked-changes", f"{TEXT}ruby-text", f"{OFFICE}annotation-end"})


@dataclass(slots=True)
class Reader:
    """Reads paragraphs, and keeps what is told after them.

    Attributes:
        package: Formulas are parts of their own in it.
        styles: Of the file.
        notes: Lines that were not told yet.
        boxes: Text boxes that were not told yet.
    """

    package: Package
    styles: Styles
    notes: list[str] = field(default_factory=list[str])
    boxes: list[Element] = field(default_factory=list[Element])

    def shown(self, paragraph: Element) -> str:
        """What a paragraph shows in its line."""
        if self._is_hidden(paragraph):
            return ""
        return marked(self._pieces(paragraph))

    def _is_hidden(self, node: Element) -> bool:
        found = node.find(f"{TEXT}hidden-paragraph")
        is_switched_off = found is not None and found.get(f"{TEXT}is-hidden") == "true"
        return is_switched_off or self.styles.is_hidden(node.get(f"{TEXT}style-name", ""))

    def _pieces(self, paragraph: Element) -> Iterator[tuple[str, str]]:
        """Yields (`SUPER`, `SUB` or nothing, text)."""
        yield "", paragraph.text or ""
        walker = etree.iterwalk(paragraph, events=("start", "end"))
        for event, node in walker:
            if event == "end":
                yield "", (node.tail or "") if node is not paragraph else ""
            elif node is not paragraph:
                whole = self._whole(node)
                if whole is None:
                    yield "", node.text or ""
                else:
                    yield whole
                    walker.skip_subtree()

    def _whole(self, node: Element) -> tuple[str, str] | None:
        """What stands for an element with all that is in it; None if its text is read."""
        tag = str(node.tag)
        if tag in _NOT_SHOWN:
            return "", ""
        if tag == f"{TEXT}span":
            shift = self.styles.shift_of(node.get(f"{TEXT}style-name", ""))
            if self._is_hidden(node):
                return "", ""
            return (shift, "".join(node.itertext())) if shift else None
        if tag == f"{TEXT}s":
            count = node.get(f"{TEXT}c", "1")
            return "", " " * min(int(count) if count.isdecimal() else 1, 100)
        if tag in (f"{TEXT}tab", f"{TEXT}line-break"):
            return "", "\t" if tag.endswith("tab") else "\n"
        beside = self._beside(node)
        return None if beside is None else ("", beside)

    def _beside(self, node: Element) -> str | None:
        tag = str(node.tag)
        if tag == f"{TEXT}note":
            return self._note(node)
        if tag == f"{OFFICE}annotation":
            self.notes.append(self.comment(node))
            return ""
        if tag == f"{DRAW}text-box":
            self.boxes.append(node)
            return " "
        if tag == f"{DRAW}object":
            return self._formula(node)
        if tag in (f"{SVG}title", f"{SVG}desc"):
            return f" [{one_line(node.text)}] " if node.text else ""
        return None

    def comment(self, annotation: Element) -> str:
        """A comment with who made it."""
        author = one_line(annotation.findtext(f"{_DC}creator") or "")
        words = one_line(" ".join(self.shown(line) for line in annotation.iter(f"{TEXT}p")))
        return f"Comment by {author}: {words}" if author else f"Comment: {words}"

    def _note(self, node: Element) -> str:
        citation = node.find(f"{TEXT}note-citation")
        mark = "" if citation is None else "".join(citation.itertext()).strip()
        words = one_line(" ".join(self.shown(line) for line in node.iter(f"{TEXT}p")))
        self.notes.append(f"[{mark}] {words}")
        return f" [{mark}]"

    def _formula(self, node: Element) -> str | None:
        name = (node.get(_HREF) or "").removeprefix("./").strip("/")
        part = self.package.part(f"{name}/content.xml") if name else None
        return f" {linear(part)} " if part is not None and part.tag == _MATH else None
