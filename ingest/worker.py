"""Parsing in a process of its own: bounded in time and memory, replaced when it dies.

PDFium and libxml2 can crash, and a hostile file can make any parser run for hours or fill the
memory. A crash, a timeout or a full memory fails the one file.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

from embedder.errors import DuetError
from ingest.document import Document
from ingest.errors import UnreadableError
from ingest.sniff import Format

MAX_SECONDS = 120.0
"""For one file. The slowest of 145 real and hostile files takes 1.1 s."""
MAX_MEMORY_BYTES = 4 * 2**30
"""Address space, of which the interpreter and its libraries take 0.3 GB."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the worker is to read, and what it may take for it; without a format, to identify.

    With `data` it reads these bytes instead of the file.
    """

    path: str
    format: Format | None
    seconds: float
    memory_bytes: int
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file holds: its format, and `version.content_hash` of its bytes."""

    format: Format
    content_hash: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document, and `version.content_hash` of exactly the bytes that it was made of."""

    document: Document
    content_hash: str


Answer: TypeAlias = Identity | Parsed | DuetError
"""What comes back; an error is raised where the file was asked for."""


class ParserWorker:
    """A worker process that parses one file after the other; a context manager.

    One thread asks; any may close. It is started with the first file. (Not `multiprocessing`: its
    children import the main module anew, and under Streamlit that is the user's script.)

    Args:
        seconds: A file may take so long.
        memory_bytes: The process may take so much address space (not on Windows).
    """

    def __init__(self, seconds: float = MAX_SECONDS, memory_bytes: int = MAX_MEMORY_BYTES) -> None:
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._is_closed = False

    def identify(self, path: str) -> Identity:
        """Find out what a file is. `parse`, if it comes next, does not read it again.

        Raises:
            UnsupportedError: It is nothing that is read.
            UnreadableError: It cannot be read, or is not what its name says.
        """
        answer = self._ask(Request(path, None, self._seconds, self._memory_bytes))
        assert isinstance(answer, Identity)
        return answer

    def parse(
        self, path: str, media_type: Format, data: bytes | None = None
    ) -> tuple[Document, str]:
        """Parse a file, or its bytes where they are given.

        Returns:
            The document, and `version.content_hash` of exactly the bytes that it was made of.

        Raises:
            UnreadableError: The file is damaged, too large, or took the worker down.
            NoTextError: The file holds no text.
        """
        answer = self._ask(Request(path, media_type, self._seconds, self._memory_bytes, data))
        assert isinstance(answer, Parsed)
        return answer.document, answer.content_hash

    def close(self) -> None:
        """End the process, if it runs, and start no other: what is asked from now on fails."""
        with self._lock:
            self._is_closed = True
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _ask(self, request: Request) -> Identity | Parsed:
        former = self._process
        if former is not None and former.poll() is not None:
            self._end()  # it died while it had nothing to do
        process = self._started()
        timed_out = threading.Event()

        def end() -> None:
            timed_out.set()
            process.kill()

        timer = threading.Timer(self._seconds, end)
        timer.daemon = (
            True  # Ctrl-C may come before it can be cancelled, and the exit waits for others
        )
        try:
            timer.start()
            answer = _exchange(process, request)
            if answer is None:
                reason = self._why_it_died(process, timed_out=timed_out.is_set())
                answer = UnreadableError(reason)
        except BaseException:  # Ctrl-C in the middle of an answer: the rest of it must not be read
            self._end()
            raise
        finally:
            timer.cancel()
        if process.poll() is not None or timed_out.is_set():
            self._end()
        if isinstance(answer, DuetError):
            raise answer
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        # Else one that is started beside `close` would be nobody's, and run on.
        with self._lock:
            if self._is_closed:
                msg = "was not read: reading was ended before"
                raise UnreadableError(msg)
            self._process = self._process or _start()
            return self._process

    def _end(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()  # also closes the pipes

    def _why_it_died(self, process: subprocess.Popen[bytes], *, timed_out: bool) -> str:
        status = process.wait()
        if timed_out:
            return f"took longer than {self._seconds:g} s"
        cause = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return f"crashed the parser ({cause})"


def _start() -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[1])
    search_path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-m", "ingest.parsers"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": search_path},
        process_group=0,  # the parent decides what the terminal's Ctrl-C means
    )


def _exchange(process: subprocess.Popen[bytes], request: Request) -> Answer | None:
    """Sends a request; returns its answer, or None if the process ended instead."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        pickle.dump(request, process.stdin)
        process.stdin.flush()
        return pickle.load(process.stdout)
    except (EOFError, BrokenPipeError, pickle.UnpicklingError):
        return None
