"""From an asynchronous iterator to one that a thread can leave at once."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing
from queue import SimpleQueue

from embedder.encoder import StopSignal

_LOOK = 0.05  # seconds between two looks at whether to stop

_Arrived = SimpleQueue[str | Exception | None]


def iterate(pieces: AsyncGenerator[str], stop: StopSignal | None = None) -> Generator[str]:
    """The pieces as they come, until there are no more, or `stop` is set.

    They are awaited in a thread of its own, so that a network on which nothing comes keeps nobody
    waiting, and so that it works where the caller's thread has a loop already (a notebook's).

    Args:
        pieces: Closed in a moment when the stop is set, or the generator is closed.
        stop: Looked at twenty times a second.

    Raises:
        Exception: What the pieces raise.
    """
    arrived: _Arrived = SimpleQueue()
    left = threading.Event()

    def is_over() -> bool:
        return left.is_set() or (stop is not None and stop.is_set())

    reading = _read_all(pieces, arrived, is_over)
    threading.Thread(target=asyncio.run, args=(reading,), name="duet-remote", daemon=True).start()
    try:
        while (piece := arrived.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece
    finally:
        left.set()


async def _read_all(
    pieces: AsyncGenerator[str], arrived: _Arrived, is_over: Callable[[], bool]
) -> None:
    """Hand over what comes, the error that ends it if there is one, and None at the end."""
    reading = asyncio.create_task(_read(pieces, arrived))
    try:
        while not reading.done() and not is_over():
            await asyncio.wait([reading], timeout=_LOOK)
        reading.cancel()
        await asyncio.wait([reading])
    finally:
        arrived.put(None)


async def _read(pieces: AsyncGenerator[str], arrived: _Arrived) -> None:
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                arrived.put(piece)
    except Exception as error:  # noqa: BLE001 - raised again where the pieces are wanted
        arrived.put(error)
