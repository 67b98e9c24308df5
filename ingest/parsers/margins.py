"""Lines at the top and the bottom of pages: each once, without page numbers."""

import re
from collections.abc import Iterable

from ingest.document import one_line

_PAGE_NUMBER = re.compile(
    r"(?:\s|\W|page|seite|página|pagina|strana|strona|sida|side|of|von|de|di|af|av|z|第|共|頁|页|\d)*",
    re.IGNORECASE,
)


def told_once(lines: Iterable[str]) -> str:
    """What headers or footers say, a line each: document numbers, dates, who approved it."""
    shown = (one_line(line) for line in lines)
    return "\n".join(dict.fromkeys(line for line in shown if not is_page_number(line)))


def is_page_number(line: str) -> bool:
    """Whether a line has nothing but the number of a page: `Page 3 of 10`, or is empty."""
    return _PAGE_NUMBER.fullmatch(line) is not None
