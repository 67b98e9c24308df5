"""What is there to do with a file? Stat and bytes against what the index has of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.errors import InputError
from ingest.report import Entry, Outcome, printable
from ingest.scan import File, Scan
from ingest.worker import Identity
from retriever import DocumentRecord


@dataclass(frozen=True, slots=True)
class Job:
    """A file that the index does not have as it is.

    Attributes:
        file: The file.
        identity: What it holds.
        version: Of its bytes, read with the settings that the index is to have.
        known: Whether the index has an earlier version of it.
        source: Path of a file with the same content, whose vectors can be used again: one that is
            indexed, or one that was met earlier in this run. Empty if there is none.
        moved: The document that goes when this one is there, because it is this one's former place.
    """

    file: File
    identity: Identity
    version: str
    known: bool
    source: str = ""
    moved: DocumentRecord | None = None

    @property
    def outcome(self) -> Outcome:
        """What becomes of the file if all goes well."""
        if self.known:
            return Outcome.REPLACED
        return Outcome.MOVED if self.moved else Outcome.INDEXED


class Changes:
    """Compares files with the index, one after the other.

    Args:
        scan: The files.
        records: Every document of the index.
        suffix: `version.settings_suffix` of the settings that the index is to have.

    Attributes:
        unchanged: Files that have the size and time of what is indexed: they are not read at all.
        open: The other ones, in order.
    """

    def __init__(self, scan: Scan, records: Sequence[DocumentRecord], suffix: str) -> None:
        self._suffix = suffix
        self._known = {record.source: record for record in records}
        self._sources = {record.version: record.source for record in records if record.complete}
        gone = [record for record in records if scan.is_gone(record.source)]
        self._gone = {record.source: record for record in gone}
        self._movable = {record.version: record for record in gone if record.complete}
        self.unchanged: list[Entry] = []
        self.open: list[File] = []
        for file in scan.files:
            known = self._known.get(file.path)
            if known and self._has_same_stat(file, known):
                self.unchanged.append(_unchanged(known))
            else:
                self.open.append(file)

    @property
    def gone(self) -> list[DocumentRecord]:
        """Documents whose files are gone and, so far, were not found elsewhere."""
        return list(self._gone.values())

    def decide(self, file: File, identity: Identity) -> Job | Entry:
        """What is to be done with an open file; an entry for the report if nothing is."""
        version = identity.content_hash + self._suffix
        known = self._known.get(file.path)
        if known and known.complete and known.version == version:
            return _unchanged(known)
        moved = self._movable.pop(version, None)
        if moved:
            del self._gone[moved.source]
        # The first file with this content is the one that the others are copied from.
        source = moved.source if moved else self._sources.setdefault(version, file.path)
        return Job(
            file,
            identity,
            version,
            known is not None,
            source if source != file.path else "",
            moved,
        )

    def _has_same_stat(self, file: File, known: DocumentRecord) -> bool:
        stored = (known.size, known.modified_ns)
        current = (file.size, file.modified_ns)
        return known.complete and stored == current and known.version.endswith(self._suffix)


def check_emptied(scan: Scan, records: Sequence[DocumentRecord]) -> None:
    """Refuse to take everything out that is indexed of a folder which has no files any more.

    Raises:
        InputError: There is such a folder; a drive that is not mounted looks like that.
    """
    seen = [file.path for file in scan.files] + [entry.path for entry in scan.entries]
    for folder in scan.folders:
        below = f"{folder.rstrip('/')}/"
        indexed = sum(record.source.startswith(below) for record in records)
        if indexed and not any(path.startswith(below) for path in seen):
            msg = (
                f"{printable(folder)} has no files any more, and {indexed:,} of its documents are "
                "indexed: is a drive missing? Nothing was changed; with --yes they are taken out"
            )
            raise InputError(msg)


def _unchanged(known: DocumentRecord) -> Entry:
    return Entry(known.source, Outcome.UNCHANGED, chunks=known.chunks)
