"""The HTTP API, mounted under `/api` beside the chat page: embeddings, search and answers."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.access.gatekeeper import ADMITTED
from app.answering import Answer, Citation, Exchange, Policy, ask
from app.api.errors import error_response
from app.api.limits import BodyLimit
from app.api.openai import create_openai
from app.api.requests import AskRequest, SearchRequest
from app.api.slots import Slots
from app.api.sources import create_sources
from app.runtime import Runtime
from embedder.encoder import Encoder, LanguageModel
from embedder.errors import DuetError
from retriever import Hit, Retriever, Spread

MAX_BODY = 4 << 20  # bytes
MAX_ANSWERS = 16
"""That are written or wait; each takes seconds."""


def create_api(runtime: Runtime) -> FastAPI:
    """The API over a runtime; errors have OpenAI's form `{"error": {"message": ...}}`."""
    api, slots = FastAPI(title="Duet", docs_url=None, redoc_url=None), Slots(MAX_ANSWERS)
    api.add_middleware(BodyLimit, longest=MAX_BODY)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http_error)
    api.add_exception_handler(DuetError, _duet_error)

    def ready() -> Iterator[Retriever[LanguageModel]]:
        problem = _problem(runtime)
        if problem is not None:
            raise HTTPException(503, problem)
        with runtime.suggestions.paused():
            yield runtime.retriever

    @api.get("/healthz")
    async def healthz() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        return {"status": "ok"}

    @api.get("/readyz")
    def readyz(request: Request) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return _readiness(runtime, tell=request.scope.get(ADMITTED, True))

    @api.post("/search")
    def search(  # pyright: ignore[reportUnusedFunction]
        body: SearchRequest, retriever: Annotated[Retriever[Encoder], Depends(ready)]
    ) -> dict[str, Any]:
        looking = retriever.within(body.where())
        spread = Spread(per_document=body.per_document, diversity=body.diversity)
        hits = looking.retrieve(
            body.question, body.k, min_score=body.min_score, mode=body.search, spread=spread
        )
        return {"hits": [_hit(hit) for hit in hits]}

    @api.post("/ask")
    def answer(  # pyright: ignore[reportUnusedFunction]
        body: AskRequest, retriever: Annotated[Retriever[LanguageModel], Depends(ready)]
    ) -> dict[str, Any]:
        history = [Exchange(exchange.question, exchange.answer) for exchange in body.history]
        policy = Policy(k=body.k, mode=body.search)
        looking = retriever.within(body.where())
        with slots.one():
            return _answer(ask(body.question, looking, history=history, policy=policy))

    api.include_router(create_openai(ready, slots))
    api.include_router(create_sources(runtime))
    return api


def _readiness(runtime: Runtime, *, tell: bool) -> JSONResponse:
    problem = _problem(runtime)
    if not tell:
        return JSONResponse(
            {"status": "not ready" if problem else "ready"}, 503 if problem else 200
        )
    if problem is not None:
        return JSONResponse({"status": "not ready", "reason": problem}, 503)
    retriever = runtime.retriever
    info = retriever.index.info()
    return JSONResponse(
        {
            "status": "ready",
            "model": retriever.model.id.name,
            "documents": info.documents,
            "chunks": info.chunks,
        }
    )


def _problem(runtime: Runtime) -> str | None:
    """Why there can be no answer yet; asking has it tried again, for callers that come back."""
    runtime.recover()
    return runtime.problem


def _hit(hit: Hit) -> dict[str, Any]:
    chunk = hit.chunk
    return {
        "score": hit.score,
        "lexical": hit.lexical,
        "text": chunk.text,
        "source": chunk.source,
        "title": chunk.title,
        "headings": list(chunk.headings),
        "page": chunk.page,
        "page_label": chunk.page_label,
        "start": chunk.start,
        "end": chunk.end,
        "document_id": chunk.document_id,
        "copies": [copy.source for copy in hit.copies],
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "question": answer.question,
        "understood": answer.understood,
        "kind": answer.kind,
        "text": answer.text,
        "notice": answer.notice,
        "sentences": [
            {"text": sentence.text, "citations": [_citation(c) for c in sentence.citations]}
            for sentence in answer.sentences
        ],
        "quotes": [_citation(quote) for quote in answer.quotes],
        "rejected": list(answer.rejected),
        "sources": [_hit(hit) for hit in answer.sources],
    }


def _citation(citation: Citation) -> dict[str, Any]:
    chunk, span = citation.chunk, citation.document_span
    return {
        "number": citation.number,
        "quote": citation.quote,
        "source": chunk.source,
        "page": chunk.page,
        "page_label": chunk.page_label,
        "document_id": chunk.document_id,
        "start": span.start,
        "end": span.end,
    }


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    if first["type"] == "json_invalid":
        return error_response(
            400, f"The body is no JSON: {first['ctx']['error']} at character {place}"
        )
    if not place:
        return error_response(
            400, "Send a JSON object as the body, with `Content-Type: application/json`."
        )
    return error_response(400, f"{place}: {first['msg']}")


def _http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return error_response(error.status_code, error.detail, error.headers)


def _duet_error(_request: Request, error: Exception) -> JSONResponse:
    return error_response(400 if isinstance(error, ValueError) else 503, str(error))
