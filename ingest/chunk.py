"""Cuts a document into passages: exact spans, each within a number of tokens.

The text is cut into pieces at headings, then paragraphs, sentences, lines, words, and anywhere at
last, each only as far as needed; the pieces are packed greedily into passages. A tokenizer call is
dear, so each piece is counted once, a passage is estimated by the sum of its pieces, and only the
result is counted again.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, takewhile

from ingest.document import Document, Heading, Page, Table

CountTokens = Callable[[str], int]

CHUNK_TOKENS = 200
"""Two or three paragraphs: five such passages and an answer fit into a window of 2,048 tokens."""
MIN_CHUNK_TOKENS = 16
"""Less is no passage; and a single character can have four tokens."""

# What is looked at is not given back (`++`): else a run of full stops or spaces takes a time that
# grows with its square.
_BORDERS = (
    re.compile(r"\n\s*\n"),  # paragraphs
    # Sentences: also after CJK full stops, where no space follows, and before items and rows.
    re.compile(
        r"(?<![.!?…؟۔।॥։።။។])[.!?…؟۔।॥։።။។]++[\"'”’»)\]]*+\s++(?![a-z])"
        r"|[。！？｡]++[」』”’）]*+\s*+"
        r"|\n(?=\s*+(?:[-*+•|#>]|\d++[.)]\s))"
    ),
    re.compile(r"\n"),
)
_LINES = 2
"""The depth at which lines are cut apart."""

_LIST_NUMBER = re.compile(r"[\s>*_]*\(?(?:\d{1,3}|[A-Za-z])")
_LONGEST_NUMBER = 40  # characters with what stands in front of it

CERTAINLY_TOO_LONG = 16
"""A text of more than so many characters for each token of the limit is cut without being counted;
cutting too early does no harm, because pieces are packed again."""

MAX_HEADER = 500
"""Characters of a table's header that go with each passage of its rows."""

PIECES_OF_A_RUN = 4
"""Text without sentences is cut to pieces of this fraction of the limit, so that they pack well."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document: `text[start:end]`.

    Attributes:
        start: First character's offset in the document's text; never white space.
        end: Offset after the last character; never after white space.
        tokens: How many it has.
        headings: Titles of the headings that all of it stands under, from the outermost.
        page: The page it is on, if the document has pages.
        context: The header of the table with whose rows it begins, if it does not begin with it.
    """

    start: int
    end: int
    tokens: int
    headings: tuple[str, ...]
    page: Page | None
    context: str = ""


@dataclass(frozen=True, slots=True)
class _Section:
    """Text between two borders: a heading, a table, or what stands between, on one page."""

    start: int
    end: int
    path: tuple[Heading, ...]
    page: Page | None
    is_heading: bool
    table: Table | None


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is packed; it fits into a passage. `gap`: tokens of the white space in front of it."""

    start: int
    end: int
    tokens: int
    gap: int
    section: _Section


def cut(document: Document, count_tokens: CountTokens, limit: int) -> list[Passage]:
    """Cut a document into passages of at most `limit` tokens.

    Every character that is not white space is in exactly one passage, and the order is kept. No
    passage crosses the border of a page, and none goes on over a heading of the top level.

    Args:
        document: The document.
        count_tokens: The encoder's tokenizer.
        limit: At least `MIN_CHUNK_TOKENS`.
    """
    cutter = _Cutter(document.text, count_tokens, limit)
    pieces: list[_Piece] = []
    for section in _sections(document):
        pieces += cutter.pieces(section, limit - _heading_tokens(pieces, section, limit))
    packs = _pack(pieces, limit, _top_level(document.headings))
    return [passage for pack in packs for passage in cutter.passages(pack)]


def _heading_tokens(pieces: Sequence[_Piece], section: _Section, limit: int) -> int:
    """Room for the headings in front of a section, at most half: none shall stand alone."""
    above = takewhile(
        lambda piece: piece.section.is_heading and piece.section.page is section.page,
        reversed(pieces),
    )
    headings = list(islice(above, limit))  # more would fill a passage; a page may be headings alone
    gap = 1  # the line break between them and the section
    return min(_size(headings) + gap, limit // 2) if headings else 0


def _top_level(headings: Sequence[Heading]) -> int:
    """The outermost level with several headings: a single one is the document's title."""
    levels = [heading.level for heading in headings]
    return min((level for level in levels if levels.count(level) > 1), default=1)


