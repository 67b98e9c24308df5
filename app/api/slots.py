"""How many answers may be asked for at once: one is written after the other, the rest wait."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

from starlette.exceptions import HTTPException

_RETRY_SECONDS = 5


class Slots:
    """A bound on the requests that are written or wait.

    Args:
        count: At most so many.

    Attributes:
        held: How many there are at this moment, nearly.
    """

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)
        self._count = count
        self.held = 0

    @contextmanager
    def one(self) -> Generator[None]:
        """Hold a slot for the block.

        Raises:
            HTTPException: None is free; the client is told when to come back.
        """
        if not self._free.acquire(blocking=False):
            msg = f"{self._count} answers are being written or wait already. Ask again in a moment."
            raise HTTPException(429, msg, headers={"Retry-After": str(_RETRY_SECONDS)})
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1
            self._free.release()
