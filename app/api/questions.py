"""Questions in our own form: the passages that are found, and the answer as data."""

from collections.abc import Callable, Iterator
from threading import Event
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app.answering import AnswerStream, Exchange, Policy, stream_answer
from app.api.metrics import Metrics
from app.api.queue import AnswerQueue, wait
from app.api.requests import AskRequest, SearchRequest
from app.as_data import answer_data, hit_data
from embedder.encoder import Encoder, LanguageModel
from retriever import Retriever, Spread


def create_questions(
    ready: Callable[..., Iterator[Retriever[LanguageModel]]], queue: AnswerQueue, metrics: Metrics
) -> APIRouter:
    """The routes.

    Args:
        ready: Model and index, once there are any.
        queue: The answers that are written or wait.
        metrics: Are told of each answer.
    """
    routes = APIRouter(tags=["questions"])

    @routes.post("/search")
    def search(  # pyright: ignore[reportUnusedFunction]
        body: SearchRequest, retriever: Annotated[Retriever[Encoder], Depends(ready)]
    ) -> dict[str, Any]:
        looking = retriever.within(body.where())
        spread = Spread(per_document=body.per_document, diversity=body.diversity)
        hits = looking.retrieve(
            body.question, body.k, min_score=body.min_score, mode=body.search, spread=spread
        )
        return {"hits": [hit_data(hit) for hit in hits]}

    @routes.post("/answer")
    @routes.post("/ask", include_in_schema=False)  # its first name
    async def answer(  # pyright: ignore[reportUnusedFunction]
        body: AskRequest,
        request: Request,
        retriever: Annotated[Retriever[LanguageModel], Depends(ready)],
    ) -> dict[str, Any]:
        history = [Exchange(exchange.question, exchange.answer) for exchange in body.history]
        policy = Policy(k=body.k, mode=body.search)
        looking = retriever.within(body.where())

        def open_stream(stop: Event) -> AnswerStream:
            return stream_answer(body.question, looking, history=history, stop=stop, policy=policy)

        with queue.answering(open_stream) as live:
            await wait(live, request, lambda: False)
            told = live.result()
        metrics.answered(told.kind)
        return answer_data(told)

    return routes
