"""Which files are there? Each one is to be read, or has a reason why not."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.errors import InputError
from ingest.report import Entry, Outcome, printable
from ingest.selection import EVERYTHING, Rules, Selection

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


def scan(
    paths: Sequence[Path], *, exclude: Path | None = None, selection: Selection = EVERYTHING
) -> Scan:
    """List files and folders, without following symbolic links below them.

    Args:
        paths: Files and folders; a path that is itself a link means what it leads to.
        exclude: A folder that is left out (the index, should it lie among the documents).
        selection: What is read of the folders.

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
            walk = _Walk(resolved.as_posix(), excluded, selection, found)
            files.update((file.path, file) for file in walk.files())
        else:
            file = _file(resolved.as_posix(), resolved.lstat(), found)
            files.update({file.path: file} if file else {})
    found.files = [files[path] for path in sorted(files)]
    found.entries = _each_once(entry for entry in found.entries if entry.path not in files)
    if not found.files and not found.entries and not selection.may_empty:
        names = ", ".join(printable(str(path)) for path in paths)
        msg = (
            f"no files in {names}: nothing was indexed and nothing removed; with --yes, what is "
            "indexed of an emptied folder is taken out"
        )
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


@dataclass(frozen=True, slots=True)
class _Walk:
    """Through a given folder."""

    root: str
    excluded: str | None
    selection: Selection
    found: Scan

    def files(self) -> Iterator[File]:
        """Yields files to be read; what is not goes into `found`."""
        folders = [(self.root, Rules())]
        while folders:
            folder, rules = folders.pop()
            rules = rules.below(folder) if self.selection.gitignore else rules
            for entry in self._listed(folder):
                passed_over = self._passed_over(entry, rules)
                if passed_over:
                    self.found.entries.append(passed_over)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, rules))
                else:
                    file = _stat(entry, self.found)
                    if file:
                        yield file

    def _listed(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as listing:
                return sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self.found.unseen.append(folder)
            reason = f"folder cannot be listed: {error.strerror}"
            self.found.entries.append(_failed(folder, reason))
            return []

    def _passed_over(self, entry: os.DirEntry[str], rules: Rules) -> Entry | None:
        reason = self._why_skipped(entry)
        if reason:
            return Entry(entry.path, Outcome.SKIPPED, reason)
        is_folder = entry.is_dir(follow_symlinks=False)
        reason = self.selection.why_not(
            entry.path, root=self.root, is_folder=is_folder, rules=rules
        )
        return Entry(entry.path, Outcome.EXCLUDED, reason) if reason else None

    def _why_skipped(self, entry: os.DirEntry[str]) -> str:
        if entry.is_symlink():
            return _describe_link(entry.path, self.root)
        if entry.name.startswith("."):
            return f"hidden {'folder' if entry.is_dir(follow_symlinks=False) else 'file'}"
        if entry.name.startswith("~$"):
            return "lock file of an office program"
        if entry.path == self.excluded:
            return "the index itself"
        return ""


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
