"""Sentences as exact spans of a text: what is quoted can be found again letter by letter."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of character offsets."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The part of `text` that the span covers."""
        return text[self.start : self.end]


# What ends a block whatever its punctuation: a blank line, or a line that opens with a heading
# mark, a bullet, a number or a table cell; and the end of a heading line ("# Use", "2.1 Use").
_BLOCK_BREAK = re.compile(
    r"\n[ \t]*\n+"
    r"|\n(?=[ \t]*(?:#{1,6}[ \t]|[-*+•‣▪][ \t]|\(?\d{1,3}[.)][ \t]|\|))"
    r"|(?:(?<=\n)|^)(?:#{1,6}[ \t][^\n]*|\d+(?:\.\d+)+\.?[ \t]+[A-Z][^\n.]{0,80})"
    r"(?P<after_heading>\n)"
)

# "Deposit: 50 EUR": an entry of a form. Two or more lines in a row are entries, one may be prose.
ENTRY = re.compile(
    r"[ \t]*(?:\*\*|__)?[^\W_](?:[^\s:|.!?;,]++|[ \t]|[.,](?=\w)){0,12}(?:\*\*|__)?:(?:\*\*|__)?"
    r"[ \t]+(?=\S)"
)

# A sentence ends at . ! ? … (closing quotes, brackets and citation marks belong to it) where
# white space and something that can open a sentence follow; full-width marks need no white space.
# A run of marks is looked at once, from its start, and not given back: else a line of full stops
# takes a time that grows with its square.
_SENTENCE_END = re.compile(
    r"(?<![.!?…؟۔।॥։።။។])[.!?…؟۔।॥։።။។]++[\"'”’»)\]]*+(?:\s*\[\d+(?:\s*[,;]\s*\d+)*\])*(?=\s++[\"'“‘«(\[*]*+[^\W_a-z])"
    r"|[。！？｡]++[」』”’）]*+"
)

# "1." or "(2)" before the words of a list item: the item is one sentence with its number.
LIST_NUMBER = re.compile(r"[\s*_]*\(?\d{1,3}[.)]+[*_]*(?=\s+\S)")

_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[])(?:[A-Za-z]|[A-Za-z]\.[A-Za-z]|al|approx|art|bzw|ca|cf|ch|co|corp|dept|dr|ed"
    r"|eq|etc|fig|figs|inc|jr|ltd|mr|mrs|ms|nos?|nr|op|pp?|prof|ref|resp|sec|sect|sr|st|vol|vs"
    r"|z\.B|u\.s|e\.g|i\.e)\.$",
    re.IGNORECASE,
)


def sentence_spans(text: str) -> list[Span]:
    """The sentences of `text` in order.

    Returns:
        Spans that do not overlap, are not empty, start and end with a character that is not
        white space, and together cover everything but white space.
    """
    return [span for block in _blocks(text) for span in _sentences(text, block)]


def _blocks(text: str) -> Iterator[Span]:
    breaks = {match.start(match.lastgroup or 0) for match in _BLOCK_BREAK.finditer(text)}
    cuts = [0, *sorted(breaks.union(_entries(text))), len(text)]
    yield from (Span(start, end) for start, end in pairwise(cuts))


def _entries(text: str) -> Iterator[int]:
    """Where entries of a form begin that stand in a row, some of them twice."""
    line, former = 0, -1
    while line < len(text):
        following = text.find("\n", line) + 1 or len(text) + 1
        if not ENTRY.match(text, line, following):
            former = -1
        else:
            if former >= 0:
                yield from (former, line)
            former = line
        line = following


def _sentences(text: str, block: Span) -> Iterator[Span]:
    start = block.start
    number = LIST_NUMBER.match(text, block.start, block.end)
    words = number.end() if number else block.start
    for match in _SENTENCE_END.finditer(text, words, block.end):
        before = max(start, match.end() - 12)
        if match[0] == "." and _ABBREVIATION.search(text, before, match.end()):
            continue
        yield from _trimmed(text, Span(start, match.end()))
        start = match.end()
    yield from _trimmed(text, Span(start, block.end))


def _trimmed(text: str, span: Span) -> Iterator[Span]:
    part = span.of(text)
    stripped = part.strip()
    if stripped:
        start = span.start + part.index(stripped[0])
        yield Span(start, start + len(stripped))
