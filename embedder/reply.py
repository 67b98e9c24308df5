"""What a language model writes, while it writes it."""

import math
from collections.abc import Generator, Iterator, Sequence


class Reply(Iterator[str]):
    """A reply as it is written: pieces of text, and how sure the model is of them so far.

    Args:
        pieces: The text as it grows.
        chances: Grows with it: each chosen token's probability; stays empty where nobody tells.
    """

    def __init__(self, pieces: Generator[str], chances: Sequence[float]) -> None:
        self._pieces = pieces
        self._chances = chances

    def __next__(self) -> str:
        return next(self._pieces)

    def close(self) -> None:
        """Write no more: what is open for it is closed."""
        self._pieces.close()

    @property
    def sureness(self) -> float:
        """Geometric mean of the tokens' probabilities, 0 to 1; 1 before the first."""
        if not self._chances:
            return 1.0
        return math.exp(sum(map(math.log, self._chances)) / len(self._chances))
