"""An answer that is written in one thread and watched, or stopped, from another."""

import threading
from collections.abc import Callable

from app.answering import Answer, AnswerStream, Sentence, drain


class LiveAnswer:
    """Runs an answer stream in a thread of its own.

    The reader looks at `sentences` as often as it likes; a slow step of the model never keeps it
    from pressing stop.

    Args:
        open_stream: Called in the thread with the event that `stop` sets.
    """

    def __init__(self, open_stream: Callable[[threading.Event], AnswerStream]) -> None:
        self._open_stream = open_stream
        self._stop = threading.Event()
        self._done = threading.Event()
        self._sentences: list[Sentence] = []
        self._answer: Answer | None = None
        self._error: Exception | None = None
        threading.Thread(target=self._run, name="duet-answer", daemon=True).start()

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Those that are written and checked so far."""
        return tuple(self._sentences)

    @property
    def done(self) -> bool:
        """Whether `result` returns at once."""
        return self._done.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until it is done, but not longer than this; returns `done`."""
        return self._done.wait(seconds)

    def stop(self) -> None:
        """End the answer at the next token."""
        self._stop.set()

    @property
    def answer(self) -> Answer | None:
        """The answer, once there is one."""
        return self._answer

    def result(self) -> Answer:
        """The answer; waits for it.

        Raises:
            DuetError: What the stream raised. (A bug raises whatever it raises.)
        """
        self._done.wait()
        if self._error is not None:
            raise self._error
        assert self._answer is not None
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = drain(self._open_stream(self._stop), self._sentences.append)
        except Exception as error:  # noqa: BLE001 - handed to the reader by `result`
            self._error = error
        finally:
            self._done.set()
