"""What a cell of a workbook shows, with the comment on it."""

from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.cell.rich_text import CellRichText, TextBlock

from ingest.document import one_line
from ingest.parsers.inline import marked
from ingest.parsers.number_format import shown

_CONVERSATION = "\nComment:\n"
"""Excel puts a line that ends so in front of a comment to which others can reply."""


def told(cell: Cell | MergedCell) -> str:
    """The value of a cell as its sheet shows it, and the comment."""
    value = _marked(cell.value) if isinstance(cell.value, CellRichText) else cell.value
    text = shown(value, cell.number_format)
    if cell.comment is None:
        return text
    author = one_line(cell.comment.author or "")
    words = one_line(cell.comment.text.rpartition(_CONVERSATION)[2])
    words = words.removeprefix(f"{author}:").strip()
    by = "" if not author or author.startswith("tc=") else f" by {author}"
    return f"{text} [Comment{by}: {words}]".strip() if words else text


def _marked(value: CellRichText) -> str:
    """The text of a cell, with marks for what is raised or lowered: 10^6."""
    return marked(
        (part.font.vertAlign or "" if isinstance(part, TextBlock) else "", str(part))
        for part in value
    )
