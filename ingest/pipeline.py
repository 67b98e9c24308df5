"""The one way into the index: `ingest` brings it in line with files and folders."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from embedder.encoder import Encoder
from ingest.changes import Changes, Job, check_emptied
from ingest.chunk import CHUNK_TOKENS, MIN_CHUNK_TOKENS
from ingest.embedding_queue import EmbeddingQueue, Waiting
from ingest.errors import InputError
from ingest.prepare import moved_chunks
from ingest.reader import Reader
from ingest.report import Entry, Outcome, Report
from ingest.scan import File, Scan, scan
from ingest.selection import EVERYTHING, Selection
from ingest.stages import Here, Stages
from ingest.version import settings_suffix
from retriever import DocumentRecord, Index, document_id, index_folder
from retriever.errors import RetrieverError

CHANGES = (Outcome.INDEXED, Outcome.REPLACED, Outcome.MOVED, Outcome.REMOVED)
"""What becomes of a file when the index changes."""


def preview(
    found: Scan, records: Sequence[DocumentRecord], model: Encoder, chunk_tokens: int
) -> Report:
    """What `ingest` would do, as far as it can be told without reading what is new.

    Args:
        found: The files.
        records: Every document of the index.
        model: The encoder.
        chunk_tokens: As for `ingest`.
    """
    stages = Here(model, chunk_tokens)
    changes = Changes(found, records, settings_suffix(stages.limit))
    entries = [*found.entries, *changes.unchanged]
    with Reader(changes, stages) as reader:
        entries += [
            Entry(each.file.path, each.outcome) if isinstance(each, Job) else each
            for each in reader.identify(changes.open)
        ]
    entries += [Entry(record.source, Outcome.REMOVED) for record in changes.gone]
    return Report(
        entries=tuple(sorted(entries, key=lambda entry: entry.path)),
        embedded_chunks=0,
        embedded_tokens=0,
        seconds=0.0,
        is_preview=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is.

    Attributes:
        files: Files that are done.
        files_total: Files that there are to do something with.
        chunks: Chunks embedded.
        chunks_total: Chunks of the files that were read so far.
        tokens: Tokens embedded, without titles.
    """

    files: int = 0
    files_total: int = 0
    chunks: int = 0
    chunks_total: int = 0
    tokens: int = 0


class Stopped(Exception):  # noqa: N818 - no error: what `progress` raises to end a run
    """Whoever follows a run wants it to end."""


def ingest(
    paths: Sequence[Path],
    model: Encoder,
    index: Index,
    *,
    chunk_tokens: int = CHUNK_TOKENS,
    selection: Selection = EVERYTHING,
    progress: Callable[[Progress], None] | None = None,
) -> Report:
    """Bring an index in line with files and folders.

    New and changed files are parsed and embedded; files that did not change are not read; files
    that moved or are there twice take over the vectors; what the index has of a given folder and
    is not there any more is removed. Of a file that fails, the index keeps what it had; a file
    that is indexed and holds nothing to index any more counts as failed. Each document is written
    as a whole: after a kill at any moment the next run does the rest.

    Args:
        paths: Files and folders, at least one.
        model: The encoder; must be that of the index.
        index: Where the documents go.
        chunk_tokens: Longest passage in tokens, at least 16; where the encoder accepts less with a
            title, so much.
        selection: What is read of the folders; what is not, and was indexed before, stays.
        progress: Called whenever something is done, in this thread; may raise `Stopped`.

    Returns:
        What became of each file. Ctrl-C (KeyboardInterrupt) and `Stopped` end the run, which is
        told in `Report.interrupted`; what was written until then stays.

    Raises:
        InputError: A path does not exist, there are no files, or a folder was emptied; nothing was
            changed.
        EncoderMismatchError: The index was made by another encoder.
    """
    if chunk_tokens < MIN_CHUNK_TOKENS:
        msg = f"chunk_tokens is {chunk_tokens}, expected at least {MIN_CHUNK_TOKENS}"
        raise InputError(msg)
    stages = Here(model, chunk_tokens)
    return bring_in_line(paths, stages, index, selection=selection, progress=progress)


def bring_in_line(
    paths: Sequence[Path],
    stages: Stages,
    index: Index,
    *,
    selection: Selection = EVERYTHING,
    progress: Callable[[Progress], None] | None = None,
) -> Report:
    """`ingest`, with files read and passages embedded by whoever `stages` is.

    This process compares, decides, writes and reports, whoever does the rest.
    """
    started = time.monotonic()
    index.check_encoder(stages.encoder)
    run = _Run(stages, index, progress)
    try:
        run.do(paths, selection)
    except (KeyboardInterrupt, Stopped):
        run.interrupted = True
    return run.report(time.monotonic() - started)


