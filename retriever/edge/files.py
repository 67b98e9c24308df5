"""The files of an embedded index, apart from Qdrant Edge's own.

    lock                     held by the one process that has the index open
    owner.json               how to talk to that process, if it serves others (retriever.owner)
    pointer.json             which generation is published, and which one it replaced
    generations/<name>/
        manifest.json        the encoder, and how many chunks there are at least
        shard/               Qdrant Edge

A generation to which the pointer does not point was never published, or is no longer wanted.
"""

import json
import os
import re
import shutil
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self, get_type_hints

from embedder.encoder import EncoderId
from retriever.edge.lock import FolderLock
from retriever.errors import AddressError, IndexDamagedError, RetrieverError

REINDEX = "Re-index: python -m ingest FOLDER --rebuild"
BLOCK = 1 << 16  # bytes; a hole smaller than this is not worth a seek
ROOM = 128 << 20
"""Bytes that must be free. Edge maps files of 32 MB into memory, and where the disk has no room for
a page of one the system kills the process (SIGBUS) without a word. Opening an index and writing a
few documents took 24 MB; a document of 10,000 chunks of 1,024 dimensions takes about 100 MB."""
_GENERATION = re.compile(r"[0-9a-f]{32}")
_GENERATION_FILES = frozenset({"manifest.json", "manifest.json.draft", "shard"})
_OURS = ("lock", "pointer.json", "pointer.json.draft", "owner.json", "generations")


@dataclass(frozen=True, slots=True)
class Pointer:
    """Names of the published generation and of the one before; None where there is none yet."""

    current: str | None = None
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation must be.

    Attributes:
        encoder: The one that made the vectors.
        chunks: A lower bound, also if the process is killed at any instant: it is lowered before
            chunks are deleted and raised after chunks are flushed. Qdrant Edge cuts a torn log
            short without a word; then there are fewer.
        terms: `retriever.lexical.VERSION` of its sparse vectors; 0 for none.
        measured: What `Index.note` was told.
    """

    encoder: EncoderId
    chunks: int
    terms: int
    measured: Mapping[str, float] = field(default_factory=dict[str, float])

    def write(self, generation: Path) -> None:
        """Put the manifest into a generation's folder."""
        content = {
            **self.encoder.stored(),
            "chunks": self.chunks,
            "terms": self.terms,
            "measured": dict(self.measured),
        }
        write_atomically(generation / "manifest.json", json.dumps(content))

    @classmethod
    def read(cls, generation: Path) -> Self:
        """The manifest of a generation's folder.

        Raises:
            IndexDamagedError: It is missing or not a manifest.
        """
        types = {
            "fingerprint": str, "dimension": int, "chunks": int, "terms": int, "measured": dict
        }  # fmt: skip
        absent = {"terms": 0, "measured": {}}
        content = _read_json(generation / "manifest.json", types, REINDEX, absent=absent)
        chunks, terms, measured = (content.pop(name) for name in ("chunks", "terms", "measured"))
        figures = {name: value for name, value in measured.items() if isinstance(value, float)}
        return cls(EncoderId.from_stored(**content), chunks, terms, figures)


class GenerationFolder:
    """The folder of an embedded index, locked from construction to the last `close`.

    Leftovers of killed rebuilds and compactions are removed as soon as the lock is held.

    Raises:
        AddressError: There are other files in the folder, or it cannot be made.
        IndexLockedError: Somebody has it open.
        IndexDamagedError: The pointer is missing or torn.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pointer_file = path / "pointer.json"
        _check_usable(path)
        _close_to_others(path / "generations")
        self._lock = FolderLock(path / "lock")
        self._users = 1
        try:
            self.clean()
        except BaseException:
            self._lock.close()
            raise

    def generation(self, name: str) -> Path:
        """The folder of the generation `name`."""
        return self.path / "generations" / name

    def new_generation(self) -> Path:
        """An empty folder for a generation that is not published.

        The name is not used again: a compaction whose parent was killed may still be writing.
        """
        folder = self.generation(uuid.uuid4().hex)
        make_private(folder)
        return folder

    def publish(self, pointer: Pointer) -> None:
        """Point to other generations, in one step; `clean` removes what nothing points to."""
        write_atomically(self._pointer_file, json.dumps(asdict(pointer)))
        self.pointer = pointer

    def check_room(self) -> None:
        """Refuse what may fill the disk.

        Raises:
            RetrieverError: There is too little room.
        """
        free = shutil.disk_usage(self.path).free
        if free < ROOM:
            msg = (
                f"The disk of {self.path} has {free >> 20:,} MB left, the index needs "
                f"{ROOM >> 20:,} MB to work with. Make room, then do this again."
            )
            raise RetrieverError(msg)

    def share(self) -> None:
        """One more has to `close` it."""
        self._users += 1

    def close(self) -> None:
        """Release the lock if nobody else uses it."""
        self._users -= 1
        if not self._users:
            self._lock.close()

    def _read_pointer(self) -> Pointer:
        if not self._pointer_file.exists() and not (self.path / "generations").exists():
            write_atomically(self._pointer_file, json.dumps(asdict(Pointer())))
        # Without it nobody knows which generation counts: no rebuild may clean up here.
        advice = f"Move {self.path} away and ingest the documents again"
        return Pointer(**_read_json(self._pointer_file, get_type_hints(Pointer), advice))

    def clean(self) -> None:
        """Remove the generations that nothing points to, unless the pointer points to nothing.

        The pointer is read from the disk: a `publish` that was interrupted may have replaced it.
        """
        self.pointer = self._read_pointer()
        wanted = {self.pointer.current, self.pointer.previous}
        if self.pointer.current and not self.generation(self.pointer.current).is_dir():
            return  # one of the others may be the index
        for folder in self.path.glob("generations/*"):
            if folder.name not in wanted and _is_ours(folder):
                # What cannot be removed now, because an orphaned compaction is writing it, will
                # be when the index is opened next.
                shutil.rmtree(folder, ignore_errors=True)


def make_private(path: Path) -> None:
    """Make a folder, and what is missing above it, for this user alone."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)


