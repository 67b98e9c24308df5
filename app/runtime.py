"""One model and one index for a whole process: the only place that wires the packages together."""

import logging
import math
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from app.access.keys import Keys
from app.answering import DEFAULT_POLICY, measure_gate
from app.conversations import Conversations, Database, Desk, Suggestions
from app.duet import Duet
from app.generation import GenerationServer
from app.library import Library
from app.settings import Settings
from app.tickets import Tickets
from app.turnstile import Turnstile
from embedder.encoder import LanguageModel
from embedder.errors import DuetError
from retriever import DEFAULT_ADDRESS, Retriever, index_folder
from retriever.address import masked
from retriever.owner import Owner, announce, withdraw

OPENING = "The model and the index are being opened."
"""What is told until they are, or cannot be."""

_RETRY_SECONDS = 5.0  # between two attempts to open what could not be opened

_logger = logging.getLogger(__name__)


class EmptyIndexError(DuetError):
    """There is nothing to search."""

    def __init__(self, address: str) -> None:
        shown = masked(address)
        option = "" if address == DEFAULT_ADDRESS else f" --index {shown}"
        super().__init__(
            f"The index at {shown} holds no documents. Fill it: python -m ingest FOLDER{option}"
        )


class Runtime:
    """Opens model and index with their first use and shares them between threads.

    Args:
        connect: Loads the model, opens the index.
        uploads: Folder that keeps uploaded files; conversations are kept beside it.
        keys: One of which callers of the API and visitors of the page must show, if there are any.
        settings: Where model and index come from, to be shown.

    Attributes:
        token: Lets in other programs of the same user, who may read the index's folder anyway.
        tickets: For links to what the page shows.
        library: The documents, and what is on its way in.
        turnstile: All answers pass it.
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
        settings: Settings | None = None,
    ) -> None:
        self.keys = keys
        self.settings = settings or Settings.of({})
        self.token = secrets.token_urlsafe(32)
        self.tickets = Tickets()
        self._database = Database(uploads.with_name("conversations.sqlite3"))
        self.conversations = Conversations(self._database)
        self.suggestions = Suggestions(self._database)
        self.turnstile = Turnstile()
        self.desk = Desk(
            self.conversations, lambda: self.retriever, self.suggestions, self.turnstile
        )
        self.library = Library(lambda: self.retriever, uploads, self.suggestions)
        self._connect = connect
        self._url = ""
        self._lock = threading.Lock()
        self._retriever: Retriever[LanguageModel] | None = None
        self._problem: str | None = OPENING
        self._opening: threading.Thread | None = None
        self._opened_last = -math.inf

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """A runtime with the model, the index and the server that writes that are set.

        Raises:
            DuetError: The address of one of them is none.
        """
        server = _server(settings)
        address, source = settings.index.value, settings.model.value or None
        api_key = settings.qdrant_key.value or None
        beside = index_folder(address) or Path(DEFAULT_ADDRESS).absolute()
        return cls(
            lambda: Duet.open(address, source, api_key=api_key, server=server).retriever,
            uploads=beside.with_name("uploads"),
            keys=Keys.of(settings.keys.value) if settings.keys.value else None,
            settings=settings,
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
                if self._url:
                    announce(self._retriever.index.address, Owner(self._url, self.token))
            return self._retriever

    @property
    def problem(self) -> str | None:
        """Why questions cannot be answered yet; None when they can."""
        return self._problem

    def warm_up(self) -> threading.Thread:
        """Open model and index in the background; how it went is in `problem`."""

        def open_both() -> None:
            try:
                retriever = self.retriever
                self.library.resume()
                measure_gate(retriever, DEFAULT_POLICY)
                self.suggestions.look(retriever)
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

    def serve_at(self, url: str) -> None:
        """Tell other programs of this user, once the index is open, that it is served at `url`."""
        self._url = url

    def close(self) -> None:
        """Release the index and the conversations; what is opened later opens them again."""
        self.desk.close()
        self.library.close()
        self.suggestions.close()
        with self._lock:
            if self._retriever is not None:
                if self._url:
                    withdraw(self._retriever.index.address)
                self._retriever.index.close()
                self._retriever = None
        self._database.close()


def _server(settings: Settings) -> GenerationServer | None:
    """Where answers are written, if not here.

    Raises:
        DuetError: The URL is none, or is missing where a model of a server is named.
    """
    url, name = settings.generation_url.value, settings.generation_model
    if url:
        return GenerationServer(url, name.value, settings.generation_key.value)
    if name.value:
        msg = (
            f"{name.origin} names a model {name.value!r} of a server, but no server is named: set "
            "DUET_GENERATION_URL to its address, too."
        )
        raise DuetError(msg)
    return None


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
