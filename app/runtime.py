"""One model and one index for a whole process: the only place that wires the packages together."""

import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from app.words import content_words
from embedder.errors import DuetError
from retriever import DocumentRecord, Retriever

if TYPE_CHECKING:
    from ingest import Report

DEFAULT_INDEX = ".duet/index"
_DOCUMENTS_SECONDS = 10.0  # a server's index may be filled by others while we look
_EXAMPLES = 3


class EmptyIndexError(DuetError):
    """There is nothing to search."""

    def __init__(self, address: str) -> None:
        option = "" if address == DEFAULT_INDEX else f" --index {address}"
        super().__init__(
            f"The index at {address} holds no documents. Fill it: python -m ingest FOLDER{option}"
        )


class Runtime:
    """Opens model and index with their first use and shares them between threads.

    Args:
        connect: Loads the model, opens the index.
        uploads: Folder that keeps uploaded files.
        access_key: What callers of the API and visitors of the page must show, if anything.
    """

    def __init__(
        self, connect: Callable[[], Retriever], *, uploads: Path, access_key: str | None = None
    ) -> None:
        self.access_key = access_key
        self._connect = connect
        self._uploads = uploads
        self._lock = threading.Lock()
        self._ingesting = threading.Lock()
        self._retriever: Retriever | None = None
        self._problem: str | None = "The model and the index are being opened."
        self._listed: tuple[float, list[DocumentRecord]] | None = None

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], *, model: str | None = None, index: str | None = None
    ) -> Self:
        """A runtime with the given model and index, else those of DUET_MODEL and DUET_INDEX."""
        source = model or environ.get("DUET_MODEL")
        address = index or environ.get("DUET_INDEX") or DEFAULT_INDEX
        api_key = environ.get("DUET_QDRANT_API_KEY")
        beside = Path(DEFAULT_INDEX if is_server(address) else address).expanduser().absolute()
        return cls(
            lambda: _connect(source, address, api_key),
            uploads=beside.with_name("uploads"),
            access_key=environ.get("DUET_API_KEY") or None,
        )

    @property
    def retriever(self) -> Retriever:
        """Model and index; the first call takes as long as loading them.

        Raises:
            DuetError: One of them cannot be opened; the next call tries again.
        """
        with self._lock:
            if self._retriever is None:
                try:
                    self._retriever = self._connect()
                except DuetError as error:
                    self._problem = str(error)
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
                _ = self.retriever
            except DuetError:
                return  # `problem` has it, and the next use tries again

        thread = threading.Thread(target=open_both, name="duet-warm-up", daemon=True)
        thread.start()
        return thread

    def documents(self) -> list[DocumentRecord]:
        """What is indexed, sorted by source; at most a few seconds old."""
        listed = self._listed
        if listed is None or time.monotonic() - listed[0] > _DOCUMENTS_SECONDS:
            listed = (time.monotonic(), self.retriever.index.documents())
            self._listed = listed
        return listed[1]

    def example_questions(self) -> list[str]:
        """A few questions that the documents answer, made from their headings."""
        questions: list[str] = []
        for record in self.documents()[:_EXAMPLES]:
            chunks = self.retriever.index.chunks(record.document_id)
            headings = (heading for chunk in chunks for heading in chunk.headings[-1:])
            telling = (h for h in headings if len(h) <= 60 and len(content_words(h)) >= 2)
            questions += [f"What do the documents say about {h}?" for h in list(telling)[:1]]
        return questions

    def add_upload(self, name: str, content: bytes) -> "Report":
        """Keep an uploaded file and bring it into the index; the same name replaces a former one.

        Raises:
            DuetError: The index cannot be written.
        """
        from ingest import ingest

        with self._ingesting:
            self._uploads.mkdir(parents=True, exist_ok=True)
            path = self._uploads / safe_name(name)
            path.write_bytes(content)
            report = ingest([path], self.retriever.model, self.retriever.index)
            self._listed = None
            if path.resolve().as_posix() not in {record.source for record in self.documents()}:
                path.unlink()  # not a document: nothing will ever cite it
            return report

    def close(self) -> None:
        """Release the index; what is opened later opens it again."""
        with self._lock:
            if self._retriever is not None:
                self._retriever.index.close()
                self._retriever = None


def is_server(address: str) -> bool:
    """Whether an index address names a Qdrant server, not a folder."""
    return address.startswith(("http://", "https://"))


def safe_name(name: str) -> str:
    """A file name without folders, control characters or a leading dot, at most 100 long."""
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(c if c.isprintable() else "_" for c in last).strip(". ") or "upload"
    path = Path(plain)
    return path.stem[:80] + path.suffix[:20]


def _connect(source: str | None, address: str, api_key: str | None) -> Retriever:
    from embedder import BUNDLED_MODEL, LLM2VecGen
    from retriever import open_index

    model = LLM2VecGen.from_pretrained(source or BUNDLED_MODEL)
    index = open_index(
        address, fingerprint=model.fingerprint, dimension=model.dimension, api_key=api_key
    )
    return Retriever(model, index)


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
