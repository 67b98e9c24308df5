"""Which process is about which upload: a folder each, locked as long as the process lives.

    .incoming/lock            is held while folders are made, and taken over
    .incoming/PROCESS/lock    is held by the process
    .incoming/PROCESS/JOB     is what it is about

The operating system releases a lock when its holder ends, however it ends. Several processes share
a folder of uploads where their index is on a server.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from io import IOBase
from pathlib import Path


class Incoming:
    """The folder of this process among those of others.

    Args:
        folder: Holds them all; is made with the first use.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own: tuple[Path, IOBase] | None = None

    def own(self) -> Path:
        """The folder of this process, which no other touches until `close`.

        Raises:
            OSError: It cannot be made.
        """
        if self._own is None:
            with self._alone():
                path = self._folder / secrets.token_hex(8)
                path.mkdir(mode=0o700)
                self._own = (path, _locked(path / "lock", fcntl.LOCK_EX))
        return self._own[0]

    def take_over(self) -> list[Path]:
        """Move here what processes left that have ended; returns it, sorted by name."""
        if not self._folder.is_dir():
            return []
        own, taken = self.own(), list[Path]()
        with self._alone():
            for other in self._folder.iterdir():
                if other.is_dir() and other != own:
                    taken += _take(other, own)
        return sorted(taken, key=lambda path: path.name)

    def close(self) -> None:
        """Let others take over what is here; the next use makes a new folder."""
        if self._own is not None:
            self._own[1].close()
            self._own = None

    @contextmanager
    def _alone(self) -> Generator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(self._folder / "lock", fcntl.LOCK_EX):
            yield


def _take(other: Path, own: Path) -> list[Path]:
    try:
        lock = _locked(other / "lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return []  # its process lives
    with lock:
        taken = [job.rename(own / job.name) for job in other.iterdir() if job.is_dir()]
        shutil.rmtree(other)
    return taken


def _locked(path: Path, how: int) -> IOBase:
    file = open(path, "ab", opener=_private)  # noqa: SIM115 - closing releases the lock
    try:
        fcntl.flock(file, how)
    except BaseException:
        file.close()
        raise
    return file


def _private(path: str, flags: int) -> int:
    """Open for this user alone, and nothing that a link leads to."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
