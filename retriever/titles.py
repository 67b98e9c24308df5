"""What is embedded in front of a chunk: its document's title and the headings above it."""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from retriever.schema import Chunk

TITLE_TOKENS = 48
"""So much of a title and heading path is embedded in front of a chunk; it is there for context."""


class Titles:
    """Titles for one encoder.

    Args:
        count_tokens: Its tokenizer.
        max_tokens: The longest text that it accepts, with its title.

    Attributes:
        limit: Tokens that a title has at most.
    """

    def __init__(self, count_tokens: Callable[[str], int], max_tokens: int) -> None:
        self.limit = min(TITLE_TOKENS, max_tokens // 4)
        self._count_tokens = count_tokens
        self._made: dict[tuple[str, ...], str] = {}

    def of(self, chunk: Chunk) -> str:
        """As much as fits: the innermost heading says most, the title next.

        File names stay out: a file that is renamed needs no new vectors.
        """
        title, headings = chunk.title, chunk.headings
        named = title == file_name(chunk.source) or title in headings[:1]
        parts = headings if named else (title, *headings)
        if parts not in self._made:
            self._made[parts] = self._fitting(parts)
        return self._made[parts]

    def _fitting(self, path: Sequence[str]) -> str:
        parts = list(path)
        while len(parts) > 1 and self._count_tokens(" > ".join(parts)) > self.limit:
            del parts[1 if len(parts) > 2 else 0]
        text = " > ".join(parts)
        while self._count_tokens(text) > self.limit:
            text = text[: len(text) * 3 // 4].rstrip()
        return text


def file_name(source: str) -> str:
    """What stands in for the title of a document without one."""
    return PurePosixPath(source).name
