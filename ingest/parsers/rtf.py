"""Rich Text Format: text, headings, lists, tables, and notes below the words they belong to."""

import copy
import re
from dataclasses import dataclass, field

from ingest.document import Document, DocumentBuilder, one_line
from ingest.errors import UnreadableError
from ingest.parsers.margins import told_once
from ingest.parsers.rtf_table import TableReader
from ingest.parsers.rtf_text import SIGNS, State, Words
from ingest.parsers.rtf_tokens import Decoder, Token, tokens
from ingest.sniff import Format

# Destinations of RTF 1.9.1: those whose text is kept, each for its own purpose, and those whose is
# not. Any other that is marked as one that readers need not know is left out, too.
_KEPT = frozenset(
    "annotation atnauthor fonttbl footer footerf footerl footerr footnote header headerf headerl "
    "headerr listtext pntext shptxt stylesheet title".split()
)
_LEFT_OUT = frozenset(
    "author colortbl comment company creatim doccomm fldinst keywords manager nextfile "
    "nonesttables nonshppict objdata operator pict pntxta pntxtb printim private revtim rxe sn sp "
    "subject sv tc template txe xe".split()
)
_AROUND_KEPT = "shpinst"
_SKIPPED = "skipped"
_MARKERS = ("listtext", "pntext")
_MARGINS = ("header", "footer")
_PARAGRAPH_ENDS = frozenset({"par", "sect", "\n", "\r"})
_CELL_ENDS = frozenset({"cell", "nestcell"})
_DEEPEST = 9
_HEADING = re.compile(r"\bheading ([1-9])", re.IGNORECASE)
_INDENT = "  "


def parse(data: bytes) -> Document:
    """An RTF file.

    Raises:
        UnreadableError: It is no RTF.
        NoTextError: It holds no text.
    """
    start = data[:1024].find(b"{\\rtf")
    if start < 0:
        msg = "damaged: no readable RTF (it does not begin with {\\rtf)"
        raise UnreadableError(msg)
    reader = _Reader()
    for token in tokens(data[start:].decode("latin-1")):
        reader.read(token)
        if reader.is_finished:  # what follows is no part of the document
            break
    return reader.document()


