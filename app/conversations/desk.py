"""Where the answers of conversations are written, whoever looks on.

They belong to the process: a browser that leaves ends none, and several may look at one.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence

from app.answering import DEFAULT_POLICY, AnswerStream, Policy, stream_answer
from app.conversations.conversations import Conversations
from app.conversations.database import StorageError
from app.conversations.suggestions import Suggestions
from app.conversations.turn import Turn
from app.live import LiveAnswer
from app.turnstile import Turnstile
from embedder.encoder import LanguageModel
from embedder.errors import DuetError
from retriever import Filter, Retriever

_STOPS = 30.0  # seconds; a forward pass over a long prompt takes a few on a slow machine
BUG = "Something went wrong with this answer; the server's log says what."

_logger = logging.getLogger(__name__)


class Desk:
    """Asks, asks again, and stops.

    Args:
        conversations: Keep what is asked and answered.
        open_retriever: Gives the model and the index; called for each question.
        suggestions: Wait while an answer is written.
        turnstile: Answers pass it one after the other.
    """

    def __init__(
        self,
        conversations: Conversations,
        open_retriever: Callable[[], Retriever[LanguageModel]],
        suggestions: Suggestions,
        turnstile: Turnstile,
    ) -> None:
        self._conversations = conversations
        self._open_retriever = open_retriever
        self._suggestions = suggestions
        self._turnstile = turnstile
        self._lock = threading.Lock()
        self._live: dict[int, LiveAnswer] = {}
        self._asked: Counter[str] = Counter()

    def turns(self, conversation: str) -> list[tuple[Turn, LiveAnswer | None]]:
        """The turns of a conversation, each with its answer where that is being written.

        A turn without an answer, a problem and a writer was interrupted by the server's end.
        """
        with self._lock:
            turns = self._conversations.turns(conversation)
            return [(turn, self._live.get(turn.id)) for turn in turns]

    def asked(self, conversation: str) -> int:
        """Changes whenever something is asked in a conversation, so that others can follow it."""
        return self._asked[conversation]

    def ask(
        self,
        conversation: str,
        question: str,
        sources: Sequence[str] = (),
        policy: Policy = DEFAULT_POLICY,
    ) -> None:
        """Ask in a conversation; what is still written in it is stopped, and stays as it is.

        Args:
            conversation: Its id.
            question: It may refer back to what was asked before.
            sources: Paths of files and folders to look in; none for all.
            policy: Thresholds and limits.

        Raises:
            StorageError: The question cannot be kept.
        """
        self._end(conversation)
        with self._lock:
            before = self._conversations.turns(conversation)
            turn = self._conversations.add(conversation, question, sources)
            self._write(turn, before, policy)
            self._asked[conversation] += 1

    def again(
        self, conversation: str, question: str | None = None, policy: Policy = DEFAULT_POLICY
    ) -> None:
        """Ask the last question again, or another one in its place; does nothing without one."""
        self._end(conversation)
        with self._lock:
            turns = self._conversations.turns(conversation)
            if turns:
                last = turns[-1]
                asked = question or last.question
                self._conversations.reset(last.id, asked)
                turn = Turn(id=last.id, question=asked, sources=last.sources, asked=last.asked)
                self._write(turn, turns[:-1], policy)
                self._asked[conversation] += 1

    def stop(self, conversation: str) -> None:
        """End what is being written in a conversation, at the next token."""
        for live in self._written(conversation):
            live.stop()

    def delete(self, conversation: str) -> None:
        """Delete a conversation; what is being written in it is stopped."""
        self.stop(conversation)
        self._conversations.delete(conversation)
        self._asked[conversation] += 1

    def close(self) -> None:
        """Stop all that is being written; returns when it is kept."""
        with self._lock:
            written = list(self._live.values())
        for live in written:
            live.stop()
        for live in written:
            live.wait(_STOPS)

    def _end(self, conversation: str) -> None:
        """Stop what is being written, and wait until it is kept."""
        self.stop(conversation)
        for live in self._written(conversation):
            live.wait(_STOPS)

    def _written(self, conversation: str) -> list[LiveAnswer]:
        return [live for _, live in self.turns(conversation) if live is not None]

    def _write(self, turn: Turn, before: Sequence[Turn], policy: Policy) -> None:
        history = [each.answer.exchange for each in before if each.answer is not None]

        def open_stream(stop: threading.Event) -> AnswerStream:
            where = Filter(source=turn.sources or None)
            try:
                with self._suggestions.paused(), self._turnstile.turn(stop):
                    retriever = self._open_retriever().within(where)
                    answer = yield from stream_answer(
                        turn.question, retriever, history=history, stop=stop, policy=policy
                    )
            except DuetError as error:
                problem = str(error)
                self._keep(turn, lambda: self._conversations.fail(turn.id, problem))
                raise
            except Exception:
                _logger.exception("An answer cannot be written")
                self._keep(turn, lambda: self._conversations.fail(turn.id, BUG))
                raise
            self._keep(turn, lambda: self._conversations.finish(turn.id, answer))
            return answer

        self._live[turn.id] = LiveAnswer(open_stream)

    def _keep(self, turn: Turn, keep: Callable[[], None]) -> None:
        """Keep what came of a turn; where the disk takes it not, it stays here to be looked at."""
        try:
            keep()
        except StorageError as error:
            _logger.warning("An answer is lost when the server ends: %s", error)
        else:
            with self._lock:
                self._live.pop(turn.id, None)
