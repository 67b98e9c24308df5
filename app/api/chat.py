"""OpenAI's chat completions over the documents, so that its clients work as they are.

The last message is the question, those before it are the conversation; citations come as
annotations, each at its number in the text.
"""

import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack
from itertools import pairwise
from threading import Event
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from app.answering import Answer, AnswerStream, Exchange, Sentence, stream_answer
from app.api.queue import LOOK, AnswerQueue, wait
from app.api.requests import ChatMessage, ChatRequest
from app.live import LiveAnswer
from app.location import location
from embedder.encoder import Encoder, LanguageModel
from retriever import Retriever

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Round a citation's number while its place is found; private-use characters."""


async def complete(
    body: ChatRequest, retriever: Retriever[LanguageModel], request: Request, queue: AnswerQueue
) -> dict[str, Any] | StreamingResponse:
    """The completion, or its pieces as server-sent events; a client that leaves ends it.

    Raises:
        HTTPException: Another model is asked for, there is no question, or no slot is free.
        DuetError: The question cannot be answered.
    """
    name = retriever.model.id.name
    if body.model not in ("", name):
        raise HTTPException(404, f"The model {body.model!r} is not served here, {name!r} is.")
    question, history = _conversation(body.messages)

    def open_stream(stop: Event) -> AnswerStream:
        return stream_answer(question, retriever, history=history, stop=stop)

    frame = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": name}
    with ExitStack() as held:
        live = held.enter_context(queue.answering(open_stream))
        await wait(live, request, lambda: body.stream and bool(live.sentences))
        if body.stream:
            if live.done:
                live.result()  # what cannot be answered is an error, not a stream of nothing
            return _Events(_events(live, frame), held.pop_all())
        text, annotations = written(live.result())
    message = {"role": "assistant", "content": text, "annotations": annotations}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    usage = _usage(question, text, retriever.model)
    return {**frame, "object": "chat.completion", "choices": [choice], "usage": usage}


def models(retriever: Retriever[Encoder]) -> dict[str, Any]:
    """The one model, in OpenAI's form."""
    name = retriever.model.id.name
    return {
        "object": "list",
        "data": [{"id": name, "object": "model", "created": 0, "owned_by": "duet"}],
    }


def written(answer: Answer) -> tuple[str, list[dict[str, Any]]]:
    """The text of an answer, and an annotation for each number in it."""
    if answer.kind == "refused":
        return f"{answer.text} {answer.notice}".strip(), []
    marked = answer.marked(f"{_OPEN}{{}}{_CLOSE}".format)
    cited = {citation.number: citation for citation in reversed(answer.citations)}
    text, annotations = "", []
    for part in re.split(f"({_OPEN}\\d+{_CLOSE})", marked):
        number = int(part[1:-1]) if part.startswith(_OPEN) and part[1:-1].isdecimal() else 0
        if number not in cited:
            text += part
            continue
        chunk = cited[number].chunk
        shown = f"[{number}]"
        told = {
            "start_index": len(text),
            "end_index": len(text) + len(shown),
            "title": location(chunk),
            "url": f"file://{chunk.source}" + (f"#page={chunk.page}" if chunk.page else ""),
            "quote": cited[number].quote,
        }
        annotations.append({"type": "url_citation", "url_citation": told})
        text += shown
    return text, annotations


class _Events(StreamingResponse):
    """Server-sent events; what they hold is let go whatever becomes of the client."""

    def __init__(self, events: AsyncGenerator[str], held: ExitStack) -> None:
        super().__init__(events, media_type="text/event-stream")
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            await super().__call__(scope, receive, send)


async def _events(live: LiveAnswer, frame: Mapping[str, Any]) -> AsyncGenerator[str]:
    def event(delta: Mapping[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        told = {**frame, "object": "chat.completion.chunk", "choices": [choice]}
        return f"data: {json.dumps(told)}\n\n"

    yield event({"role": "assistant", "content": ""})
    shown: list[Sentence] = []
    while True:
        done = live.done
        for sentence in live.sentences[len(shown) :]:
            shown.append(sentence)
            yield event({"content": sentence.before + sentence.marked()})
        if done:
            break
        await asyncio.sleep(LOOK)
    text, annotations = written(live.result())
    if not shown:
        yield event({"content": text})
    yield event({"annotations": annotations} if annotations else {}, "stop")
    yield "data: [DONE]\n\n"


def _conversation(messages: Sequence[ChatMessage]) -> tuple[str, list[Exchange]]:
    """The last message, and the questions before it with their answers."""
    told = [message for message in messages if message.role in ("user", "assistant")]
    if not told or told[-1].role != "user":
        raise HTTPException(400, "messages: expected the last one to be the user's question.")
    history = [
        Exchange(before.text, after.text)
        for before, after in pairwise(told)
        if (before.role, after.role) == ("user", "assistant")
    ]
    return told[-1].text, history


def _usage(question: str, text: str, model: Encoder) -> dict[str, int]:
    """What was asked and what was written; the passages that were read are not counted."""
    asked, told = model.count_tokens(question), model.count_tokens(text)
    return {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}
