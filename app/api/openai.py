"""What OpenAI's clients call: embeddings, models, chat completions."""

import base64
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from app.api.chat import complete, models
from app.api.queue import AnswerQueue
from app.api.requests import ChatRequest, EmbeddingRequest
from embedder.encoder import Encoder, LanguageModel
from embedder.errors import TextTooLongError
from retriever import Retriever

MAX_INPUT_TOKENS = 300_000  # of one request, as at OpenAI
_WHOLE_OR_STREAMED: dict[int | str, dict[str, Any]] = {
    200: {"description": "Whole, or in pieces.", "content": {"text/event-stream": {}}}
}


def create_openai(
    ready: Callable[..., Iterator[Retriever[LanguageModel]]], queue: AnswerQueue
) -> APIRouter:
    """The routes.

    Args:
        ready: Model and index, once there are any.
        queue: The answers that are written or wait.
    """
    openai = APIRouter(prefix="/v1")

    @openai.post("/embeddings")
    def embeddings(  # pyright: ignore[reportUnusedFunction]
        body: EmbeddingRequest, retriever: Annotated[Retriever[Encoder], Depends(ready)]
    ) -> dict[str, Any]:
        return _embed(body, retriever)

    @openai.get("/models")
    def served(  # pyright: ignore[reportUnusedFunction]
        retriever: Annotated[Retriever[Encoder], Depends(ready)],
    ) -> dict[str, Any]:
        return models(retriever)

    @openai.post("/chat/completions", response_model=None, responses=_WHOLE_OR_STREAMED)
    async def chat(  # pyright: ignore[reportUnusedFunction]
        body: ChatRequest,
        request: Request,
        retriever: Annotated[Retriever[LanguageModel], Depends(ready)],
    ) -> dict[str, Any] | StreamingResponse:
        return await complete(body, retriever, request, queue)

    return openai


def _embed(body: EmbeddingRequest, retriever: Retriever[Encoder]) -> dict[str, Any]:
    model = retriever.model
    name, dimension = model.id.name, model.id.dimension
    if body.model not in (None, name):
        msg = f"The model {body.model!r} is not served here, {name!r} is."
        raise HTTPException(404, msg)
    if body.dimensions not in (None, dimension):
        msg = f"dimensions is {body.dimensions}, but the model's embeddings have {dimension}."
        raise HTTPException(400, msg)
    tokens = _count(body.input, retriever)
    encode = model.encode_queries if body.input_type == "query" else model.encode_documents
    vectors = encode(body.input).astype("<f4")
    data = [
        {
            "object": "embedding",
            "index": i,
            "embedding": vector.tolist()
            if body.encoding_format == "float"
            else base64.b64encode(vector.tobytes()).decode("ascii"),
        }
        for i, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": name, "data": data, "usage": usage}


def _count(texts: list[str], retriever: Retriever[Encoder]) -> int:
    model = retriever.model
    counts = [model.count_tokens(text) for text in texts]
    longest = max(counts)
    if longest > model.max_tokens:
        msg = (
            f"input {counts.index(longest)} has {longest:,} tokens, "
            f"{model.id.name} accepts at most {model.max_tokens:,}. Split it."
        )
        raise TextTooLongError(msg)
    if sum(counts) > MAX_INPUT_TOKENS:
        msg = (
            f"The inputs have {sum(counts):,} tokens together, a request may have "
            f"{MAX_INPUT_TOKENS:,}. Send them in several requests."
        )
        raise TextTooLongError(msg)
    return sum(counts)
