"""When an answer is to end before it is complete."""

import time

from embedder.encoder import StopSignal


class Ending:
    """A stop signal: set when the reader stops the answer, or when its time is up.

    Args:
        stop: The reader's, if there is one.
        seconds: From now; None for no limit.
    """

    def __init__(self, stop: StopSignal | None, seconds: float | None) -> None:
        self._stop = stop
        self._seconds = seconds
        self._began = time.monotonic()

    @property
    def reason(self) -> str:
        """Why, in words for the reader."""
        if self._is_stopped():
            return "Stopped before the end."
        return f"Ended after {self._seconds:g} seconds: the time limit of an answer."

    @property
    def elapsed(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._began

    def is_set(self) -> bool:
        """Whether to end now."""
        late = self._seconds is not None and self.elapsed > self._seconds
        return late or self._is_stopped()

    def _is_stopped(self) -> bool:
        return self._stop is not None and self._stop.is_set()