class _Run:
    def __init__(
        self, stages: Stages, index: Index, progress: Callable[[Progress], None] | None
    ) -> None:
        self.interrupted = False
        self._index = index
        self._stages = stages
        self._queue = EmbeddingQueue(
            stages.embed,
            index,
            ahead=stages.batches_ahead,
            written=self._add_written,
            embedded=self._add_embedded,
        )
        self._tell = progress
        self._note = ""
        self._progress = Progress()
        self._known: set[str] = set()
        self._entries: dict[str, Entry] = {}

    def do(self, paths: Sequence[Path], selection: Selection) -> None:
        found = scan(paths, exclude=index_folder(self._index.address), selection=selection)
        records = self._index.documents()
        if not selection.may_empty:
            check_emptied(found, records)
        self._known = {record.source for record in records}
        changes = Changes(found, records, settings_suffix(self._stages.limit))
        for entry in (*found.entries, *changes.unchanged):
            self._add(entry)
        self._advance(files_total=len(changes.open))
        with Reader(changes, self._stages) as reader:
            self._bring_in(changes.open, reader)
        self._remove(changes.gone)
        if any(entry.outcome in CHANGES for entry in self._entries.values()):
            self._compact()

    def report(self, seconds: float) -> Report:
        return Report(
            entries=tuple(self._entries[path] for path in sorted(self._entries)),
            embedded_chunks=self._progress.chunks,
            embedded_tokens=self._progress.tokens,
            seconds=seconds,
            interrupted=self.interrupted,
            note="; ".join(filter(None, (self._note, self._stages.note))),
        )

    def _bring_in(self, files: Sequence[File], reader: Reader) -> None:
        moved: list[str] = []
        late: list[Job] = []
        for each in reader.read(files):
            if isinstance(each, Job):
                moved += [each.moved.document_id] if each.moved else []
                # What it is a copy of may still wait to be embedded.
                late += [] if self._copy(each) else [each]
            else:
                self._take(each)
        self._queue.flush()
        for job in late:
            # The other file may have failed, or was replaced in this run.
            if not self._copy(job):
                self._take(reader.read_after_all(job))
        self._queue.flush()
        self._index.delete_documents(moved)

    def _copy(self, job: Job) -> bool:
        """Take over the chunks and vectors of the document at `job.source`, if they are there."""
        chunks = self._index.chunks(document_id(job.source))
        if not chunks or chunks[0].version != job.version:
            return False
        vectors = self._index.vectors(document_id(job.source))
        self._index.replace_document(moved_chunks(chunks, job.file), vectors)
        what = "from" if job.outcome is Outcome.MOVED else "same content as"
        self._finish(Entry(job.file.path, job.outcome, f"{what} {job.source}", len(chunks)))
        return True

    def _take(self, read: Entry | Waiting) -> None:
        if isinstance(read, Entry):
            self._finish(read)
        else:
            chunks = len(read.prepared.chunks)
            self._advance(chunks_total=self._progress.chunks_total + chunks)
            self._queue.add(read)

    def _remove(self, gone: Sequence[DocumentRecord]) -> None:
        self._index.delete_documents([record.document_id for record in gone])
        for record in gone:
            self._entries[record.source] = Entry(record.source, Outcome.REMOVED)

    def _compact(self) -> None:
        try:
            self._index.compact_if_large()
        except RetrieverError as error:  # all is written, and found, only not as fast
            self._note = str(error)

    def _add_written(self, documents: Sequence[Waiting]) -> None:
        entries = [
            Entry(
                document.job.file.path,
                document.job.outcome,
                chunks=len(document.prepared.chunks),
                note="; ".join(document.notes),
            )
            for document in documents
        ]
        self._finish(*entries)

    def _add_embedded(self, chunks: int, tokens: int) -> None:
        self._advance(chunks=self._progress.chunks + chunks, tokens=self._progress.tokens + tokens)

    def _finish(self, *entries: Entry) -> None:
        for entry in entries:
            self._add(entry)
        self._advance(files=self._progress.files + len(entries))

    def _add(self, entry: Entry) -> None:
        """Into the report; what is indexed and is nothing to index any more has failed."""
        if entry.path in self._known and entry.outcome in (Outcome.SKIPPED, Outcome.FAILED):
            detail = f"{entry.detail}; the index keeps what it had of it"
            entry = Entry(entry.path, Outcome.FAILED, detail)
        self._entries[entry.path] = entry

    def _advance(self, **changes: int) -> None:
        self._progress = replace(self._progress, **changes)
        if self._tell:
            self._tell(self._progress)
