"""Uploaded files: what was accepted is not lost, at whatever moment the process is killed.

    uploads/NAME                               is indexed
    uploads/.incoming/PROCESS/JOB/new/NAME     was accepted, and is to be indexed
    uploads/.incoming/PROCESS/JOB/former       what was at NAME before, until the new one is indexed
    uploads/.incoming/PROCESS/JOB/failed       why it could not be indexed; it may be tried again
    uploads/.incoming/PROCESS/JOB.part         is being received; of no use after a kill

A job's folder goes when all is done, or nobody wants it; each step before that can be done again.
"""

import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from app.library.incoming import Incoming
from embedder.errors import DuetError

MOST_BYTES = 512 << 20
"""Of one file: as many as `ingest` reads."""
MOST_RECEIVED_BYTES = 2 << 30
"""Of all files that are being received at one time."""
ROOM = 256 << 20
"""Bytes that are to stay free on the disk."""


class UploadError(DuetError):
    """A file cannot be taken; the text says why."""


class TooLongError(UploadError):
    """A file has more bytes than are taken."""


class Uploads:
    """The folder of uploaded files, and what is on its way there.

    Args:
        folder: Is made with the first file, for this user alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = Incoming(folder / ".incoming")
        self._lock = threading.Lock()
        self._received = 0

    def accept(self, name: Path, parts: Iterable[bytes]) -> "Arrival":
        """Receive a file whole, and keep it on the disk until it is indexed.

        Args:
            name: Relative to the folder; `names.safe_path`.
            parts: The file's content.

        Raises:
            TooLongError: It has more than `MOST_BYTES`.
            UploadError: Too much is being received, or the disk does not take it.
        """
        try:
            with self._lock:
                own = self._incoming.own()
        except OSError as error:
            raise self._refusal(error) from error
        job = own / f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        draft = job.with_suffix(".part")
        try:
            (draft / "new" / name).parent.mkdir(mode=0o700, parents=True)
            self.folder.chmod(0o700)
            self._check_room()
            self._write(draft / "new" / name, parts)
            draft.rename(job)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise self._refusal(error) from error
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        return Arrival(job, self.folder / name, name)

    def left(self) -> list["Arrival"]:
        """What processes accepted and did not index, and have ended, in the order of its coming."""
        found: list[Arrival] = []
        with self._lock:
            jobs = self._incoming.take_over()
        for job in jobs:
            new = next((path for path in (job / "new").rglob("*") if path.is_file()), None)
            if job.suffix == ".part" or new is None:
                shutil.rmtree(job, ignore_errors=True)
            else:
                name = new.relative_to(job / "new")
                found.append(Arrival(job, self.folder / name, name))
        return found

    def close(self) -> None:
        """Leave what is on its way to the next process; what is accepted later is of a new one."""
        with self._lock:
            self._incoming.close()

    def remove(self, path: Path) -> None:
        """Delete an uploaded file, and the folders that are empty then."""
        path.unlink(missing_ok=True)
        for parent in path.parents:
            if parent == self.folder.resolve() or any(parent.iterdir()):
                return
            parent.rmdir()

    def _refusal(self, error: OSError) -> UploadError:
        return UploadError(f"Cannot keep the file in {self.folder}: {error.strerror or error}")

    def _write(self, path: Path, parts: Iterable[bytes]) -> None:
        size = 0
        try:
            with path.open("xb") as file:
                for part in parts:
                    size += len(part)
                    self._count(len(part))
                    _check_size(size)
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
        finally:
            self._count(-size)

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < ROOM:
            msg = f"The disk of {self.folder} has {free >> 20:,} MB left, {ROOM >> 20} are wanted."
            raise UploadError(msg)

    def _count(self, size: int) -> None:
        """Bound what several callers send at once."""
        with self._lock:
            self._received += size
            if self._received > MOST_RECEIVED_BYTES:
                msg = "Too much is being uploaded at once. Try again in a moment."
                raise UploadError(msg)


class Arrival:
    """An accepted file on its way to its place.

    Args:
        job: Its folder.
        path: Where it is to lie.
        name: The same, relative to the uploads' folder.
    """

    def __init__(self, job: Path, path: Path, name: Path) -> None:
        self.path = path
        self.name = name
        self._job = job
        self._new = job / "new" / name
        self._former = job / "former"
        self._failed = job / "failed"

    @property
    def size(self) -> int:
        """Of the file, in bytes."""
        return self._new.stat().st_size if self._new.exists() else 0

    @property
    def failure(self) -> str:
        """Why it could not be indexed; empty where that was not tried to its end."""
        return self._failed.read_text(encoding="utf-8") if self._failed.exists() else ""

    def put(self) -> None:
        """Lay the file at its place; what was there is kept until `settle` or `take_back`."""
        self._failed.unlink(missing_ok=True)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.exists() and not self._is_put() and not self._former.exists():
            _same(self.path, self._former)
        draft = self._job / "draft"
        draft.unlink(missing_ok=True)
        _same(self._new, draft)
        draft.replace(self.path)

    def settle(self) -> None:
        """It is indexed: what was there before goes."""
        shutil.rmtree(self._job, ignore_errors=True)

    def take_back(self) -> bool:
        """Put back what was there before; whether there was anything. It can be put again."""
        had = self._former.exists()
        if had:
            self._former.replace(self.path)
        elif self._is_put():
            self.path.unlink()
        return had

    def fail(self, reason: str) -> None:
        """It cannot be indexed as it is: the next process is to tell so, and not to try it."""
        draft = self._job / "draft"
        draft.write_text(reason, encoding="utf-8")
        draft.replace(self._failed)

    def drop(self) -> None:
        """Nobody wants it any more."""
        shutil.rmtree(self._job, ignore_errors=True)

    def _is_put(self) -> bool:
        try:
            there, new = self.path.stat(), self._new.stat()
        except OSError:
            return False
        return (there.st_size, there.st_mtime_ns) == (new.st_size, new.st_mtime_ns)


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        msg = f"The file is too long: at most {MOST_BYTES >> 20:,} MB are taken."
        raise TooLongError(msg)


def _same(source: Path, target: Path) -> None:
    """Another name for a file; a copy with its time where the file system has no such thing."""
    try:
        target.hardlink_to(source)
    except OSError:
        draft = target.with_name(f"{target.name}.copy")
        shutil.copy2(source, draft)
        draft.replace(target)
