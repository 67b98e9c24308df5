"""What is there to do? Files compared with what the index has of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.errors import InputError, UnreadableError, UnsupportedError
from ingest.report import Entry, Outcome, printable
from ingest.scan import File, Scan
from ingest.sniff import Format, sniff
from ingest.version import content_hash
from retriever import DocumentRecord


@dataclass(frozen=True, slots=True)
class Job:
    """A file that the index does not have as it is.

    Attributes:
        file: The file.
        format: How it is parsed.
        version: Of its bytes as they were when the plan was made.
        known: What the index has of it so far.
        donor: A document of the index with the same content, whose vectors can be used again.
        moved: Whether the donor's file is gone: then its document goes, too.
    """

    file: File
    format: Format
    version: str
    known: DocumentRecord | None
    donor: DocumentRecord | None = None
    moved: bool = False


@dataclass(slots=True)
class Plan:
    """What to do, in this order.

    Attributes:
        entries: Files with which nothing is to be done, for the report.
        copies: Jobs with a donor; first, because a donor may be about to be replaced.
        parses: One job for each content that the index does not have.
        repeats: Jobs with the same content as the file of `parses` at the path beside them.
        gone: Documents whose files are gone and were not found elsewhere.
    """

    entries: list[Entry] = field(default_factory=list[Entry])
    copies: list[Job] = field(default_factory=list[Job])
    parses: list[Job] = field(default_factory=list[Job])
    repeats: list[tuple[Job, str]] = field(default_factory=list[tuple[Job, str]])
    gone: list[DocumentRecord] = field(default_factory=list[DocumentRecord])

    @property
    def jobs(self) -> int:
        """How many files there is something to do with."""
        return len(self.copies) + len(self.parses) + len(self.repeats)


def make_plan(scan: Scan, records: Sequence[DocumentRecord], suffix: str) -> Plan:
    """Compare files with the index.

    Args:
        scan: The files.
        records: Every document of the index.
        suffix: `version.settings_suffix` of the settings that the index is to have.
    """
    planner = _Planner(scan, records, suffix)
    for file in scan.files:
        planner.add(file)
    return planner.plan


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


class _Planner:
    def __init__(self, scan: Scan, records: Sequence[DocumentRecord], suffix: str) -> None:
        gone = [record for record in records if scan.is_gone(record.source)]
        self.plan = Plan(entries=list(scan.entries), gone=gone)
        self._suffix = suffix
        self._known = {record.source: record for record in records}
        self._gone = {record.version: record for record in gone if record.complete}
        self._donors = {record.version: record for record in records if record.complete}
        self._planned: dict[str, str] = {}

    def add(self, file: File) -> None:
        known = self._known.get(file.path)
        if known and self._has_same_stat(file, known):
            self._add_unchanged(known)
            return
        try:
            media_type, digest = _identify(file)
        except UnsupportedError as error:
            self.plan.entries.append(Entry(file.path, Outcome.SKIPPED, str(error)))
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
            self.plan.entries.append(Entry(file.path, Outcome.FAILED, reason))
        except UnreadableError as error:
            self.plan.entries.append(Entry(file.path, Outcome.FAILED, str(error)))
        else:
            self._compare(Job(file, media_type, digest + self._suffix, known))

    def _has_same_stat(self, file: File, known: DocumentRecord) -> bool:
        stored = (known.size, known.modified_ns)
        current = (file.size, file.modified_ns)
        return known.complete and stored == current and known.version.endswith(self._suffix)

    def _add_unchanged(self, known: DocumentRecord) -> None:
        self.plan.entries.append(Entry(known.source, Outcome.UNCHANGED, chunks=known.chunks))

    def _compare(self, job: Job) -> None:
        known, version = job.known, job.version
        if known and known.complete and known.version == version:
            self._add_unchanged(known)
        elif version in self._gone:
            donor = self._gone.pop(version)
            self.plan.gone.remove(donor)
            self.plan.copies.append(replace(job, donor=donor, moved=True))
        elif version in self._donors:
            self.plan.copies.append(replace(job, donor=self._donors[version]))
        elif version in self._planned:
            self.plan.repeats.append((job, self._planned[version]))
        else:
            self._planned[version] = job.file.path
            self.plan.parses.append(job)


def _identify(file: File) -> tuple[Format, str]:
    path = Path(file.path)
    data = path.read_bytes()
    media_type = sniff(data, path.suffix)
    return media_type, content_hash(media_type, data)
