"""Answers for callers of the API: so many may wait, and nobody waits for who has left."""

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from fastapi import Request
from starlette.exceptions import HTTPException

from app.answering import AnswerStream
from app.live import LiveAnswer
from app.turnstile import Turnstile

LOOK = 0.05
"""Seconds between two looks at an answer that is being written."""
_RETRY_SECONDS = 5
_CLIENT_LEFT = 499


class AnswerQueue:
    """A bound on the answers that are written or wait.

    Args:
        most: At most so many.
        turnstile: They pass it one after the other.

    Attributes:
        length: How many there are at this moment, nearly.
    """

    def __init__(self, most: int, turnstile: Turnstile) -> None:
        self.length = 0
        self._free = threading.BoundedSemaphore(most)
        self._most = most
        self._turnstile = turnstile

    @contextmanager
    def answering(
        self, open_stream: Callable[[threading.Event], AnswerStream]
    ) -> Generator[LiveAnswer]:
        """An answer that is written, when its turn comes; it is stopped when the block ends.

        Args:
            open_stream: As for `LiveAnswer`.

        Raises:
            HTTPException: Too many wait; the client is told when to come back.
        """
        if not self._free.acquire(blocking=False):
            msg = f"{self._most} answers are being written or wait already. Ask again in a moment."
            raise HTTPException(429, msg, headers={"Retry-After": str(_RETRY_SECONDS)})

        def in_turn(stop: threading.Event) -> AnswerStream:
            with self._turnstile.turn(stop):
                return (yield from open_stream(stop))

        self.length += 1
        live = LiveAnswer(in_turn)
        try:
            yield live
        finally:
            live.stop()
            self.length -= 1
            self._free.release()


async def wait(live: LiveAnswer, request: Request, enough: Callable[[], bool]) -> None:
    """Wait until an answer is there, or `enough` of it.

    Raises:
        HTTPException: The client has left.
    """
    while not live.done and not enough():
        if await request.is_disconnected():
            raise HTTPException(_CLIENT_LEFT, "The client has left.")
        await asyncio.sleep(LOOK)
