"""The one way into the index: `ingest` brings it in line with files and folders."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from embedder.encoder import Encoder
from ingest.chunk import CHUNK_TOKENS, MIN_CHUNK_TOKENS
from ingest.embedding_queue import EmbeddingQueue, Waiting
from ingest.errors import InputError, NoTextError, UnreadableError
from ingest.plan import Job, Plan, check_emptied, make_plan
from ingest.prepare import Preparer, moved_chunks
from ingest.report import Entry, Outcome, Report
from ingest.scan import Scan, scan
from ingest.selection import EVERYTHING, Selection
from ingest.version import settings_suffix
from ingest.worker import ParserWorker
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
    limit = Preparer(model.count_tokens, model.max_tokens, chunk_tokens).limit
    plan = make_plan(found, records, settings_suffix(limit))
    entries = [*plan.entries, *(Entry(record.source, Outcome.REMOVED) for record in plan.gone)]
    for job in (*plan.copies, *plan.parses, *(job for job, _ in plan.repeats)):
        outcome = Outcome.REPLACED if job.known else Outcome.INDEXED
        entries.append(Entry(job.file.path, Outcome.MOVED if job.moved else outcome))
    return Report(
        entries=tuple(sorted(entries, key=lambda entry: entry.path)),
        embedded_chunks=0,
        embedded_tokens=0,
        seconds=0.0,
        note="A dry run: nothing was changed.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is.

    Attributes:
        files: Files that are done.
        files_total: Files that there are to do something with.
        chunks: Chunks embedded.
        tokens: Tokens embedded, without titles.
    """

    files: int = 0
    files_total: int = 0
    chunks: int = 0
    tokens: int = 0


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
        progress: Called whenever something is done, in this thread.

    Returns:
        What became of each file. Ctrl-C (KeyboardInterrupt) ends the run and is told in
        `Report.interrupted`; what was written until then stays.

    Raises:
        InputError: A path does not exist, there are no files, or a folder was emptied; nothing was
            changed.
        EncoderMismatchError: The index was made by another encoder.
    """
    started = time.monotonic()
    index.check_encoder(model.id)
    if chunk_tokens < MIN_CHUNK_TOKENS:
        msg = f"chunk_tokens is {chunk_tokens}, expected at least {MIN_CHUNK_TOKENS}"
        raise InputError(msg)
    run = _Run(model, index, chunk_tokens, progress)
    try:
        run.do(paths, selection)
    except KeyboardInterrupt:
        run.interrupted = True
    return run.report(time.monotonic() - started)


class _Run:
    def __init__(
        self,
        model: Encoder,
        index: Index,
        chunk_tokens: int,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.interrupted = False
        self._index = index
        self._preparer = Preparer(model.count_tokens, model.max_tokens, chunk_tokens)
        self._suffix = settings_suffix(self._preparer.limit)
        self._queue = EmbeddingQueue(
            model, index, written=self._add_written, embedded=self._add_embedded
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
        plan = make_plan(found, records, self._suffix)
        for entry in plan.entries:
            self._add(entry)
        self._advance(files_total=plan.jobs)
        with ParserWorker() as worker:
            self._copy_all(plan, worker)
            for job in plan.parses:
                self._parse(job, worker)
            self._queue.flush()
            for job, path in plan.repeats:
                self._copy(job, path, Outcome.INDEXED, worker)
            self._queue.flush()
        self._index.delete_documents([record.document_id for record in plan.gone])
        for record in plan.gone:
            self._entries[record.source] = Entry(record.source, Outcome.REMOVED)
        if any(entry.outcome in CHANGES for entry in self._entries.values()):
            self._compact()

    def report(self, seconds: float) -> Report:
        return Report(
            entries=tuple(self._entries[path] for path in sorted(self._entries)),
            embedded_chunks=self._progress.chunks,
            embedded_tokens=self._progress.tokens,
            seconds=seconds,
            interrupted=self.interrupted,
            note=self._note,
        )

    def _copy_all(self, plan: Plan, worker: ParserWorker) -> None:
        moved: list[str] = []
        for job in plan.copies:
            assert job.donor is not None
            if job.moved:
                moved.append(job.donor.document_id)
            outcome = Outcome.MOVED if job.moved else Outcome.INDEXED
            self._copy(job, job.donor.source, outcome, worker)
        # A document whose vectors could not be taken over is embedded first.
        self._queue.flush()
        self._index.delete_documents(moved)

    def _copy(self, job: Job, source: str, outcome: Outcome, worker: ParserWorker) -> None:
        """Take over the chunks and vectors of the document at `source`."""
        chunks = self._index.chunks(document_id(source))
        # It may have failed, or may have been replaced since the plan was made.
        if not chunks or chunks[0].version != job.version:
            self._parse(job, worker)
            return
        vectors = self._index.vectors(document_id(source))
        self._index.replace_document(moved_chunks(chunks, job.file), vectors)
        if job.known:
            outcome = Outcome.REPLACED
        what = "from" if outcome is Outcome.MOVED else "same content as"
        self._finish(Entry(job.file.path, outcome, f"{what} {source}", len(chunks)))

    def _parse(self, job: Job, worker: ParserWorker) -> None:
        try:
            document, digest = worker.parse(job.file.path, job.format)
        except NoTextError as error:
            self._finish(Entry(job.file.path, Outcome.SKIPPED, str(error)))
        except UnreadableError as error:
            self._finish(Entry(job.file.path, Outcome.FAILED, str(error)))
        else:
            # Not job.version: the file may have been written to since the plan was made.
            prepared = self._preparer.prepare(document, job.file, digest + self._suffix)
            self._queue.add(Waiting(job, prepared, document.notes))

    def _compact(self) -> None:
        try:
            self._index.compact_if_large()
        except RetrieverError as error:  # all is written, and found, only not as fast
            self._note = str(error)

    def _add_written(self, documents: Sequence[Waiting]) -> None:
        entries = [
            Entry(
                document.job.file.path,
                Outcome.REPLACED if document.job.known else Outcome.INDEXED,
                "; ".join(document.notes),
                len(document.prepared.chunks),
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
