"""One model and one index for a whole process: the only place that wires the packages together."""

import hashlib
import logging
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from app.access.keys import Keys
from app.answering import DEFAULT_POLICY, measure_gate
from app.conversations import Conversations, Database, Desk, Suggestions
from app.duet import Duet
from app.tickets import Tickets
from embedder.encoder import Encoder, LanguageModel
from embedder.errors import DuetError
from retriever import DEFAULT_ADDRESS, DocumentRecord, Retriever, index_folder

if TYPE_CHECKING:
    from ingest import Report

KEPT = frozenset({"indexed", "unchanged", "replaced", "moved"})
"""Outcomes of an upload that is in the index."""

_DOCUMENTS_SECONDS = 10.0  # a server's index may be filled by others while we look
_RETRY_SECONDS = 5.0  # between two attempts to open what could not be opened
_NAME_BYTES = 254  # file systems take 255; one is for the dot before the name of a former file
_LONGEST_SUFFIX = 20  # bytes

_logger = logging.getLogger(__name__)


class EmptyIndexError(DuetError):
    """There is nothing to search."""

    def __init__(self, address: str) -> None:
        option = "" if address == DEFAULT_ADDRESS else f" --index {address}"
        super().__init__(
            f"The index at {address} holds no documents. Fill it: python -m ingest FOLDER{option}"
        )


class Runtime:
    """Opens model and index with their first use and shares them between threads.

    Args:
        connect: Loads the model, opens the index.
        uploads: Folder that keeps uploaded files; conversations are kept beside it.
        keys: One of which callers of the API and visitors of the page must show, if there are any.

    Attributes:
        tickets: For links to what the page shows.
        conversations: Are kept beside the uploads.
        desk: Writes their answers.
        suggestions: Questions to begin with.
    """

    def __init__(
        self,
        connect: Callable[[], Retriever[LanguageModel]],
        *,
        uploads: Path,
        keys: Keys | None = None,
    ) -> None:
        self.keys = keys
        self.tickets = Tickets()
        self._database = Database(uploads.with_name("conversations.sqlite3"))
        self.conversations = Conversations(self._database)
        self.suggestions = Suggestions(self._database)
        self.desk = Desk(self.conversations, lambda: self.retriever, self.suggestions)
        self._connect = connect
        self._uploads = uploads
        self._lock = threading.Lock()
        self._ingesting = threading.Lock()
        self._retriever: Retriever[LanguageModel] | None = None
        self._problem: str | None = "The model and the index are being opened."
        self._opening: threading.Thread | None = None
        self._opened_last = -math.inf
        self._listed: tuple[float, list[DocumentRecord]] | None = None

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], *, model: str | None = None, index: str | None = None
    ) -> Self:
        """A runtime with the given model and index, else those of DUET_MODEL and DUET_INDEX.

        Raises:
            AddressError: The index's address is none.
        """
        source = model or environ.get("DUET_MODEL")
        address = index or environ.get("DUET_INDEX") or DEFAULT_ADDRESS
        api_key = environ.get("DUET_QDRANT_API_KEY") or None
        beside = index_folder(address) or Path(DEFAULT_ADDRESS).absolute()
        return cls(
            lambda: Duet.open(address, source, api_key=api_key).retriever,
            uploads=beside.with_name("uploads"),
            keys=Keys.of(key) if (key := environ.get("DUET_API_KEY")) else None,
        )

    @property
    def retriever(self) -> Retriever[LanguageModel]:
        """Model and index; the first call takes as long as loading them.

        Raises:
            DuetError: One of them cannot be opened; the next call tries again.
        """
        with self._lock:
            if self._retriever is None:
                try:
                    self._retriever = self._connect()
                except Exception as error:
                    self._problem = _reason(error)
                    raise
                self._problem = None
            return self._retriever

    @property
    def problem(self) -> str | None:
        """Why questions cannot be answered yet; None when they can."""
        return self._problem

    def warm_up(self) -> threading.Thread:
        """Open model and index in the background; how it went is in `problem`."""

        def open_both() -> None:
            try:
                measure_gate(self.retriever, DEFAULT_POLICY)
                self.suggestions.look(self.retriever)
            except DuetError as error:
                _logger.warning("Not ready: %s", error)  # the next use tries again
            except Exception:
                _logger.exception("The model or the index cannot be opened")

        self._opened_last = time.monotonic()
        self._opening = threading.Thread(target=open_both, name="duet-warm-up", daemon=True)
        self._opening.start()
        return self._opening

    def recover(self) -> None:
        """Try again to open what could not be: in the background, every few seconds at most."""
        opening = self._opening is not None and self._opening.is_alive()
        recent = time.monotonic() - self._opened_last < _RETRY_SECONDS
        if self._problem is not None and not opening and not recent:
            self.warm_up()

    def documents(self) -> list[DocumentRecord]:
        """What is indexed, sorted by source; at most a few seconds old."""
        listed = self._listed
        if listed is None or time.monotonic() - listed[0] > _DOCUMENTS_SECONDS:
            listed = (time.monotonic(), self.retriever.index.documents())
            self._listed = listed
        return listed[1]

    def add_upload(self, name: str, content: bytes) -> "Report":
        """Keep an uploaded file and bring it into the index.

        The same name replaces a former file, once the new one is in the index; until then, and
        if it does not get there, the former one stays.

        Raises:
            DuetError: The file cannot be kept, or the index cannot be written.
        """
        retriever = self.retriever
        path = self._uploads / safe_name(name)
        with self._ingesting, self.suggestions.paused():
            try:
                return _replace(path, content, retriever)
            except OSError as error:
                msg = f"Cannot keep the file in {self._uploads}: {error.strerror or error}"
                raise DuetError(msg) from error
            finally:
                self._listed = None
                self.suggestions.look(retriever)

    def is_upload(self, record: DocumentRecord) -> bool:
        """Whether a document was added by `add_upload`."""
        return Path(record.source).parent == self._uploads.resolve()

    def remove(self, record: DocumentRecord) -> None:
        """Take a document out of the index, and delete its file if it was uploaded.

        Raises:
            DuetError: The index cannot be written, or the file cannot be deleted.
        """
        with self._ingesting:
            self.retriever.index.delete_documents([record.document_id])
            self._listed = None
            if self.is_upload(record):
                try:
                    Path(record.source).unlink(missing_ok=True)
                except OSError as error:
                    msg = f"The file {record.source} cannot be deleted: {error.strerror or error}"
                    raise DuetError(msg) from error
        self.suggestions.look(self.retriever)

    def close(self) -> None:
        """Release the index and the conversations; what is opened later opens them again."""
        self.desk.close()
        self.suggestions.close()
        with self._lock:
            if self._retriever is not None:
                self._retriever.index.close()
                self._retriever = None
        self._database.close()