def _sections(document: Document) -> Iterator[_Section]:
    headings = document.headings
    spans = {heading.start: heading.end for heading in headings}
    starts = [page.start for page in document.pages]
    borders = {0, len(document.text), *starts, *spans, *spans.values()}
    borders.update(border for table in document.tables for border in (table.start, table.end))
    tables = {table.start: table for table in document.tables}
    path: list[Heading] = []
    table: Table | None = None
    reached = 0
    for start, end in pairwise(sorted(borders)):
        while reached < len(headings) and headings[reached].start <= start:
            heading = headings[reached]
            path = [*(outer for outer in path if outer.level < heading.level), heading]
            reached += 1
        page = document.pages[bisect_right(starts, start) - 1] if starts else None
        table = tables.get(start) or (table if table and start < table.end else None)
        yield _Section(start, end, tuple(path), page, spans.get(start) == end, table)


class _Cutter:
    def __init__(self, text: str, count_tokens: CountTokens, limit: int) -> None:
        self._text = text
        self._count_tokens = count_tokens
        self._limit = limit

    def pieces(self, section: _Section, limit: int) -> Iterator[_Piece]:
        """Yields the pieces of a section, each of at most `limit` tokens; a row may fill more."""
        depth = _LINES if section.table else 0
        row_limit = self._limit if section.table else limit  # no row is cut because of a heading
        for start, end, tokens in self._cut(section.start, section.end, depth, limit, row_limit):
            # A space becomes part of the word behind it, a line break is a token.
            gap = int(self._text[max(start - 1, 0)] == "\n")
            yield _Piece(start, end, tokens, gap, section)

    def passages(self, pieces: Sequence[_Piece]) -> Iterator[Passage]:
        """Yields the pieces as one passage; as several, if the sum of their tokens was too low."""
        start, end = pieces[0].start, pieces[-1].end
        tokens = self._count(start, end) if len(pieces) > 1 else pieces[0].tokens
        if tokens > self._limit:
            middle = len(pieces) // 2
            yield from self.passages(pieces[:middle])
            yield from self.passages(pieces[middle:])
        else:
            page, context = pieces[0].section.page, self._header(pieces[0])
            yield Passage(start, end, tokens, _common_path(pieces), page, context)

    def _header(self, piece: _Piece) -> str:
        """The header of the table in which `piece` stands, below it."""
        table = piece.section.table
        if table is None or piece.start < table.header_end:
            return ""
        return self._text[table.start : table.header_end][:MAX_HEADER].rstrip()

    def _count(self, start: int, end: int) -> int:
        return self._count_tokens(self._text[start:end])

    def _cut(
        self, start: int, end: int, depth: int, limit: int, part_limit: int
    ) -> Iterator[tuple[int, int, int]]:
        """Yields (start, end, tokens) of pieces, without white space around them.

        It is the whole, if that has at most `limit` tokens, else parts of at most `part_limit`.
        """
        start, end = self._strip(start, end)
        if start == end:
            return
        if end - start <= CERTAINLY_TOO_LONG * limit:
            tokens = self._count(start, end)
            if tokens <= limit:
                yield start, end, tokens
                return
        for part_start, part_end in self._parts(start, end, depth):
            yield from self._cut(part_start, part_end, depth + 1, part_limit, part_limit)

    def _strip(self, start: int, end: int) -> tuple[int, int]:
        text = self._text[start:end]
        return end - len(text.lstrip()), start + len(text.rstrip()) if text.strip() else end

    def _parts(self, start: int, end: int, depth: int) -> Iterator[tuple[int, int]]:
        if depth < len(_BORDERS):
            found = _BORDERS[depth].finditer(self._text, start, end)
            borders = [match.end() for match in found if not self._is_list_number(match.start())]
            yield from pairwise([start, *(border for border in borders if border < end), end])
        else:
            yield from self._runs(start, end)

    def _is_list_number(self, stop: int) -> bool:
        """Whether the full stop there is that of "5." before the words of a list item."""
        line = self._text.rfind("\n", max(0, stop - _LONGEST_NUMBER), stop) + 1
        if not line and stop > _LONGEST_NUMBER:
            return False
        return _LIST_NUMBER.fullmatch(self._text, line, stop) is not None

    def _runs(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yields parts of about a quarter of the limit, of at most half the text."""
        sample_end = min(end, start + 8 * self._limit)
        tokens = self._count(start, sample_end)
        fitting = (sample_end - start) * self._limit // (PIECES_OF_A_RUN * max(tokens, 1))
        length = max(1, min(fitting, (end - start) // 2))
        while start < end:
            border = self._border(start, min(start + length, end), end)
            yield start, border
            start = border

    def _border(self, start: int, wanted: int, end: int) -> int:
        """The last good place to cut in the second half of [start, wanted]."""
        if wanted == end:
            return end
        text = self._text
        for border in range(wanted, (start + wanted) // 2, -1):
            if text[border - 1].isspace():
                return border
        border = wanted
        while border > start + 1 and _joins(text[border]):
            border -= 1
        return border


def _joins(character: str) -> bool:
    """Whether a character belongs to the one before it (accents, emoji parts, Indic vowels)."""
    return unicodedata.category(character) in ("Mn", "Mc", "Me") or character == "\u200d"


def _pack(pieces: Sequence[_Piece], limit: int, top_level: int) -> Iterator[list[_Piece]]:
    pack: list[_Piece] = []
    for piece in pieces:
        if pack and _breaks(pack, piece, limit, top_level):
            kept, carried = _without_last_headings(pack, piece, limit)
            yield kept
            pack = carried
        pack.append(piece)
    if pack:
        yield pack


def _breaks(pack: Sequence[_Piece], piece: _Piece, limit: int, top_level: int) -> bool:
    """Whether a new passage begins with `piece`."""
    size = _size(pack)
    if piece.section.page is not pack[-1].section.page or size + piece.gap + piece.tokens > limit:
        return True
    if piece.section is pack[-1].section or all(other.section.is_heading for other in pack):
        return False
    opened = [heading for heading in piece.section.path if heading.start > pack[-1].start]
    if any(heading.level <= top_level for heading in opened):
        return True
    return bool(opened) and size > limit // 2


def _without_last_headings(
    pack: list[_Piece], piece: _Piece, limit: int
) -> tuple[list[_Piece], list[_Piece]]:
    """Moves headings at the end of a full passage to the next one, to the text they head."""
    border = len(pack)
    while border > 1 and pack[border - 1].section.is_heading:
        border -= 1
    carried = pack[border:]
    same_page = piece.section.page is pack[-1].section.page
    if pack[0].section.is_heading and border == 1:
        carried = []  # nothing but headings
    if carried and same_page and _size(carried) + piece.gap + piece.tokens <= limit:
        return pack[:border], carried
    return pack, []


def _size(pack: Sequence[_Piece]) -> int:
    return sum(piece.tokens + piece.gap for piece in pack)


def _common_path(pieces: Sequence[_Piece]) -> tuple[str, ...]:
    bodies = [piece for piece in pieces if not piece.section.is_heading] or pieces[-1:]
    paths = [piece.section.path for piece in bodies]
    common = [
        level[0].title for level in zip(*paths, strict=False) if all(h is level[0] for h in level)
    ]
    return tuple(common)
