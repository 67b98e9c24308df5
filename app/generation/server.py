"""A server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama, or one for hire."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any

import httpx2 as httpx

from app.generation import errors
from app.generation.address import checked_key, checked_url
from app.generation.errors import GenerationError
from app.generation.events import EventError, pieces
from app.generation.waiting import iterate
from embedder.chat import Message
from embedder.encoder import StopSignal

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 90.0
"""A server may load its model first, or read a long prompt slowly; an answer has 120."""
PAUSES = (0.5, 2.0)
"""Seconds before a server is asked a second and a third time: before its first word only."""
_LONGEST_PAUSE = 10.0  # seconds that a server's Retry-After is heeded for
_LONGEST_ERROR = 20_000  # bytes that are read of one
_MOST_NAMES = 5
_OF_THE_KEY = (401, 403)

_logger = logging.getLogger(__name__)


class GenerationServer:
    """Where answers are written.

    It is talked to directly, whatever proxy the environment names, and redirects are not followed:
    key, questions and passages go to this address and nowhere else.

    Args:
        url: Of its API, such as `http://127.0.0.1:8000/v1`.
        model: By its name there; by default the only one that it serves.
        key: Sent as `Authorization: Bearer`; never shown or logged.
        silent_seconds: How long it may say nothing.
        pauses: Seconds before each further attempt.

    Attributes:
        url: As given, without a slash at the end.
        model: As given; what was found once it was looked for.

    Raises:
        DuetError: The URL is none, or no header can hold the key.
    """

    def __init__(
        self,
        url: str,
        model: str = "",
        key: str = "",
        *,
        silent_seconds: float = SILENT_SECONDS,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self.url = checked_url(url)
        self.model = model
        self._key = checked_key(key)
        self._silent_seconds = silent_seconds
        self._pauses = pauses
        self._refused: set[str] = set()  # parameters that the server does not take

    @property
    def name(self) -> str:
        """Model and address, for people."""
        return f"{self.model} at {self.url}" if self.model else self.url

    def stream(
        self, messages: Sequence[Message], *, max_new_tokens: int, stop: StopSignal | None = None
    ) -> Generator[str]:
        """The assistant's reply to `messages`, in pieces of text as they come.

        Args:
            messages: The conversation.
            max_new_tokens: The server is told to end it here at the latest.
            stop: When set, the connection is closed at once, and the reply ends.

        Raises:
            GenerationError: While it is iterated: the server does not write, or breaks off.
        """
        return iterate(self._reply(messages, max_new_tokens), stop)

    async def _reply(self, messages: Sequence[Message], longest: int) -> AsyncGenerator[str]:
        begun = False
        for pause in (*self._pauses, None):
            try:
                async for piece in self._attempt(messages, longest):
                    begun = True
                    yield piece
            except GenerationError as error:
                if begun or pause is None or error.wait is None:
                    _logger.warning("No answer is written at %s: %s", self.url, error.kind)
                    raise
                await asyncio.sleep(max(pause, error.wait))
            else:
                return

    async def _attempt(self, messages: Sequence[Message], longest: int) -> AsyncGenerator[str]:
        """One attempt at a reply.

        Raises:
            GenerationError: It failed; whether another one makes sense, the error says.
        """
        try:
            async with self._client() as client:
                self.model = self.model or await self._only_model(client)
                body = self._body(messages, longest)
                async with client.stream("POST", f"{self.url}/chat/completions", json=body) as told:
                    await self._check(told)
                    async for piece in pieces(told):
                        yield piece
        except EventError as error:
            raise self._error(str(error), "no event", error.wait) from error
        except httpx.RequestError as error:
            text, wait = errors.failure(error, self._silent_seconds)
            raise self._error(text, type(error).__name__, wait) from error

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
            timeout=httpx.Timeout(self._silent_seconds, connect=CONNECT_SECONDS),
            trust_env=False,  # no proxy, no .netrc; certificates of the environment count, though
            verify=httpx.create_ssl_context(),
        )

    def _body(self, messages: Sequence[Message], longest: int) -> dict[str, Any]:
        """A request that is answered alike each time, as far as the server lets it be."""
        limit = "max_completion_tokens" if "max_tokens" in self._refused else "max_tokens"
        body = {"model": self.model, "messages": messages, "stream": True, limit: longest}
        return body if "temperature" in self._refused else {**body, "temperature": 0}

    async def _check(self, response: httpx.Response) -> None:
        """Raise unless the server does what it was asked for."""
        if response.is_success:
            return
        status = response.status_code
        said = await _beginning(response)
        name = errors.parameter(said)
        if name in ("max_tokens", "temperature") and name not in self._refused:
            self._refused.add(name)  # OpenAI's reasoning models take neither
            raise self._error(f"does not take {name}", str(status), wait=0.0)
        text = errors.refusal(
            status, errors.reason(said), model=self.model, has_key=bool(self._key)
        )
        raise self._error(text, str(status), _pause(response) if errors.may_pass(status) else None)

    async def _only_model(self, client: httpx.AsyncClient) -> str:
        response = await client.get(f"{self.url}/models")
        if response.status_code in _OF_THE_KEY:
            await self._check(response)
        try:
            names = [str(model["id"]) for model in response.json()["data"]]
        except (ValueError, KeyError, TypeError) as error:
            text = (
                f"does not list its models ({response.status_code}): name one in "
                "DUET_GENERATION_MODEL, and look whether DUET_GENERATION_URL wants /v1 at its end"
            )
            raise self._error(text, str(response.status_code)) from error
        if len(names) == 1:
            return names[0]
        there = ", ".join(errors.one_line(name) for name in names[:_MOST_NAMES])
        text = f"serves {len(names)} models: set DUET_GENERATION_MODEL to one"
        raise self._error(f"{text} ({there})" if there else text, f"{len(names)} models")

    def _error(self, text: str, kind: str, wait: float | None = None) -> GenerationError:
        return GenerationError(
            f"The server {self.url} {errors.shown(text, self._key)}.", kind, wait
        )


async def _beginning(response: httpx.Response) -> bytes:
    said = b""
    async for part in response.aiter_bytes():
        said += part
        if len(said) > _LONGEST_ERROR:
            break
    return said[:_LONGEST_ERROR]


def _pause(response: httpx.Response) -> float:
    """Seconds that a server wants to be left alone, within reason."""
    told = response.headers.get("retry-after", "")
    return min(float(told), _LONGEST_PAUSE) if told.isdecimal() else 0.0
