"""What a paragraph of a Word document shows."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import lxml.etree as etree

from ingest.parsers.docx_math import M, linear
from ingest.parsers.docx_styles import OFF, Style, Styles, W, is_on, value
from ingest.parsers.inline import SUB, SUPER, marked
from ingest.parsers.numbering import marker
from ingest.parsers.ooxml import Element

_COMPATIBLE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_VML = "{urn:schemas-microsoft-com:vml}"

# Not shown: deleted, moved away, codes of fields; text boxes stand beside the paragraph.
_LEFT_OUT = frozenset(
    f"{W}{name}" for name in "del moveFrom delText instrText pPr rPr sdtPr txbxContent".split()
) | {f"{_COMPATIBLE}Fallback"}
_DESCRIBED = {f"{_DRAWING}docPr": ("descr", "title"), f"{_VML}shape": ("alt",)}
_NOTES = (f"{W}footnoteReference", f"{W}endnoteReference")
_LARGE = 36  # half points; initials of several lines' height are larger, and lowered
_SIGNS = {
    f"{W}tab": "\t",
    f"{W}br": "\n",
    f"{W}cr": "\n",
    f"{W}noBreakHyphen": "-",
    f"{W}ptab": "\t",
}

_GREEK = dict(zip("abcdefghiklmnopqrstuwxyz", "αβχδεφγηικλμνοπθρστυωξψζ", strict=True))
_SYMBOL = _GREEK | {key.upper(): letter.upper() for key, letter in _GREEK.items()} | {
    "\xa3": "≤", "\xb3": "≥", "\xb1": "±", "\xb0": "°", "\xb4": "×", "\xb8": "÷", "\xb9": "≠",
    "\xa5": "∞", "\xd6": "√", "\xae": "→", "\xac": "←", "\xbb": "≈", "\xb5": "∝", "\xe5": "∑",
    "\xb7": "•", "\xd7": "⋅", "\xce": "∈", "\xc7": "∩", "\xc8": "∪", "\xf2": "∫", "\xb6": "∂",
}  # fmt: skip
_WINGDINGS = {
    "\xfe": "☒",
    "\xfd": "☒",
    "\xa8": "☐",
    "\x6f": "☐",
    "\xfc": "✓",
    "\xfb": "✗",
    "\xe0": "→",
}


@dataclass(slots=True)
class Notes:
    """The foot- or endnotes that were referred to so far, in order.

    Attributes:
        style: Of their numbers.
        marks: What stands for each, by its id: a number, or a sign that its author chose.
        own: Those for which their author chose it.
    """

    style: str
    marks: dict[str, str] = field(default_factory=dict[str, str])
    own: set[str] = field(default_factory=set[str])
    _count: int = 0

    def mark(self, name: str, own: str = "") -> str:
        """What stands for the note with this id; `own` if its author chose that."""
        if name not in self.marks:
            self._count += not own
            self.own |= {name} if own else set()
            self.marks[name] = own or marker(self.style, self._count)
        return self.marks[name]


@dataclass(slots=True)
class Reader:
    """Reads paragraphs, and keeps count of the notes that they refer to."""

    styles: Styles
    footnotes: Notes = field(default_factory=lambda: Notes("decimal"))
    endnotes: Notes = field(default_factory=lambda: Notes("lower-roman"))
    comments: dict[str, None] = field(default_factory=dict[str, None])

    def text(self, paragraph: Element) -> str:
        """What `paragraph` shows: insertions yes, deletions no, equations in one line."""
        properties = paragraph.find(f"{W}pPr")
        style = self.styles.get(value(properties, "pStyle") or None)
        return marked(self._pieces(paragraph, style))

    def _pieces(self, paragraph: Element, style: Style) -> Iterator[tuple[str, str]]:
        """Yields (superscript, subscript or nothing, text)."""
        walker = etree.iterwalk(paragraph, events=("start",))
        shift, hidden = "", False
        fields = _codes(paragraph)
        for _, node in walker:
            if node.tag in _LEFT_OUT or node in fields:
                walker.skip_subtree()
            elif node.tag == f"{M}oMath":
                walker.skip_subtree()
                yield "", linear(node)
            elif node.tag == f"{W}ruby":
                walker.skip_subtree()
                yield "", _annotated(node)
            elif node.tag == f"{W}r":
                shift, hidden = self._appearance(node, style)
                mark = self._own_mark(node)
                if mark:
                    walker.skip_subtree()
                    yield "", mark
            elif not hidden:
                yield from self._sign(node, shift)

    def _appearance(self, run: Element, of_paragraph: Style) -> tuple[str, bool]:
        properties = run.find(f"{W}rPr")
        style = self.styles.get(value(properties, "rStyle") or None)
        hidden = is_on(properties, "vanish")
        shift = value(properties, "vertAlign") or _moved(properties) or style.shift
        if hidden is None:
            hidden = style.is_hidden or of_paragraph.is_hidden
        return (shift if shift in (SUPER, SUB) else ""), hidden

    def _own_mark(self, run: Element) -> str:
        """The mark of a note for which the run has a sign of its own, such as an asterisk."""
        for note in run.iterchildren(*_NOTES):
            if (note.get(f"{W}customMarkFollows") or "0").lower() not in OFF:
                own = "".join(text for sign in run for _, text in self._sign(sign, "")).strip()
                notes = self.footnotes if note.tag == _NOTES[0] else self.endnotes
                return f" [{notes.mark(note.get(f'{W}id', ''), own)}]"
        return ""

    def _sign(self, node: Element, shift: str) -> Iterator[tuple[str, str]]:
        tag = str(node.tag)
        if tag == f"{W}t":
            yield shift, node.text or ""
        elif tag == f"{W}sym":
            yield shift, _symbol(node)
        elif tag in _SIGNS and _is_in_a_run(node):  # w:tab is also a tab stop in w:pPr
            yield shift if _SIGNS[tag] == "-" else "", _SIGNS[tag]
        else:
            yield "", self._mark(tag, node)

    def _mark(self, tag: str, node: Element) -> str:
        """What stands for a note, a box to tick, or a picture; nothing for any other element."""
        name = node.get(f"{W}id", "")
        if tag in _NOTES:
            if (node.get(f"{W}customMarkFollows") or "0").lower() not in OFF:
                return ""
            return f" [{(self.footnotes if tag == _NOTES[0] else self.endnotes).mark(name)}]"
        if tag == f"{W}commentReference":
            self.comments[name] = None
        if tag == f"{W}checkBox":
            checked = is_on(node, "checked")
            return "☒" if (is_on(node, "default") if checked is None else checked) else "☐"
        if tag == f"{W}ddList":
            return _chosen(node)
        if (node.get("hidden") or "0").lower() not in OFF:  # in the pane that lists what is drawn
            return ""
        described = (" ".join(node.get(of, "").split()) for of in _DESCRIBED.get(tag, ()))
        words = next((each for each in described if each), "")
        return f" [{words}] " if words else ""


def _codes(paragraph: Element) -> set[Element]:
    """The runs that tell what a field is to show: in them the results of others may stand."""
    codes: set[Element] = set()
    begun: list[list[Element] | None] = []  # of each open field the runs of its code, till it ends
    for run in paragraph.iter(f"{W}r"):
        signs = [sign.get(f"{W}fldCharType") for sign in run.iterchildren(f"{W}fldChar")]
        for code in begun if not signs else ():
            if code is not None:
                code.append(run)
        for sign in signs:
            if sign == "begin":
                begun.append([])
            elif begun and sign == "separate":
                codes.update(begun[-1] or ())
                begun[-1] = None
            elif begun and sign == "end":
                codes.update(begun.pop() or ())
    return codes


def _moved(properties: Element | None) -> str:
    """The shift of a run that is moved up or down by points, and no initial."""
    points, size = value(properties, "position"), value(properties, "sz")
    if not points.lstrip("-").isdecimal() or (size.isdecimal() and int(size) > _LARGE):
        return ""
    return SUPER if int(points) > 0 else SUB if int(points) < 0 else ""


def _annotated(ruby: Element) -> str:
    """Characters, and how they are read; the file has that first."""
    base, reading = (
        "".join(text.text or "" for part in ruby.iterchildren(of) for text in part.iter(f"{W}t"))
        for of in (f"{W}rubyBase", f"{W}rt")
    )
    return f"{base}({reading})" if reading else base


def _chosen(field_list: Element) -> str:
    entries = [entry.get(f"{W}val", "") for entry in field_list.iterchildren(f"{W}listEntry")]
    place = value(field_list, "result") or value(field_list, "default") or "0"
    return entries[int(place)] if place.isdecimal() and int(place) < len(entries) else ""


def _is_in_a_run(node: Element) -> bool:
    parent = node.getparent()
    return parent is not None and parent.tag == f"{W}r"


def _symbol(node: Element) -> str:
    try:
        character = chr(int(node.get(f"{W}char", ""), 16) & 0xFFFF)
    except ValueError:
        return ""
    if "\uf000" <= character <= "\uf0ff":
        character = chr(ord(character) - 0xF000)
    font = node.get(f"{W}font", "").lower()
    if font == "symbol":
        return _SYMBOL.get(character, character)
    return _WINGDINGS.get(character, "•") if "dings" in font else character
