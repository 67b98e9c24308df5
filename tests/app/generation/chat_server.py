"""A server that speaks OpenAI's chat completions over loopback, and can be told to fail."""

import json
import re
import select
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from retriever.words import content_words

Message = Mapping[str, str]


def cited(messages: Sequence[Message]) -> str:
    """A good reply: the sentence of the passages that has most of the question's words."""
    told = messages[-1]["content"]
    wanted = set(content_words(told.rpartition("Question: ")[2]))
    passages = re.findall(r'<passage id="(\d+)">\n(.*?)\n</passage>', told, re.DOTALL)
    sentences = [(n, s) for n, text in passages for s in re.split(r"(?<=\.)\s+", text)]
    number, best = max(sentences, key=lambda told: len(wanted & set(content_words(told[1]))))
    return f"{best.rstrip('.')} [{number}]."


@dataclass(frozen=True)
class Failure:
    """A response instead of a reply."""

    status: int
    body: object = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Received:
    """A request, as it came."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


class ChatServer:
    """What it was asked, and how it answers.

    Attributes:
        url: Of its API.
        received: Requests for a reply, the first one first.
        reply: From messages to a reply.
        models: Names that it lists, or what it says instead.
        failures: Are given first, each once; the last one for ever if `fails_on`.
        after: What is sent of a reply before the connection is cut; None for all.
        mute: Whether it takes requests and says nothing.
        raw: Sent as the whole stream, if it is set.
        pause: Seconds before each word.
        left: Set when a client left before the end.
        most_at_once: Requests that were answered at the same time, at most.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[Received] = []
        self.reply: Callable[[Sequence[Message]], str] = cited
        self.models: list[str] | Failure = ["tiny-chat"]
        self.failures: list[Failure] = []
        self.fails_on = False
        self.after: int | None = None
        self.mute = False
        self.raw: list[bytes] | None = None
        self.pause = 0.0
        self.left = threading.Event()
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def failure(self) -> Failure | None:
        with self._lock:
            if not self.failures:
                return None
            last = self.fails_on and len(self.failures) == 1
            return self.failures[0] if last else self.failures.pop(0)

    def events(self, body: Mapping[str, Any]) -> Iterator[bytes]:
        """The pieces of a reply, as they are sent."""
        model = str(body["model"])
        words = re.findall(r"\s*\S+", self.reply(body["messages"]))
        yield event(model, {"role": "assistant", "content": ""})
        for word in words[: self.after]:
            yield event(model, {"content": word})
        if self.after is None:
            yield event(model, {}, "stop")
            yield b'data: {"choices": [], "usage": {"completion_tokens": 1}}\n\n'
            yield b"data: [DONE]\n\n"

    @contextmanager
    def answering(self) -> Iterator[None]:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1


class _Server(ThreadingHTTPServer):
    """Knows what its handlers are to do."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told = ChatServer(f"http://127.0.0.1:{self.server_address[1]}/v1")
        self.over = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, *_told: object) -> None:
        pass

    def do_GET(self) -> None:
        models = self.server.told.models
        if not isinstance(models, Failure):
            models = Failure(200, {"data": [{"id": name} for name in models]})
        self.respond(models)

    def do_POST(self) -> None:
        told = self.server.told
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        told.received.append(Received(self.path, dict(self.headers.items()), body))
        failure = told.failure()
        with told.answering():
            if told.mute:
                self.wait_until_left()
            elif failure is not None:
                self.respond(failure)
            else:
                self.stream(told.raw or told.events(body))

    def respond(self, response: Failure) -> None:
        is_text = isinstance(response.body, str)
        content = (response.body if is_text else json.dumps(response.body)).encode()
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def wait_until_left(self) -> None:
        while not select.select([self.connection], [], [], 0.05)[0]:
            if self.server.over.is_set():
                return
        self.server.told.left.set()

    def stream(self, parts: Iterable[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.end_headers()
        try:
            for part in parts:
                time.sleep(self.server.told.pause)
                self.wfile.write(part)
                self.wfile.flush()
        except OSError:
            self.server.told.left.set()


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """A server at a port of its own, until the block ends."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.told
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def event(model: str, delta: Mapping[str, str], finish: str | None = None) -> bytes:
    """A piece of a reply, as it is sent."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    told = {"object": "chat.completion.chunk", "model": model, "choices": [choice]}
    return f"data: {json.dumps(told, ensure_ascii=False)}\n\n".encode()
