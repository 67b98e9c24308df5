"""The HTTP API, mounted under `/api` beside the chat page: embeddings, search and answers."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from app.access.gatekeeper import ADMITTED
from app.api.documents import create_documents, create_jobs, create_owner_routes
from app.api.errors import DOCUMENTED, add_error_handlers
from app.api.limits import BodyLimit
from app.api.metrics import Metrics, Observed, create_metrics
from app.api.openai import create_openai
from app.api.questions import create_questions
from app.api.queue import AnswerQueue
from app.api.sources import create_sources
from app.library.uploads import MOST_BYTES
from app.runtime import Runtime
from embedder.encoder import LanguageModel
from retriever import Retriever

MAX_BODY = 4 << 20  # bytes
MAX_ANSWERS = 16
"""That are written or wait; each takes seconds."""


def create_api(runtime: Runtime) -> FastAPI:
    """The API over a runtime; errors have OpenAI's form `{"error": {"message": ...}}`.

    Its page is at `/docs`, and loads nothing from elsewhere.
    """
    queue = AnswerQueue(MAX_ANSWERS, runtime.turnstile)
    api = FastAPIOffline(
        title="Duet",
        description='Ask your own documents. Errors are `{"error": {"message": ...}}`.',
        redoc_url=None,
        responses=DOCUMENTED,
    )
    metrics = Metrics(runtime, queue)
    api.add_middleware(BodyLimit, longest=MAX_BODY, longest_upload=MOST_BYTES)
    api.add_middleware(Observed, metrics=metrics)
    add_error_handlers(api)

    def opened() -> Retriever[LanguageModel]:
        problem = _problem(runtime)
        if problem is not None:
            raise HTTPException(503, problem)
        return runtime.retriever

    def ready(
        retriever: Annotated[Retriever[LanguageModel], Depends(opened)],
    ) -> Iterator[Retriever[LanguageModel]]:
        """For those who use the model: what works in the background gives way to them."""
        with runtime.suggestions.paused():
            yield retriever

    @api.get("/healthz")
    async def healthz() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        return {"status": "ok"}

    @api.get("/readyz")
    def readyz(request: Request) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return _readiness(runtime, tell=request.scope.get(ADMITTED, True))

    api.include_router(create_questions(ready, queue, metrics))
    api.include_router(create_openai(ready, queue))
    api.include_router(create_documents(runtime, opened))
    api.include_router(create_jobs(runtime.library))
    api.include_router(create_owner_routes(runtime))
    api.include_router(create_sources(runtime))
    api.include_router(create_metrics(metrics))
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
