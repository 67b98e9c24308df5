"""Small requests of several threads share one forward pass.

Whoever comes while another's pass goes on leaves its texts; the next to go takes along all that
lie there. So fifty people who search at once wait for a few passes, not for fifty.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MOST_TOKENS = 512
"""A request that has more goes alone: the others would have to wait for it."""

Run = Callable[[Sequence[Sequence[int]]], NDArray[np.float32]]


@dataclass(slots=True)
class _Request:
    sequences: Sequence[Sequence[int]]
    result: NDArray[np.float32] | None = None
    error: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Combiner:
    """Runs requests, several at once where they wait for each other.

    Args:
        run: From sequences of token ids to a row `[width]` for each.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._turn = threading.Lock()
        self._arriving = threading.Lock()
        self._waiting: list[_Request] = []

    def __call__(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Rows `[n, width]` of the sequences, in their order."""
        if sum(map(len, sequences)) > MOST_TOKENS:
            return self._run(sequences)
        request = _Request(sequences)
        with self._arriving:
            self._waiting.append(request)
        with self._turn:
            if not request.done.is_set():
                self._run_waiting()
        if request.error is not None:
            raise request.error
        assert request.result is not None
        return request.result

    def _run_waiting(self) -> None:
        with self._arriving:
            requests, self._waiting = self._waiting, []
        try:
            rows = self._run([each for request in requests for each in request.sequences])
        except BaseException as error:
            for request in requests:
                request.error = error
                request.done.set()
            raise
        ends = np.cumsum([len(request.sequences) for request in requests])
        for request, part in zip(requests, np.split(rows, ends[:-1]), strict=True):
            request.result = part
            request.done.set()
