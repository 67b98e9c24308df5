"""Questions that the documents were seen to answer: asked while nobody else asks."""

import hashlib
import logging
import math
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from app.answering import Answer, drain, stream_answer
from app.conversations.database import Database
from app.conversations.questions import Candidate, questions
from app.generation import local
from embedder.encoder import LanguageModel
from embedder.errors import DuetError
from retriever import DocumentRecord, Retriever

_MAKING = "from statements"  # how questions are made; those that were made otherwise are forgotten
_ENOUGH = 3
_MOST_TRIED = 12  # each takes seconds of the model
_MOST_DOCUMENTS = 40  # that are looked at
_MOMENT = 0.5  # seconds
_QUIET = 5.0  # seconds after somebody used the model
_LOOK = 0.2  # seconds between two looks at whether it is free

_logger = logging.getLogger(__name__)


class Suggestions:
    """Tries questions in a thread of its own, and keeps those with a good answer.

    Args:
        database: Keeps them, with the state of the index that they were asked in.
        quiet: Seconds for which nobody must have used the model.
    """

    def __init__(self, database: Database, *, quiet: float = _QUIET) -> None:
        self._database = database
        self._quiet = quiet
        self._lock = threading.Lock()
        self.trying = threading.Lock()  # held by a search while it uses the model
        self._users = 0
        self._persons = 0
        self._asked = -math.inf
        self._used = time.monotonic()
        self._search: _Search | None = None

    @contextmanager
    def paused(self, *, by_person: bool = True) -> Generator[None]:
        """Somebody uses the model in the block: what is being tried is left, for later.

        It is waited for: two at work at once take far longer than one after the other.

        Args:
            by_person: Whether a person waits for what comes of it.
        """
        with self._lock:
            self._users += 1
            self._persons += by_person
        try:
            with self.trying:
                pass
            yield
        finally:
            with self._lock:
                self._users -= 1
                self._persons -= by_person
                self._used = time.monotonic()
                if by_person:
                    self._asked = self._used

    @property
    def free(self) -> bool:
        """Whether nobody uses the model, or has just done so."""
        return not self._users and time.monotonic() - self._used >= self._quiet

    @property
    def asked(self) -> bool:
        """Whether a person waits for the model, or did a moment ago and may again."""
        return bool(self._persons) or time.monotonic() - self._asked < _MOMENT

    def ready(self, documents: Sequence[DocumentRecord]) -> list[str]:
        """Those with a good answer in these documents as they are now; a few at most."""
        with self._database.transaction() as database:
            rows = database.execute(
                "SELECT question FROM suggestion WHERE state = ? AND good LIMIT ?",
                (_state(documents), _ENOUGH),
            ).fetchall()
        return [question for (question,) in rows]

    @property
    def looking(self) -> bool:
        """Whether questions are being tried."""
        return self._search is not None and self._search.is_alive()

    def look(self, retriever: Retriever[LanguageModel]) -> None:
        """Try questions in the background, from now on in the index as it is now.

        Nobody has asked them: so nothing of the documents goes to a server for their sake.
        """
        here = Retriever(local(retriever.model), retriever.index)
        with self._lock:
            if self._search is not None:
                self._search.over.set()
            self._search = _Search(self, self._database, here)
            self._search.start()

    def close(self) -> None:
        """Try no more; returns when the model and the index are let go."""
        with self._lock:
            search = self._search
        if search is not None:
            search.over.set()
            search.join()


class _Search(threading.Thread):
    """One search; it is a stop signal for the answers that it tries.

    Attributes:
        over: Set it to end the search.
    """

    def __init__(
        self, owner: Suggestions, database: Database, retriever: Retriever[LanguageModel]
    ) -> None:
        super().__init__(name="duet-suggest", daemon=True)
        self.over = threading.Event()
        self._owner = owner
        self._database = database
        self._retriever = retriever

    def run(self) -> None:
        try:
            self._try_all()
        except DuetError as error:
            _logger.info("No more questions are tried: %s", error)
        except Exception:
            _logger.exception("No more questions are tried")

    def is_set(self) -> bool:
        """Whether to leave the answer."""
        return self.over.is_set() or not self._owner.free

    def _try_all(self) -> None:
        documents = self._retriever.index.documents()
        state = _state(documents)
        tried = self._tried(state)
        for candidate in questions(documents[:_MOST_DOCUMENTS], self._retriever.index):
            if sum(tried.values()) >= _ENOUGH or len(tried) >= _MOST_TRIED:
                return
            if candidate.question not in tried:
                good = self._try(candidate)
                if good is None:
                    return
                self._keep(candidate.question, state, good=good)
                tried[candidate.question] = good

    def _try(self, candidate: Candidate) -> bool | None:
        """Whether the question is answered by its statement; None if the search is over."""
        while True:
            while not self._owner.free:
                if self.over.wait(_LOOK):
                    return None
            with self._owner.trying:
                answer = drain(stream_answer(candidate.question, self._retriever, stop=self))
            if self.over.is_set():
                return None
            if answer.kind != "stopped":
                return _is_good(answer, candidate)

    def _tried(self, state: str) -> dict[str, bool]:
        with self._database.transaction() as database:
            database.execute("DELETE FROM suggestion WHERE state != ?", (state,))
            rows = database.execute("SELECT question, good FROM suggestion").fetchall()
        return {question: bool(good) for question, good in rows}

    def _keep(self, question: str, state: str, *, good: bool) -> None:
        with self._database.transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO suggestion VALUES (?, ?, ?)", (question, state, good)
            )


def _is_good(answer: Answer, candidate: Candidate) -> bool:
    """Whether the answer rests on the statement, in a quotation on it before all others."""
    if answer.kind not in ("generated", "quoted"):
        return False
    cited = answer.citations[:1] if answer.kind == "quoted" else answer.citations
    return any(
        citation.chunk.source == candidate.source
        and (candidate.statement in citation.quote or citation.quote in candidate.statement)
        for citation in cited
    )


def _state(documents: Sequence[DocumentRecord]) -> str:
    """A name for what the index holds: another document or version, another name."""
    told = [f"{record.document_id} {record.version}" for record in documents]
    return hashlib.blake2b("\n".join([_MAKING, *told]).encode(), digest_size=8).hexdigest()
