"""What takes long and keeps nobody waiting: one job after the other, in a thread of its own."""

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from app.library.job import Control, Job, Outcome, State, Work
from embedder.errors import DuetError

MOST_WAITING = 10_000
MOST_FAILED_BYTES = 1 << 30
"""Of files that failed and may be tried again; beyond that the oldest go."""
_KEPT = 500  # jobs that are over
_BUG = "Something went wrong; the server's log says what."

_logger = logging.getLogger(__name__)


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
        self._failed: dict[str, Work] = {}  # of those that may be tried again
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
            self._queue(job, work)
        self._forget()
        return job

    def add_failed(self, name: str, work: Work, detail: str) -> None:
        """List what failed before this process; it may be tried again."""
        job = Job(id=secrets.token_urlsafe(12), name=name, state="failed", detail=detail)
        with self._changed:
            self._jobs[job.id] = job
            self._failed[job.id] = work
        self._forget()

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

    def retry(self, job_id: str) -> bool:
        """Have a job that failed done once more, under its id; whether it was such a one."""
        with self._changed:
            work = self._failed.pop(job_id, None)
            if work is not None:
                self._queue(Job(id=job_id, name=self._jobs[job_id].name), work)
        return work is not None

    def dismiss(self, job_id: str) -> bool:
        """Forget a job that is over, and what was kept to try it again; whether it was over."""
        with self._changed:
            job = self._jobs.get(job_id)
            if job is None or not job.over:
                return False
            del self._jobs[job_id]
            work = self._failed.pop(job_id, None)
        if work is not None:
            work.drop()
        return True

    def close(self) -> None:
        """Begin no more, and end what runs; what it was about goes on with the next start."""
        with self._changed:
            self._closed = True
            self._work.clear()
            self._failed.clear()
            for control in self._control.values():
                control.end()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _queue(self, job: Job, work: Work) -> None:
        self._jobs[job.id] = job
        self._work[job.id] = work
        if self._thread is None or not self._thread.is_alive():
            self._closed = False
            self._thread = threading.Thread(target=self._run, name="duet-jobs", daemon=True)
            self._thread.start()
        self._changed.notify_all()

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
        with self._changed:
            if state == "failed" and not control.is_set():
                self._failed[job_id] = work
            self._set(job_id, state=state, detail=outcome.detail, result=outcome.result)
            self._forget()  # before anyone is told that this one is over

    def _set(self, job_id: str, **changes: Any) -> None:
        with self._changed:
            if job_id in self._jobs:
                self._jobs[job_id] = replace(self._jobs[job_id], **changes)
            self._changed.notify_all()

    def _forget(self) -> None:
        """Let go of the oldest that are over, so that neither list nor disk grow for ever."""
        with self._changed:
            over = [job_id for job_id, job in self._jobs.items() if job.over]
            old = over[: max(0, len(over) - _KEPT)]
            size = 0
            for job_id, work in reversed(self._failed.items()):
                size += work.size
                if size > MOST_FAILED_BYTES:
                    old.append(job_id)
        for job_id in old:
            self.dismiss(job_id)
