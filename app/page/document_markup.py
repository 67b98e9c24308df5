"""A document's passages in reading order, as HTML.

Everything that a document wrote is escaped here, as in `app.page.markup`.
"""

import html
import re
from collections.abc import Sequence

from app.page.passage_markup import passage_html
from app.page.source_markup import flowing
from app.page_picture import has_picture
from retriever import Chunk


def passages_html(chunks: Sequence[Chunk]) -> str:
    """Passages, each under its headings and page where they change."""
    parts: list[str] = []
    before = ""
    for chunk in chunks:
        page = [f"page {chunk.page_label or chunk.page}"] if chunk.page is not None else []
        where = " › ".join((*page, *chunk.headings))
        if where != before:
            parts.append(f'<h2 class="duet-where">{html.escape(where)}</h2>' if where else "<hr>")
        before = where
        text = _below_heading(chunk)
        text = flowing(text) if has_picture(chunk) else text
        if text:
            head = chunk.context if text == chunk.text else ""
            body = passage_html(text, header=head)
            parts.append(f'<div class="duet-snippet duet-passage">{body}</div>')
    return f'<div class="duet-document">{"".join(parts)}</div>'


def _below_heading(chunk: Chunk) -> str:
    """A passage without the headings that it begins with: they stand over it already."""
    text = chunk.text
    for title in chunk.headings:
        heading = r"\s+".join(map(re.escape, title.split()))  # on pages of several lines, perhaps
        text = re.sub(rf"^[#=\s]*{heading}[ #]*(?:\n|$)(?:([=~^-])\1+(?:\n|$))?\s*", "", text)
    return text
