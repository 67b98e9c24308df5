"""Jupyter notebooks: their Markdown, their code, and what it printed."""

import json
from typing import Any

from ingest.document import Document, check_length
from ingest.errors import UnreadableError
from ingest.parsers import markdown
from ingest.parsers.text import decode
from ingest.sniff import Format

MAX_OUTPUT = 2000
"""Characters of what a cell printed: more is a log."""


def parse(data: bytes) -> Document:
    """A notebook (nbformat 4), read as the Markdown that it amounts to.

    Raises:
        UnreadableError: It is no notebook.
        NoTextError: It has no text.
    """
    try:
        book: Any = json.loads(decode(data))
        cells = [dict(cell) for cell in book["cells"]]
        language = str(book.get("metadata", {}).get("language_info", {}).get("name", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        msg = f"damaged: no readable notebook of format 4 ({error or type(error).__name__})"
        raise UnreadableError(msg) from error
    parts = [part for cell in cells for part in _parts(cell, language)]
    source = "\n\n".join(part for part in parts if part.strip())
    check_length(source)
    return markdown.read(source, Format.NOTEBOOK)


def _parts(cell: dict[str, Any], language: str) -> list[str]:
    source = _joined(cell.get("source"))
    if cell.get("cell_type") != "code":
        return [source]
    outputs = [_output(output) for output in cell.get("outputs") or [] if isinstance(output, dict)]
    shown = "\n".join(output for output in outputs if output.strip())
    return [_fenced(source, language), _fenced(shown[:MAX_OUTPUT], "")]


def _output(output: dict[str, Any]) -> str:
    if output.get("output_type") == "error":
        return f"{output.get('ename', '')}: {output.get('evalue', '')}"
    data = output.get("data")
    plain = data.get("text/plain") if isinstance(data, dict) else None
    return _joined(output.get("text") or plain)


def _joined(text: object) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text or "")


def _fenced(text: str, language: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.strip()}\n{fence}" if text.strip() else ""
