"""What is embedded in front of a chunk: title, headings, and the header of its table."""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from retriever.schema import Chunk

TITLE_TOKENS = 48
"""So much of a title and heading path is embedded in front of a chunk; it is there for context."""
HEADER_TOKENS = 64
"""The same of a table's header."""


class Titles:
    """Titles for one encoder.

    Args:
        count_tokens: Its tokenizer.
        max_tokens: The longest text that it accepts, with its title.

    Attributes:
        limit: Tokens that a title has at most, with the header of a table.
    """

    def __init__(self, count_tokens: Callable[[str], int], max_tokens: int) -> None:
        self._title = min(TITLE_TOKENS, max_tokens // 4)
        self._header = min(HEADER_TOKENS, max_tokens // 4)
        self.limit = self._title + self._header + 1  # 1: a newline
        self._count_tokens = count_tokens
        self._made: dict[tuple[str, ...], str] = {}

    def of(self, chunk: Chunk) -> str:
        """As much as fits: the innermost heading says most, the title next.

        File names stay out: a file that is renamed needs no new vectors.
        """
        title, headings = chunk.title, chunk.headings
        named = title == file_name(chunk.source) or title in headings[:1]
        parts = headings if named else (title, *headings)
        key = (*parts, chunk.context)
        if key not in self._made:
            header = self._shortened(chunk.context, self._header)
            self._made[key] = "\n".join(filter(None, (self._fitting(parts), header)))
        return self._made[key]

    def _fitting(self, path: Sequence[str]) -> str:
        parts = list(path)
        while len(parts) > 1 and self._count_tokens(" > ".join(parts)) > self._title:
            del parts[1 if len(parts) > 2 else 0]
        return self._shortened(" > ".join(parts), self._title)

    def _shortened(self, text: str, limit: int) -> str:
        while self._count_tokens(text) > limit:
            text = text[: len(text) * 3 // 4].rstrip()
        return text


def file_name(source: str) -> str:
    """What stands in for the title of a document without one."""
    return PurePosixPath(source).name
