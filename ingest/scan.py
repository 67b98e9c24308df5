"""Which files are there? Each one is to be read, or has a reason why not."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.errors import InputError
from ingest.report import Entry, Outcome, printable

MAX_FILE_BYTES = 512 * 2**20
"""The worker holds a whole file in memory."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to be read: absolute POSIX path, size in bytes, modification time in nanoseconds."""

    path: str
    size: int
    modified_ns: int


@dataclass(slots=True)
class Scan:
    """What lies below the given paths.

    Attributes:
        files: To be read, sorted, each once.
        entries: What is not read, with its reason.
        given: The given files and folders.
        folders: The given folders; what the index has of them and is not there any more is gone.
        unseen: Folders that could not be listed: nothing is known of what lies in them.
    """

    files: list[File] = field(default_factory=list[File])
    entries: list[Entry] = field(default_factory=list[Entry])
    given: list[str] = field(default_factory=list[str])
    folders: list[str] = field(default_factory=list[str])
    unseen: list[str] = field(default_factory=list[str])

    def covers(self, path: str) -> bool:
        """Whether a path was given, or lies in a given folder."""
        return path in self.given or _lies_in(path, self.folders)

    def is_gone(self, path: str) -> bool:
        """Whether a file that was indexed lies in a given folder and is not there any more."""
        if not _lies_in(path, self.folders) or _lies_in(path, self.unseen):
            return False
        return not os.path.lexists(path) or Path(path).is_dir()


def scan(paths: Sequence[Path], *, exclude: Path | None = None) -> Scan:
    """List files and folders, without following symbolic links below them.

    Args:
        paths: Files and folders; a path that is itself a link means what it leads to.
        exclude: A folder that is left out (the index, should it lie among the documents).

    Raises:
        InputError: A path does not exist, or there is no file at all.
    """
    found = Scan()
    excluded = None if exclude is None else exclude.resolve().as_posix()
    files: dict[str, File] = {}
    for path in paths:
        resolved = _resolve(path)
        found.given.append(resolved.as_posix())
        if resolved.is_dir():
            found.folders.append(resolved.as_posix())
            files.update((file.path, file) for file in _walk(resolved.as_posix(), excluded, found))
        else:
            file = _file(resolved.as_posix(), resolved.lstat(), found)
            files.update({file.path: file} if file else {})
    found.files = [files[path] for path in sorted(files)]
    found.entries = _each_once(entry for entry in found.entries if entry.path not in files)
    if not found.files and not found.entries:
        names = ", ".join(printable(str(path)) for path in paths)
        msg = f"no files in {names}: nothing was indexed and nothing removed"
        raise InputError(msg)
    return found


def _resolve(path: Path) -> Path:
    try:
        return path.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        # RuntimeError: nobody's home, or a loop of links (before Python 3.13)
        reason = error.strerror if isinstance(error, OSError) else str(error)
        msg = f"{printable(str(path))}: {reason}; nothing was indexed and nothing removed"
        raise InputError(msg) from error


def _walk(root: str, excluded: str | None, found: Scan) -> Iterator[File]:
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            found.unseen.append(folder)
            found.entries.append(_failed(folder, f"folder cannot be listed: {error.strerror}"))
            continue
        for entry in entries:
            reason = _why_skipped(entry, root, excluded)
            if reason:
                found.entries.append(Entry(entry.path, Outcome.SKIPPED, reason))
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            else:
                file = _stat(entry, found)
                if file:
                    yield file


def _why_skipped(entry: os.DirEntry[str], root: str, excluded: str | None) -> str:
    if entry.is_symlink():
        return _describe_link(entry.path, root)
    kind = "folder" if entry.is_dir(follow_symlinks=False) else "file"
    if entry.name.startswith("."):
        return f"hidden {kind}"
    if entry.name.startswith("~$"):
        return "lock file of an office program"
    return "the index itself" if entry.path == excluded else ""


def _describe_link(path: str, root: str) -> str:
    try:
        target = Path(path).resolve(strict=True)
    except (OSError, RuntimeError):
        return "symbolic link that leads nowhere"
    if _lies_in(f"{target.as_posix()}/", [root]):
        return "symbolic link to something that is read where it is"
    return f"symbolic link out of the folder: give {printable(str(target))} itself"


def _stat(entry: os.DirEntry[str], found: Scan) -> File | None:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:  # deleted since the folder was listed
        found.entries.append(_failed(entry.path, str(error.strerror)))
        return None
    return _file(entry.path, status, found)


def _file(path: str, status: os.stat_result, found: Scan) -> File | None:
    entry = None
    if not stat.S_ISREG(status.st_mode):
        entry = Entry(path, Outcome.SKIPPED, "not a regular file (pipe, socket or device)")
    elif not _is_unicode(path):
        # Neither JSON nor the index can hold such a name.
        entry = _failed(path, "the name is not valid UTF-8: rename the file")
    elif status.st_size == 0:
        entry = Entry(path, Outcome.SKIPPED, "empty file")
    elif status.st_size > MAX_FILE_BYTES:
        entry = _failed(path, f"{status.st_size:,} bytes, the limit is {MAX_FILE_BYTES:,}")
    if entry:
        found.entries.append(entry)
        return None
    return File(path, status.st_size, status.st_mtime_ns)


def _failed(path: str, reason: str) -> Entry:
    return Entry(path, Outcome.FAILED, reason)


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lies_in(path: str, folders: Iterable[str]) -> bool:
    return any(path.startswith(folder.rstrip("/") + "/") for folder in folders)


def _each_once(entries: Iterable[Entry]) -> list[Entry]:
    """Without what was met twice, because one given folder lies in another."""
    return list({entry.path: entry for entry in entries}.values())
