"""What is indexed while the application runs, and the one way in and out."""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.conversations import Suggestions
from app.library.job import Job
from app.library.jobs import Jobs
from app.library.names import safe_path
from app.library.projection import Layout, Projection, project
from app.library.uploads import Uploads
from app.library.work import OpenRetriever, PathsWork, UploadWork
from embedder.errors import DuetError
from retriever import DocumentRecord

_SECONDS = 10.0  # a server's index may be filled by others while we look


class Library:
    """The documents of a running application.

    Args:
        open_retriever: Gives the model and the index.
        folder: Keeps uploaded files.
        suggestions: Are looked for anew when something has changed.

    Attributes:
        jobs: What is on its way.
        resumed: Of those jobs the ids of what former processes accepted, the oldest first.
    """

    def __init__(
        self, open_retriever: OpenRetriever, folder: Path, suggestions: Suggestions
    ) -> None:
        self.jobs = Jobs(lambda: suggestions.asked, self._changed)
        self.resumed: list[str] = []
        self._open = open_retriever
        self._uploads = Uploads(folder)
        self._suggestions = suggestions
        self._listed: tuple[float, list[DocumentRecord]] | None = None
        self._maps: dict[Layout, tuple[int, Projection | None]] = {}

    def documents(self) -> list[DocumentRecord]:
        """What is indexed, sorted by source; at most a few seconds old."""
        listed = self._listed
        if listed is None or time.monotonic() - listed[0] > _SECONDS:
            listed = (time.monotonic(), self._open().index.documents())
            self._listed = listed
        return listed[1]

    def found(self, text: str) -> list[DocumentRecord]:
        """The documents with all words of `text` in their path or title, sorted by source."""
        words = text.casefold().split()
        return [
            record
            for record in self.documents()
            if all(word in f"{record.source} {record.title}".casefold() for word in words)
        ]

    def projection(self, layout: Layout) -> Projection | None:
        """A map of the passages as they are now; None if there are too few."""
        state = hash(tuple((each.document_id, each.version) for each in self.documents()))
        known = self._maps.get(layout)
        if known is None or known[0] != state:
            known = self._maps[layout] = (state, project(self._open().index, layout))
        return known[1]

    def add_upload(self, name: str, parts: Iterable[bytes]) -> Job:
        """Take a file and have it indexed; a former one of its name stays until then.

        It is taken when this returns: a kill of the process does not lose it.

        Args:
            name: As the browser or the client tells it.
            parts: Its content.

        Raises:
            DuetError: It cannot be taken.
        """
        arrival = self._uploads.accept(Path(safe_path(name)), parts)
        return self.jobs.add(str(arrival.name), UploadWork(arrival, self._open, self._suggestions))

    def index_again(self, record: DocumentRecord) -> Job:
        """Have the index brought in line with a document's file as it is now."""
        return self.add_paths([Path(record.source)])

    def add_paths(
        self,
        paths: Sequence[Path],
        selection: Mapping[str, Any] | None = None,
        chunk_tokens: int | None = None,
    ) -> Job:
        """Have the index brought in line with files and folders of this machine.

        Args:
            paths: Files and folders.
            selection: What is read of the folders, fields of `ingest.Selection`; by default all.
            chunk_tokens: Longest passage; by default that of `ingest`.
        """
        name = paths[0].name if len(paths) == 1 else f"{len(paths):,} paths"
        from ingest import Selection

        options: dict[str, Any] = {"selection": Selection(**(selection or {}))}
        if chunk_tokens is not None:
            options["chunk_tokens"] = chunk_tokens
        work = PathsWork(paths, options, self._open, self._suggestions)
        return self.jobs.add(name, work)

    def resume(self) -> None:
        """Index what processes accepted that have ended; what failed is listed as such."""
        for arrival in self._uploads.left():
            work = UploadWork(arrival, self._open, self._suggestions)
            if arrival.failure:
                self.jobs.add_failed(str(arrival.name), work, arrival.failure)
            else:
                self.resumed.append(self.jobs.add(str(arrival.name), work).id)

    def is_upload(self, record: DocumentRecord) -> bool:
        """Whether a document was added by `add_upload`."""
        return Path(record.source).is_relative_to(self._uploads.folder.resolve())

    def remove(self, record: DocumentRecord) -> None:
        """Take a document out of the index, and delete its file if it was uploaded.

        Raises:
            DuetError: The index cannot be written, or the file cannot be deleted.
        """
        self._open().index.delete_documents([record.document_id])
        try:
            if self.is_upload(record):
                self._uploads.remove(Path(record.source))
        except OSError as error:
            msg = f"The file {record.source} cannot be deleted: {error.strerror or error}"
            raise DuetError(msg) from error
        finally:
            self._changed()

    def remove_paths(self, paths: Sequence[Path]) -> list[DocumentRecord]:
        """Take files, or all below folders, out of the index; no file is deleted.

        Raises:
            InputError: Nothing is indexed at one of them; nothing was removed.
        """
        from ingest.remove import remove

        try:
            return remove(paths, self._open().index)
        finally:
            self._changed()

    def close(self) -> None:
        """End what is on its way; it goes on with the next start."""
        self.jobs.close()
        self._uploads.close()

    def _changed(self) -> None:
        self._listed = None
        if not self.jobs.waiting:
            self._suggestions.look(self._open())
