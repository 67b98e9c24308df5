"""One answer is written after the other, in the order in which they were asked for.

Two at once would both take twice as long, and sixteen kept every search waiting behind them.
"""

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

from embedder.encoder import StopSignal

_LOOK = 0.1  # seconds between two looks at whether one who waits still wants to


class Turnstile:
    """Lets one in at a time; thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()

    @contextmanager
    def turn(self, stop: StopSignal | None = None) -> Generator[None]:
        """Wait for one's turn, or until `stop` is set; the turn ends with the block."""
        me = object()
        with self._changed:
            self._queue.append(me)
            while self._queue[0] is not me and not (stop is not None and stop.is_set()):
                self._changed.wait(_LOOK)
        try:
            yield
        finally:
            with self._changed:
                self._queue.remove(me)
                self._changed.notify_all()
