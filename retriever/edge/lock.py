"""One owner a folder: a lock that the operating system holds and the owner's death releases."""

import fcntl
import os
import socket
from pathlib import Path

from retriever.errors import AddressError, IndexLockedError


class FolderLock:
    """The lock file `path`, held from construction to `close`.

    The file says who holds it. It is never deleted: a process that waits on a deleted file would
    not exclude one that makes a new file of the same name.

    Raises:
        IndexLockedError: It is held already, by another process or elsewhere in this one.
        AddressError: It cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = open(path, "a+", encoding="utf-8", opener=_private)  # noqa: SIM115
        except OSError as error:
            msg = f"{path} cannot be opened: {error}. May this user write there?"
            raise AddressError(msg) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            raise IndexLockedError(_refusal(path.parent, holder)) from None
        self._file.truncate(0)
        self._file.write(_me())
        self._file.flush()

    def close(self) -> None:
        """Release the lock; a second call does nothing."""
        self._file.close()


def _private(path: str, flags: int) -> int:
    """Open for this user alone, and nothing that a link leads to."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _me() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _refusal(folder: Path, holder: str) -> str:
    if holder == _me():
        return f"This process ({holder}) has the index in {folder} open already; close it first."
    return (
        f"The index in {folder} is in use by {holder or 'another process'}. Stop that program, or "
        "talk to it: if it is the app, add documents on its page. For several programs at once "
        "use a Qdrant server."
    )
