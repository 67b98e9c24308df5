"""The text in the events of a streamed chat completion."""

import json
from collections.abc import AsyncGenerator, Generator, Iterator
from typing import Any

import httpx2 as httpx

from app.generation.errors import BROKEN, one_line, reason

_THOUGHT = "<think>"
_THOUGHT_END = "</think>"


class EventError(Exception):
    """The events are none, or end too early; the text follows the server's name.

    Attributes:
        wait: See `GenerationError`.
    """

    def __init__(self, text: str, wait: float | None = None) -> None:
        super().__init__(text)
        self.wait = wait


async def pieces(response: httpx.Response) -> AsyncGenerator[str]:
    """The pieces of text of a reply, as they come.

    Args:
        response: Server-sent events, each a `chat.completion.chunk`.

    Raises:
        EventError: The server tells of an error, sends something else, or ends without a
            `finish_reason` or `[DONE]`.
    """
    finished = False
    async for event in httpx.EventSource(response):
        if event.data == "[DONE]":
            return
        text, ends = _read(event.data)
        if text:
            yield text
        finished = finished or ends
    if not finished:
        raise EventError(BROKEN, 0.0)


def _read(data: str) -> tuple[str, bool]:
    """The text of an event, and whether it says that the reply is complete."""
    try:
        told: dict[str, Any] = json.loads(data)
        problem = told.get("error")
        choice = next(iter(told.get("choices") or ()), {})  # none beside figures of usage
        text = (choice.get("delta") or {}).get("content") or ""
        ends = bool(choice.get("finish_reason"))
    except (ValueError, AttributeError, TypeError) as error:
        msg = f"sent what is no event of a chat completion: {one_line(data)}"
        raise EventError(msg) from error
    if problem:
        msg = f"broke off: {reason(data.encode()) or 'it does not say why'}"
        raise EventError(msg)
    return str(text), ends


def without_thoughts(reply: Iterator[str]) -> Generator[str]:
    """A reply without what a reasoning model says to itself before it: `<think>...</think>`.

    Most servers keep that apart (`reasoning_content`), and it never gets here.
    """
    text = ""
    for piece in reply:
        text += piece
        begun = text.lstrip()
        if begun.startswith(_THOUGHT):
            _, end, text_after = begun.partition(_THOUGHT_END)
            if not end:
                continue
            text = text_after
        elif _THOUGHT.startswith(begun):
            continue  # it may become one
        break
    else:
        text = "" if text.lstrip().startswith(_THOUGHT) else text
    if text:
        yield text
    yield from reply
