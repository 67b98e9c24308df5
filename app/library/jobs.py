"""What takes long and keeps nobody waiting: one job after the other, in a thread of its own."""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, Protocol

from embedder.errors import DuetError

State = Literal["waiting", "running", "done", "failed", "cancelled"]

MOST_WAITING = 10_000
_KEPT = 500  # jobs that are over
_BUG = "Something went wrong; the server's log says what."
_GIVE_WAY_SECONDS = 8.0  # for whoever asks meanwhile; then a step is done, however busy it is

_logger = logging.getLogger(__name__)


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
        """It was cancelled before it began."""
        ...


class Jobs:
    """Jobs in the order in which they came.

    Args:
        busy: Whether somebody waits for an answer, or did a moment ago: a job gives way.
        after: Called when a job has changed what is indexed, or may have.
    """

    def __init__(self, busy: Callable[[], bool], after: Callable[[], None]) -> None:
        self._busy = busy
        self._after = after
        self._changed = threading.Condition()
        self._jobs: dict[str, Job] = {}
        self._work: dict[str, Work] = {}  # of those that wait, in order
        self._control: dict[str, Control] = {}  # of the one that runs
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, name: str, work: Work) -> Job:
        """Have something done.

        Raises:
            DuetError: Too much waits already.
        """
        job = Job(id=secrets.token_urlsafe(12), name=name)
        with self._changed:
            if len(self._work) >= MOST_WAITING:
                msg = f"{len(self._work):,} files wait to be indexed. Wait for some of them."
                raise DuetError(msg)
            self._jobs[job.id] = job
            self._work[job.id] = work
            self._forget()
            if self._thread is None or not self._thread.is_alive():
                self._closed = False
                self._thread = threading.Thread(target=self._run, name="duet-jobs", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return job

    def get(self, job_id: str) -> Job | None:
        """A job as it is now; None if there is none, or none any more."""
        return self._jobs.get(job_id)

    def listed(self) -> list[Job]:
        """All jobs, the latest first."""
        with self._changed:
            return list(reversed(self._jobs.values()))

    @property
    def waiting(self) -> bool:
        """Whether there are more to begin."""
        return bool(self._work)

    def wait(self, job_id: str, seconds: float = 600.0) -> Job:
        """Wait until a job is over, but not longer than this; the job as it is then."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs[job_id].over, seconds)
            return self._jobs[job_id]

    def cancel(self, job_id: str) -> bool:
        """Take a job back; whether it was not over yet. What is half done is undone."""
        with self._changed:
            control, work = self._control.get(job_id), self._work.pop(job_id, None)
            if control is not None:
                control.cancelled = True
            if work is None:
                return control is not None
        work.drop()
        self._set(job_id, state="cancelled", detail="cancelled before it began")
        return True

    def dismiss(self) -> None:
        """Forget those that are over."""
        with self._changed:
            self._jobs = {name: job for name, job in self._jobs.items() if not job.over}

    def close(self) -> None:
        """Begin no more, and end what runs; what it was about goes on with the next start."""
        with self._changed:
            self._closed = True
            self._work.clear()
            for control in self._control.values():
                control.end()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._work or self._closed)
                if self._closed:
                    return
                job_id, work = next(iter(self._work.items()))
                del self._work[job_id]
                control = Control(self._busy, partial(self._set, job_id))
                self._control[job_id] = control
            self._set(job_id, state="running")
            self._do(job_id, work, control)
            with self._changed:
                del self._control[job_id]

    def _do(self, job_id: str, work: Work, control: Control) -> None:
        try:
            outcome = work.run(control)
        except DuetError as error:
            outcome = Outcome(good=False, detail=str(error))
        except Exception:
            _logger.exception("A job has failed")
            outcome = Outcome(good=False, detail=_BUG)
        try:
            self._after()
        except Exception:  # the next job is to be done all the same
            _logger.exception("What follows a job has failed")
        state: State = "done" if outcome.good else "failed"
        if control.cancelled and not outcome.good:
            outcome = replace(outcome, detail="cancelled")
            state = "cancelled"
        self._set(job_id, state=state, detail=outcome.detail, result=outcome.result)

    def _set(self, job_id: str, **changes: Any) -> None:
        with self._changed:
            if job_id in self._jobs:
                self._jobs[job_id] = replace(self._jobs[job_id], **changes)
            self._changed.notify_all()

    def _forget(self) -> None:
        """Let go of the oldest that are over, so that the list does not grow for ever."""
        over = [name for name, job in self._jobs.items() if job.over]
        for name in over[: max(0, len(over) - _KEPT)]:
            del self._jobs[name]