def safe_name(name: str) -> str:
    """A file name without folders, control characters or a leading dot, at most 254 bytes long.

    One that is cut ends in a hash, so that long names which begin alike stay apart.
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(c if c.isprintable() else "_" for c in last).strip(". ") or "upload"
    if len(plain.encode()) <= _NAME_BYTES:
        return plain
    suffix = Path(plain).suffix
    tail = "-" + hashlib.blake2b(plain.encode(), digest_size=4).hexdigest()
    tail += suffix if len(suffix.encode()) <= _LONGEST_SUFFIX else ""
    stem = Path(plain).stem.encode()[: _NAME_BYTES - len(tail.encode())]
    return stem.decode(errors="ignore") + tail


def _replace(path: Path, content: bytes, retriever: Retriever[Encoder]) -> "Report":
    """Write and index a file; the one that was there comes back if that does not go well."""
    from ingest import ingest

    former = path.with_name(f".{path.name}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        path.replace(former)
    kept = False
    try:
        path.write_bytes(content)
        report = ingest([path], retriever.model, retriever.index)
        kept = report.entries[0].outcome in KEPT
    finally:
        if kept:
            former.unlink(missing_ok=True)
        elif former.exists():
            former.replace(path)
        else:
            path.unlink(missing_ok=True)  # not a document: nothing will ever cite it
    if not kept and path.exists():  # a version without text has taken it out of the index
        ingest([path], retriever.model, retriever.index)
    return report


def _reason(error: Exception) -> str:
    """What callers are told; of a bug only its kind, the log has the rest."""
    if isinstance(error, DuetError):
        return str(error)
    return (
        f"The model or the index cannot be opened ({type(error).__name__}); see the server's log."
    )


_shared: Runtime | None = None


def share(runtime: Runtime) -> None:
    """Make `runtime` the one that the chat page of this process uses."""
    global _shared
    _shared = runtime


def shared() -> Runtime:
    """The runtime that the chat page uses: Streamlit runs the page without arguments."""
    if _shared is None:
        msg = "No runtime is shared. Start the page with: python -m app serve"
        raise DuetError(msg)
    return _shared
