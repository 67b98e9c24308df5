"""The sources under an answer, as HTML: each opens to its quotes, its page and its file.

Everything that a document wrote is escaped here, as in `app.page.markup`.
"""

import html
import re
from collections.abc import Callable, Sequence
from itertools import groupby

from app.answering import Answer, Citation
from app.answering.sentences import Span
from app.location import file_name, location
from app.page.passage_markup import passage_html, whole_rows
from app.page_picture import has_picture
from app.tickets import Place
from retriever import Chunk

_AROUND = 280  # characters shown before and after a quote
_LINE_END = re.compile(r"(?<=[^\n]{40})\n(?=[^\n\s•▪◦*+\-–—|\d])")


def sources_html(answer: Answer, name: str, issue: Callable[[Place], str]) -> str:
    """A part for each source, closed; a link to `#NAME-NUMBER` opens it.

    Args:
        answer: Cites them.
        name: What they are called on the page, as in `markup.answer_html`.
        issue: Makes the ticket that the server shows a page or a file for.
    """
    cited = sorted(answer.citations, key=lambda citation: citation.number)
    numbers = list(dict.fromkeys(citation.number for citation in cited))
    parts: list[str] = []
    for number, citations in groupby(cited, key=lambda citation: citation.number):
        group = list(citations)
        chunk = group[0].chunk
        label = html.escape(f"[{number}] {location(chunk)}")
        head = html.escape(chunk.headings[-1]) if chunk.headings else ""
        under = f'<span class="duet-dim"> {head}</span>' if head else ""
        parts.append(
            f'<details class="duet-source"><summary>{label}{under}</summary>'
            f'<div id="{name}-{number}" tabindex="0">'
            f"{_passage_html(group, issue, _beside(numbers, number, name))}"
            "</div></details>"
        )
    return "".join(parts)


def snippet_html(citations: Sequence[Citation]) -> str:
    """The part of a passage round its quotes, which are highlighted.

    Args:
        citations: At least one, all of the same passage.
    """
    chunk = citations[0].chunk
    text = flowing(chunk.text) if has_picture(chunk) else chunk.text
    spans = _merged([Span(citation.start, citation.end) for citation in citations])
    first = _whole_words(text, max(0, spans[0].start - _AROUND), spans[0].start)
    last = len(text)
    if spans[-1].end + _AROUND < last:
        before = text.rfind(" ", spans[-1].end, spans[-1].end + _AROUND)
        last = before if before > 0 else spans[-1].end + _AROUND
    shown = whole_rows(text, Span(first, last))
    marks = [Span(span.start - shown.start, span.end - shown.start) for span in spans]
    body = passage_html(shown.of(text), marks, "" if shown.start else chunk.context)
    before, after = "…" if shown.start else "", "…" if shown.end < len(text) else ""
    return f'<div class="duet-snippet">{before}{body}{after}</div>'


def _under(chunk: Chunk) -> str:
    """The document's title and the headings over a passage, where they tell more than its name."""
    path = [*dict.fromkeys((chunk.title or file_name(chunk.source), *chunk.headings))]
    if path == [file_name(chunk.source)]:
        return ""
    return f'<div class="duet-dim">{html.escape(" › ".join(path))}</div>'


def _beside(numbers: Sequence[int], number: int, name: str) -> list[str]:
    """Links to the sources before and after one."""
    place = numbers.index(number)
    return [
        f'<a href="#{name}-{other}">{word}</a>'
        for word, others in (
            ("‹ Previous source", numbers[max(0, place - 1) : place]),
            ("Next source ›", numbers[place + 1 : place + 2]),
        )
        for other in others
    ]


def _whole_words(text: str, start: int, end: int) -> int:
    """`start`, or where the next word begins, if one begins before `end`."""
    space = text.find(" ", start, end) if start else -1
    return space + 1 if space >= 0 else start


def flowing(text: str) -> str:
    """Text of a page without the ends of its full lines; as long as before, so spans stay true."""
    return _LINE_END.sub(" ", text)


def _passage_html(
    citations: Sequence[Citation], issue: Callable[[Place], str], beside: Sequence[str]
) -> str:
    """The passage, over it for a PDF the part of the page that holds it; and ways to the rest."""
    chunk = citations[0].chunk
    spans = tuple(sorted({(citation.start, citation.end) for citation in citations}))
    ticket = issue(Place(chunk.document_id, chunk.position, spans))
    ways = [
        f'<a href="documents?document={chunk.document_id}">Open the document</a>',
        f'<a class="duet-file" href="api/files/{ticket}" download>Get the file</a>',
        *beside,
    ]
    page = ""
    if has_picture(chunk):
        alt = html.escape(f"The part of {location(chunk)} that holds the quote, which is marked")
        picture = f"api/pages/{ticket}"
        page = f'<img class="duet-page" loading="lazy" src="{picture}?part=true" alt="{alt}">'
        ways.insert(0, f'<a href="{picture}" target="_blank">The whole page</a>')
    return (
        f'<nav class="duet-ways" aria-label="Source">{"".join(ways)}</nav>{_under(chunk)}{page}'
        f'{snippet_html(citations)}<div class="duet-path">{html.escape(chunk.source)}</div>'
    )


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged
