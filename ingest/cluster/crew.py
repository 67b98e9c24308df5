"""The crew: workers on a cluster's machines, whose turn it is, and who comes for a lost one."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

import ray
from ray.exceptions import (
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RayTaskError,
)

from embedder.errors import DuetError
from ingest.cluster.connection import ClusterError

PATIENCE = 600.0
"""Seconds to wait while no worker is ready: a cloud takes minutes to start a machine."""
STARTS = 3
"""After so many workers in a row that were lost before they were ready, no more are started."""
_LOST = (RayActorError, NodeDiedError, ObjectLostError, OutOfMemoryError)


class WorkerLostError(DuetError):
    """Each of several workers was lost while it did the same thing."""


class _Member:
    """A worker that is ready, and how many calls of each method it has."""

    def __init__(self, actor: Any) -> None:  # noqa: ANN401 - Ray makes its methods up
        self.actor = actor
        self.calls: Counter[str] = Counter()


class Crew:
    """Ray actors of one kind; a context manager. Every method may be called from any thread.

    A call goes to the actor that has the fewest. Where that one is lost, alone or with its machine,
    another does it, and a new actor is started as soon as the cluster has room for it.

    Args:
        start: Starts an actor.
        welcome: Makes an actor ready, by calls of it; raises a `DuetError` if it cannot take part.
        size: How many there are.

    Attributes:
        lost: How many were lost after they had been ready.
    """

    def __init__(self, start: Callable[[], Any], welcome: Callable[[Any], None], size: int) -> None:
        self.lost = 0
        self._start = start
        self._welcome = welcome
        self._size = size
        self._changed = threading.Condition()
        self._ready: list[_Member] = []
        self._starting: dict[threading.Thread, Any] = {}
        self._failed_starts = 0
        self._failure: DuetError | None = None
        self._is_closed = False

    def call(self, method: str, *arguments: object, attempts: int) -> Any:  # noqa: ANN401 - as the method
        """What a method of an actor returns; waits for it.

        Raises:
            WorkerLostError: So many actors were lost with this call.
            ClusterError: There is no actor, or one cannot take part.
            DuetError: The method raised it.
        """
        for _ in range(attempts):
            member = self._take(method)
            try:
                return answer(getattr(member.actor, method).remote(*arguments))
            except _LOST:
                self._replace(member)
            finally:
                with self._changed:
                    member.calls[method] -= 1
        msg = f"took down {attempts} workers, one after the other"
        raise WorkerLostError(msg)

    def close(self) -> None:
        """End all actors, whatever they do; calls that are waited for fail."""
        with self._changed:
            self._is_closed = True
            starting = dict(self._starting)
            actors = [member.actor for member in self._ready] + list(starting.values())
            self._changed.notify_all()
        for actor in actors:
            ray.kill(actor)
        for thread in starting:
            thread.join()

    def __enter__(self) -> Self:
        for _ in range(self._size):
            self._start_one()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _take(self, method: str) -> _Member:
        with self._changed:
            self._changed.wait_for(self._is_settled, PATIENCE)
            if self._failure:
                raise self._failure
            if self._is_closed or not self._ready:
                raise ClusterError(self._why_there_is_none())
            member = min(self._ready, key=lambda member: member.calls[method])
            member.calls[method] += 1
            return member

    def _is_settled(self) -> bool:
        return bool(self._ready or self._failure or self._is_closed or not self._starting)

    def _why_there_is_none(self) -> str:
        if self._is_closed:
            return "the run was ended"
        if self._starting:
            return (
                f"no worker was ready within {PATIENCE:g} s: has the Ray cluster room for one? "
                "What was written stays; run it again"
            )
        return (
            f"{STARTS} workers in a row were lost before they were ready: has a machine of the Ray "
            "cluster the memory for one, and the same duet-rag as this one? What was written stays"
        )

    def _replace(self, lost: _Member) -> None:
        with self._changed:
            if self._is_closed or lost not in self._ready:
                return  # another call of it has noticed
            self._ready.remove(lost)
            self.lost += 1
            self._start_one()
        ray.kill(lost.actor)  # it may only be out of reach

    def _start_one(self) -> None:
        actor = self._start()
        thread = threading.Thread(target=self._make_ready, args=(actor,), daemon=True)
        with self._changed:
            self._starting[thread] = actor
        thread.start()

    def _make_ready(self, actor: Any) -> None:  # noqa: ANN401 - Ray makes its methods up
        failure = None
        is_lost = False
        try:
            self._welcome(actor)
        except _LOST:
            is_lost = True
        except (RayError, DuetError) as error:
            failure = ClusterError(f"a worker of the Ray cluster cannot take part: {error}")
        with self._changed:
            del self._starting[threading.current_thread()]
            self._failure = self._failure or failure
            self._failed_starts = self._failed_starts + 1 if is_lost else 0
            if is_lost and self._failed_starts < STARTS and not self._is_closed:
                self._start_one()
            elif not is_lost and not failure:
                self._ready.append(_Member(actor))
            self._changed.notify_all()


def answer(reference: Any) -> Any:  # noqa: ANN401 - as the method
    """What a call of an actor comes to.

    Raises:
        DuetError: The method raised it.
    """
    try:
        return ray.get(reference)
    except RayTaskError as error:
        if isinstance(error.cause, DuetError):
            raise error.cause from None
        raise
