"""Files are read by several workers, a few files ahead of whoever embeds them."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import LifoQueue
from typing import Self, TypeVar

from ingest.changes import Changes, Job
from ingest.embedding_queue import Waiting
from ingest.errors import UnreadableError, UnsupportedError
from ingest.report import Entry, Outcome
from ingest.scan import File
from ingest.stages import Stages
from ingest.worker import ParserWorker

_Result = TypeVar("_Result")

MAX_WORKERS = 8
_AHEAD = 2
"""Documents that lie ready, beyond those that are being read: what they take is bounded."""


class Reader:
    """Reads files, each once, in order; a context manager.

    What it yields is an `Entry` for the report where there is nothing to do, a `Job` whose vectors
    the index may have already, or a `Waiting` document that is to be embedded.

    Args:
        changes: Decides which files are parsed.
        stages: Parses and cuts them.
    """

    def __init__(self, changes: Changes, stages: Stages) -> None:
        self._changes = changes
        self._stages = stages
        count = min(os.cpu_count() or 1, MAX_WORKERS)
        self._workers = [ParserWorker() for _ in range(count)]
        # Last in, first out: as many workers are started as are ever busy at once.
        self._idle: LifoQueue[ParserWorker] = LifoQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._pool = ThreadPoolExecutor(count, "reader")
        self._turn = threading.Condition()
        self._next = 0

    def read(self, files: Iterable[File]) -> Iterator[Entry | Job | Waiting]:
        """Read files; call it once."""
        for begun in self._ahead(self._read, files):
            yield begun()

    def identify(self, files: Iterable[File]) -> Iterator[Entry | Job]:
        """Find out what there is to do, and parse nothing; call it once."""
        return self._ahead(self._identify, files)

    def read_after_all(self, job: Job) -> Entry | Waiting:
        """Read a file whose vectors could not be taken from another document."""
        worker = self._idle.get()
        try:
            return self._stages.read(job, worker)()
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """End the workers, whatever they do."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.close()
        self._pool.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _ahead(
        self, task: Callable[[int, File], _Result], files: Iterable[File]
    ) -> Iterator[_Result]:
        running: deque[Future[_Result]] = deque()
        for number, file in enumerate(files):
            running.append(self._pool.submit(task, number, file))
            if len(running) >= len(self._workers) + self._stages.files_elsewhere + _AHEAD:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()

    def _read(self, number: int, file: File) -> Callable[[], Entry | Job | Waiting]:
        worker = self._idle.get()
        try:
            decided = self._decide(worker, number, file)
            if isinstance(decided, Entry) or decided.source:
                return lambda: decided
            return self._stages.read(decided, worker)
        finally:
            self._idle.put(worker)

    def _identify(self, number: int, file: File) -> Entry | Job:
        worker = self._idle.get()
        try:
            return self._decide(worker, number, file)
        finally:
            self._idle.put(worker)

    def _decide(self, worker: ParserWorker, number: int, file: File) -> Entry | Job:
        """Decides in the order of the files, however long each takes to be identified."""
        decided: Entry | Job | None = None
        identity = None
        try:
            identity = worker.identify(file.path)
        except UnsupportedError as error:
            decided = Entry(file.path, Outcome.SKIPPED, str(error))
        except UnreadableError as error:
            decided = Entry(file.path, Outcome.FAILED, str(error))
        finally:  # also after a bug of ours: the others wait for their turn
            with self._turn:
                self._turn.wait_for(lambda: self._next == number)
                if identity:
                    decided = self._changes.decide(file, identity)
                self._next += 1
                self._turn.notify_all()
        assert decided is not None
        return decided
