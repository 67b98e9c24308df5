"""What can go wrong with a server that writes, in words that say what to do."""

import json
from typing import Any, cast

import httpx2 as httpx

from embedder.errors import ReplyError

BROKEN = "broke off in the middle of an answer"
_LONGEST = 400  # characters of an error, with what the server says of it
_BUSY = (429, 500, 502, 503, 504)


class GenerationError(ReplyError):
    """A server does not write.

    Attributes:
        kind: A word for the log; the message may repeat what the server says, and it the prompt.
        wait: Seconds after which it may be asked again; None if that is no use.
    """

    def __init__(self, message: str, kind: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait = wait


def failure(error: httpx.RequestError, silent_seconds: float) -> tuple[str, float | None]:
    """What a broken connection means, to follow the server's name, and `GenerationError.wait`."""
    if isinstance(error, httpx.SSEError):
        return f"does not stream answers: {one_line(str(error).rstrip('.'))}", None
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        why = one_line(str(error)) or "no answer"
        return f"cannot be reached ({why}): is it running, and DUET_GENERATION_URL right?", 0.0
    if isinstance(error, httpx.TimeoutException):  # a busy server gets no second request
        return f"has said nothing for {silent_seconds:g} seconds", None
    return BROKEN, 0.0


def refusal(status: int, said: str, *, model: str, has_key: bool) -> str:
    """What an answer other than 200 means, to follow the server's name.

    Args:
        status: Of the response.
        said: The server's own words.
        model: That was asked for.
        has_key: Whether a key was sent.
    """
    if 300 <= status < 400:
        return f"points to another address ({status}): set DUET_GENERATION_URL to that one"
    if status in (401, 403):
        key = "refuses the key" if has_key else "wants a key"
        return f"{key} ({status}): set DUET_GENERATION_KEY to one that it takes"
    told = f": {said}" if said else ""
    if status == 404:
        return (
            f"has no model {model!r}, or its API has another address (404): look at "
            f"DUET_GENERATION_MODEL, and whether DUET_GENERATION_URL wants /v1 at its end{told}"
        )
    if status == 429:
        return f"takes no more requests now (429){told}"
    return f"answers {status}{told}"


def may_pass(status: int) -> bool:
    """Whether a status may be another one in a moment."""
    return status in _BUSY


def reason(body: bytes) -> str:
    """A server's own words on an error, on one line; empty if it has none.

    They stand at `error.message` (OpenAI, vLLM, llama.cpp), `error` (Ollama), `message` or
    `detail`.
    """
    try:
        told: Any = json.loads(body)
    except ValueError:
        return ""
    for name in ("error", "message", "detail"):
        if isinstance(told, dict) and name in told:
            told = cast("dict[str, Any]", told)[name]
    return one_line(told) if isinstance(told, str) else ""


def parameter(body: bytes) -> str:
    """Which parameter an error of OpenAI's form is about; empty if it does not say."""
    try:
        return str(json.loads(body)["error"]["param"] or "")
    except (ValueError, KeyError, TypeError):
        return ""


def one_line(text: str) -> str:
    """What another program says, as it may stand in a sentence of ours."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.split())


def shown(text: str, key: str) -> str:
    """`text` without `key`, and not too long: it is masked whole, before anything is cut."""
    masked = text.replace(key, "***") if key else text
    return masked if len(masked) <= _LONGEST else f"{masked[:_LONGEST]} …"