def _close_to_others(path: Path) -> None:
    """Earlier versions made folders that every user of the machine could read."""
    if path.exists() and path.stat().st_mode & 0o077:
        with suppress(OSError):  # another user's folder, which we may write to
            path.chmod(0o700)


def _is_ours(folder: Path) -> bool:
    """Whether a folder is a generation, or the beginning of one: nothing else is ever removed."""
    if not _GENERATION.fullmatch(folder.name) or folder.is_symlink() or not folder.is_dir():
        return False
    return {entry.name for entry in folder.iterdir()} <= _GENERATION_FILES


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's text so that a kill or a power cut leaves the old text or the new.

    Raises:
        RetrieverError: The disk is full, or read-only.
    """
    draft = path.with_name(path.name + ".draft")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        msg = f"{path} cannot be written: {error}. Is the disk full, or read-only?"
        raise RetrieverError(msg) from error


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder; holes in its files stay holes (an empty shard looks like 100 MB)."""
    shutil.copytree(source, target, copy_function=_copy_sparse, dirs_exist_ok=True)


def _copy_sparse(source: str, target: str) -> None:
    empty = bytes(BLOCK)
    with Path(source).open("rb") as reader, Path(target).open("wb") as writer:
        while block := reader.read(BLOCK):
            if block == empty:
                writer.seek(BLOCK, os.SEEK_CUR)
            else:
                writer.write(block)
        writer.truncate()


def _read_json(
    path: Path, types: dict[str, Any], advice: str, *, absent: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The object in `path`; `absent` has the values of keys that earlier versions did not write."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        msg = f"{path} cannot be read: {error}. {advice}"
        raise IndexDamagedError(msg) from error
    if isinstance(value, dict):
        value = {**(absent or {}), **value}
    if not isinstance(value, dict) or set(value) != set(types):
        msg = f"{path} should have the keys {', '.join(types)}, but is: {value}. {advice}"
        raise IndexDamagedError(msg)
    for key, expected in types.items():
        if not isinstance(value[key], expected):
            msg = f"{path} is damaged: {key} is {value[key]!r}. {advice}"
            raise IndexDamagedError(msg)
    return value


def _check_usable(path: Path) -> None:
    """Never lock, clean or fill a folder that is something else, for example the documents."""
    try:
        make_private(path)
        entries = list(path.iterdir())
        generations = list(path.glob("generations/*"))
    except OSError as error:
        msg = f"The index cannot be kept in {path}: {error}. Give another folder."
        raise AddressError(msg) from error
    for entry in (*(entry for entry in entries if entry.name in _OURS), *generations):
        if entry.is_symlink():
            msg = (
                f"{entry} is a symbolic link, which no index of ours has in it, and it may lead "
                "to what is not to be changed. Take it away, or give another folder."
            )
            raise AddressError(msg)
    names = {entry.name for entry in entries}
    foreign = names - {"lock", "pointer.json.draft", "owner.json"}
    if foreign and not names & {"pointer.json", "generations"}:
        msg = (
            f"{path} is not an index: it has {', '.join(sorted(foreign)[:3])} in it. Give a folder "
            "that is empty or does not exist yet."
        )
        raise AddressError(msg)
