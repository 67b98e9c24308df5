"""A job, as it is seen from outside and from inside."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

State = Literal["waiting", "running", "done", "failed", "cancelled"]

_GIVE_WAY_SECONDS = 8.0  # for whoever asks meanwhile; then a step is done, however busy it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job, as it is at this moment.

    Attributes:
        id: Cannot be guessed.
        name: Of the file, or what is to be done, for people.
        state: "failed" also where there is nothing in a file to index.
        detail: What came of it, or why nothing did; for people.
        files: Of how many files it is known what became of them.
        files_total: How many there are to look at, as far as is known.
        chunks: Passages that are embedded.
        chunks_total: Passages of what was read so far.
        begun: When it was asked for; UTC.
        result: What came of it, for programs.
    """

    id: str
    name: str
    state: State = "waiting"
    detail: str = ""
    files: int = 0
    files_total: int = 0
    chunks: int = 0
    chunks_total: int = 0
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    result: dict[str, Any] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state not in ("waiting", "running")


class Control:
    """What a job asks and tells while it runs; a stop signal.

    Attributes:
        cancelled: Whether it was taken back; else `is_set` means that the server ends, and what it
            was about goes on with the next start.
    """

    def __init__(self, busy: Callable[[], bool], tell: Callable[..., None]) -> None:
        self.cancelled = False
        self._ending = threading.Event()
        self._busy = busy
        self._tell = tell

    def is_set(self) -> bool:
        """Whether to stop now."""
        return self.cancelled or self._ending.is_set()

    def end(self) -> None:
        """Have it stop."""
        self._ending.set()

    def tell(self, **progress: int) -> None:
        """Say how far it is."""
        self._tell(**progress)

    def give_way(self) -> None:
        """Wait while somebody asks, but not for ever."""
        until = time.monotonic() + _GIVE_WAY_SECONDS
        while self._busy() and not self.is_set() and time.monotonic() < until:
            time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job: whether all went well, and how, for people and for programs."""

    good: bool
    detail: str
    result: dict[str, Any] | None = None


class Work(Protocol):
    """What a job does."""

    def run(self, control: Control) -> Outcome:
        """Do it.

        Raises:
            DuetError: It cannot be done; the text says why.
        """
        ...

    def drop(self) -> None:
        """It was cancelled before it began, or failed and is not to be tried again."""
        ...

    @property
    def size(self) -> int:
        """Bytes that are kept for it on the disk."""
        ...