@dataclass(slots=True)
class _Reader:
    is_finished: bool = False
    _builder: DocumentBuilder = field(default_factory=DocumentBuilder)
    _decoder: Decoder = field(default_factory=Decoder)
    _table: TableReader = field(default_factory=TableReader)
    _state: State = field(default_factory=State)
    _groups: list[State] = field(default_factory=list[State])
    _words: list[Words] = field(default_factory=lambda: [Words()])  # one for each destination
    _styles: dict[int, int] = field(default_factory=dict[int, int])  # levels of headings
    _notes: int = 0
    _below: list[str] = field(default_factory=list[str])
    _below_table: list[str] = field(default_factory=list[str])
    _margins: list[str] = field(default_factory=list[str])
    _marker: str = ""
    _author: str = ""
    _title: str = ""
    _to_skip: int = 0
    _is_starred: bool = False
    _is_listed: bool = False

    def read(self, token: Token) -> None:
        is_starred, self._is_starred = self._is_starred, False
        if token.kind == "open":
            self._groups.append(copy.copy(self._state))
        elif token.kind == "close":
            self._close()
        elif token.kind == "word":
            self._to_skip = 0
            self._word(token, is_starred=is_starred)
        elif token.value == "*" and token.kind == "sign":
            self._is_starred = True
        else:
            self._characters(token)

    def document(self) -> Document:
        del self._words[1:]  # of groups that do not end
        self._end_paragraph()
        self._end_table()
        self._builder.add(told_once(self._margins))
        return self._builder.build(Format.RTF, title=self._title)

    def _characters(self, token: Token) -> None:
        if token.kind == "text":
            skipped = min(self._to_skip, len(token.value))
            self._to_skip -= skipped
            self._add(self._decoder.text(token.value[skipped:]))
        elif self._to_skip:
            self._to_skip -= 1
        elif token.kind == "byte":
            self._add(self._decoder.byte(self._state.font, token.value))
        else:
            self._sign(token.value)

    def _add(self, text: str) -> None:
        if text and not self._state.is_hidden and self._state.destination != _SKIPPED:
            self._words[-1].add(text, self._state.shift)

    def _word(self, token: Token, *, is_starred: bool) -> None:
        word, number = token.value, token.number
        if word in _KEPT or word in _LEFT_OUT or (is_starred and word != _AROUND_KEPT):
            self._enter(word)
        elif word == "u" and number is not None:
            self._add(chr(number % 0x10000))
            self._to_skip = self._state.fallback
        elif word in ("ansi", "mac", "pc", "pca", "ansicpg"):
            self._decoder.set_page(word, number)
        elif word == "fcharset":
            self._decoder.set_charset(self._state.font, number)
        elif not self._state.apply(word, number):
            self._sign(word, number)

    def _sign(self, word: str, number: int | None = None) -> None:
        """What stands for a character, or ends something."""
        if word in SIGNS:
            self._add(SIGNS[word])
        elif self._state.destination:
            self._add("\n" if word in _PARAGRAPH_ENDS else " " if word in _CELL_ENDS else "")
        elif word in _PARAGRAPH_ENDS:
            self._end_paragraph()
        elif word in _CELL_ENDS:
            self._table.add(self._numbered(), ends_cell=word == "cell")
        elif word == "row":
            self._table.end_row()
            self._below_table += self._below
            self._below.clear()
        else:
            self._table.define(word, number)

    def _enter(self, word: str) -> None:
        if self._state.destination != _SKIPPED:
            self._state.destination = word if word in _KEPT else _SKIPPED
            if word in _KEPT:
                self._words.append(Words())

    def _close(self) -> None:
        if not self._groups:
            return
        inner, self._state = self._state, self._groups.pop()
        self._to_skip = 0
        self.is_finished = not self._groups
        if inner.destination == "stylesheet":
            self._learn_style(inner, self._words[-1].take())
        if inner.destination in _KEPT and inner.destination != self._state.destination:
            text = self._words.pop().take()
            if text.strip() and not self._state.is_hidden:
                self._keep(inner.destination, text)

    def _learn_style(self, style: State, name: str) -> None:
        heading = _HEADING.search(name)
        if heading:
            self._styles[style.style] = int(heading[1])
        elif style.outline is not None:
            self._styles[style.style] = style.outline + 1

    def _keep(self, destination: str, lines: str) -> None:
        text = one_line(lines)
        if destination.startswith(_MARGINS):
            self._margins += lines.split("\n")
        elif destination == "title":
            self._title = text
        elif destination == "atnauthor":
            self._author = text
        elif destination in _MARKERS:
            self._marker = text if any(map(str.isalnum, text)) else "-"
        elif destination == "footnote":
            self._notes += 1
            self._words[-1].add(f" [{self._notes}]")
            self._below.append(f"[{self._notes}] {text}")
        elif destination == "annotation":
            by = f" by {self._author}" if self._author else ""
            self._below.append(f"Comment{by}: {text}")
        elif destination == "shptxt":
            self._below.append(text)

    def _end_paragraph(self) -> None:
        state, marker = self._state, self._marker
        if state.is_in_table or self._table.is_in_a_row:
            self._table.add(self._numbered(), ends_cell=False)
            return
        self._end_table()
        text = self._numbered()
        level = self._styles.get(state.style, 0) if state.outline is None else state.outline + 1
        if 0 < level <= _DEEPEST:
            self._builder.add_heading(level, text)
        elif marker and text:
            shown = f"{_INDENT * state.depth}{'- ' if marker == '-' else ''}{text}"
            self._builder.add(shown, separator="\n" if self._is_listed else "\n\n")
        else:
            self._builder.add(text)
        self._is_listed = bool(marker)
        self._tell(self._below)

    def _numbered(self) -> str:
        """The paragraph, with its number if it has one."""
        text, marker = self._words[-1].take().strip(), self._marker
        self._marker = ""
        return f"{marker} {text}" if text and marker not in ("", "-") else text

    def _end_table(self) -> None:
        rows, header_rows = self._table.take()
        if max(map(len, rows), default=0) > 1:
            self._builder.add_table(rows, header_rows=header_rows)
        else:  # it only places what is in it
            for row in rows:
                self._builder.add("".join(row))
        self._tell(self._below_table)

    def _tell(self, below: list[str]) -> None:
        """Put notes, comments and boxes below what they belong to."""
        for text in below:
            self._builder.add(text)
            self._is_listed = False
        below.clear()
