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
    """

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)
        self._count = count

    @contextmanager
    def one(self) -> Generator[None]:
        """Hold a slot for the block.

        Raises:
            HTTPException: None is free; the client is told when to come back.
        """
        if not self._free.acquire(blocking=False):
            msg = f"{self._count} answers are being written or wait already. Ask again in a moment."
            raise HTTPException(429, msg, headers={"Retry-After": str(_RETRY_SECONDS)})
        try:
            yield
        finally:
            self._free.release()
