"""A paragraph of Rich Text Format while it is read."""

from dataclasses import dataclass, field

from ingest.parsers.inline import SUB, SUPER, marked

SIGNS = {
    "tab": "\t", "line": "\n", "page": "\n", "column": "\n", "emdash": "—", "endash": "–",
    "emspace": " ", "enspace": " ", "qmspace": " ", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "zwj": "\u200d", "zwnj": "\u200c", "~": "\u00a0",
    "_": "-", "\\": "\\", "{": "{", "}": "}",
}  # fmt: skip
"""Control words and symbols that stand for characters."""
SHIFTS = {"super": SUPER, "sub": SUB, "nosupersub": "", "up": SUPER, "dn": SUB}
"""`\\up` and `\\dn` move text by points."""


@dataclass(slots=True)
class State:
    """What holds until the group ends.

    Attributes:
        destination: What the text is for; empty for the text of the document.
        is_hidden: Whether nobody sees it.
        shift: `SUPER`, `SUB`, or nothing.
        font: Its number.
        fallback: How many characters follow one of Unicode, for readers that do not know it.
        outline: The paragraph's level as a heading, 0 the outermost; 9 is none.
        style: The paragraph's style.
        depth: The paragraph's level in a list, 0 the outermost.
        is_in_table: Whether the paragraph stands in a cell.
    """

    destination: str = ""
    is_hidden: bool = False
    shift: str = ""
    font: int = 0
    fallback: int = 1
    outline: int | None = None
    style: int = 0
    depth: int = 0
    is_in_table: bool = False

    def apply(self, word: str, number: int | None) -> bool:
        """Take up a control word; whether it is one of those that say how text looks."""
        is_on = number != 0
        if word in ("v", "deleted", "mvf"):  # hidden, deleted, moved away
            self.is_hidden = is_on
        elif word in SHIFTS:
            self.shift = SHIFTS[word] if is_on else ""
        elif word == "plain":
            self.is_hidden, self.shift = False, ""
        elif word == "f":
            self.font = number or 0
        elif word == "uc":
            self.fallback = max(number or 0, 0)
        else:
            return self._apply_to_paragraph(word, number or 0)
        return True

    def _apply_to_paragraph(self, word: str, number: int) -> bool:
        if word == "pard":
            self.outline, self.style, self.depth, self.is_in_table = None, 0, 0, False
        elif word == "s":
            self.style = number
        elif word == "ilvl":
            self.depth = min(max(number, 0), 8)
        elif word == "outlinelevel":
            self.outline = number
        elif word == "intbl":
            self.is_in_table = True
        else:
            return False
        return True


@dataclass(slots=True)
class Words:
    """Text with marks for what is raised or lowered: 10^6."""

    _pieces: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def add(self, text: str, shift: str = "") -> None:
        """Append text; `shift` is `SUPER` or `SUB` if it is raised or lowered."""
        self._pieces.append((shift, text))

    def take(self) -> str:
        """All of it; the next begins anew."""
        text, self._pieces = marked(self._pieces), []
        # Rare characters are written as pairs of surrogates.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
