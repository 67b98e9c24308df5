"""The SQLite file of conversations: where it lies, who may read it, and its tables."""

import os
import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from embedder.errors import DuetError

_VERSION = 1
_WAIT = 10.0  # seconds for another process that is writing

_SCHEMA = f"""
CREATE TABLE conversation (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    changed REAL NOT NULL            -- seconds since 1970
);
CREATE TABLE turn (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE,
    question TEXT NOT NULL,
    sources TEXT NOT NULL,           -- JSON: paths
    asked REAL NOT NULL,
    answer TEXT,                     -- JSON: app.answering.Answer
    problem TEXT NOT NULL DEFAULT '',
    words TEXT NOT NULL,             -- of question and answer, case-folded, to be searched
    helpful INTEGER,
    remark TEXT NOT NULL DEFAULT ''
);
CREATE INDEX turn_conversation ON turn (conversation);
CREATE TABLE suggestion (
    question TEXT PRIMARY KEY,
    state TEXT NOT NULL,             -- of the index that it was asked in
    good INTEGER NOT NULL
);
PRAGMA user_version = {_VERSION};
"""


class StorageError(DuetError):
    """Conversations cannot be read or written; the text names the file."""


class Database:
    """One connection for all threads of the process, opened with its first use.

    The file may be read by its owner alone, and so may its folder where that is made here.

    Args:
        path: Of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """Everything in the block is written, or, if it raises, nothing.

        Raises:
            StorageError: The file cannot be opened, read or written.
        """
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._opened()
                with self._connection as connection:
                    yield connection
            except (sqlite3.Error, OSError) as error:
                reason = (isinstance(error, OSError) and error.strerror) or error
                msg = (
                    f"Conversations cannot be kept in {self.path}: {reason}. Look at the disk and "
                    "the rights of this file and its folder; move the file away to begin anew."
                )
                raise StorageError(msg) from error

    def close(self) -> None:
        """Let go of the file; what comes later opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        self.path.chmod(0o600)  # SQLite gives the files beside it the same rights
        connection = sqlite3.connect(self.path, timeout=_WAIT, check_same_thread=False)
        try:
            connection.executescript(
                "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON"
            )
            connection.create_function("fold", 1, str.casefold, deterministic=True)
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")  # of two processes one makes the tables
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            msg = (
                f"{self.path} was written by a later version of Duet (format {version}, this one "
                f"reads {_VERSION}). Update Duet, or move the file away."
            )
            raise StorageError(msg)
        if version == 0:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
        connection.commit()
