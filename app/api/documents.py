"""Documents over HTTP: listed, read, sent in, taken out, and what is on its way."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

from anyio import from_thread, to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.access.gatekeeper import OWNER
from app.as_data import chunk_data, document_data, job_data
from app.library import Job, Library
from app.runtime import Runtime
from embedder.encoder import LanguageModel
from retriever import DocumentRecord, Retriever

_CLIENT_LEFT = 499
_NO_DOCUMENT = "There is no document with this id."
_NO_JOB = "There is no job with this id, or none any more."

Opened = Callable[[], Retriever[LanguageModel]]


class IngestRequest(BaseModel):
    """What `python -m ingest` is told, for the program that has the index open."""

    paths: Annotated[list[str], Field(min_length=1)]
    include: list[str] = []
    exclude: list[str] = []
    gitignore: bool = False
    may_empty: bool = False
    chunk_tokens: int | None = None


class PathsRequest(BaseModel):
    """Files and folders of this machine."""

    paths: Annotated[list[str], Field(min_length=1)]


def create_documents(runtime: Runtime, opened: Opened) -> APIRouter:
    """The routes for everybody who is let in."""
    routes, library = APIRouter(tags=["documents"]), runtime.library

    @routes.get("/documents")
    def listed(  # pyright: ignore[reportUnusedFunction]
        _retriever: Annotated[Retriever[LanguageModel], Depends(opened)], q: str = ""
    ) -> dict[str, Any]:
        return {"documents": [document_data(record) for record in library.found(q)]}

    @routes.get("/documents/{document_id}")
    def read(  # pyright: ignore[reportUnusedFunction]
        document_id: str,
        retriever: Annotated[Retriever[LanguageModel], Depends(opened)],
        first: Annotated[int, Field(ge=0)] = 0,
        count: Annotated[int, Field(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:
        record = _record(runtime, document_id)
        chunks = retriever.index.chunks(document_id)[first : first + count]
        return {**document_data(record), "content": [chunk_data(chunk) for chunk in chunks]}

    @routes.put("/documents/{name:path}", status_code=202)
    async def send(  # pyright: ignore[reportUnusedFunction]
        name: str,
        request: Request,
        _retriever: Annotated[Retriever[LanguageModel], Depends(opened)],
    ) -> JSONResponse:
        job = await to_thread.run_sync(lambda: library.add_upload(name, _parts(request)))
        return JSONResponse(job_data(job), 202, {"Location": f"/api/jobs/{job.id}"})

    @routes.delete("/documents/{document_id}", status_code=204)
    def take_out(  # pyright: ignore[reportUnusedFunction]
        document_id: str, _retriever: Annotated[Retriever[LanguageModel], Depends(opened)]
    ) -> Response:
        library.remove(_record(runtime, document_id))
        return Response(status_code=204)

    return routes


def create_jobs(library: Library) -> APIRouter:
    """The routes to what is on its way."""
    routes = APIRouter(tags=["documents"])

    @routes.get("/jobs")
    def jobs() -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        return {"jobs": [job_data(job) for job in library.jobs.listed()]}

    @routes.get("/jobs/{job_id}")
    def job(job_id: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        return job_data(_job(library, job_id))

    @routes.delete("/jobs/{job_id}", status_code=204)
    def cancel(job_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        _job(library, job_id)
        if not library.jobs.cancel(job_id):
            library.jobs.dismiss(job_id)
        return Response(status_code=204)

    @routes.post("/jobs/{job_id}/retry", status_code=202)
    def retry(job_id: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        found = _job(library, job_id)
        if not library.jobs.retry(job_id):
            raise HTTPException(409, f"Only what failed can be tried again; this is {found.state}.")
        return job_data(_job(library, job_id))

    return routes


def create_owner_routes(runtime: Runtime) -> APIRouter:
    """What other programs of the same user ask the owner of an index to do for them."""
    routes = APIRouter(include_in_schema=False, dependencies=[Depends(_same_user)])

    @routes.post("/ingest", status_code=202)
    def ingest(body: IngestRequest) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        selection = body.model_dump(exclude={"paths", "chunk_tokens"})
        paths = [Path(path) for path in body.paths]
        return job_data(runtime.library.add_paths(paths, selection, body.chunk_tokens))

    @routes.post("/remove")
    def remove(body: PathsRequest) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        removed = runtime.library.remove_paths([Path(path) for path in body.paths])
        return {"documents": [document_data(record) for record in removed]}

    return routes


def _same_user(request: Request) -> None:
    """Refuse who has not read the token beside the index: these routes read any file."""
    if not request.scope.get(OWNER):
        raise HTTPException(404, "Not Found")


def _job(library: Library, job_id: str) -> Job:
    found = library.jobs.get(job_id)
    if found is None:
        raise HTTPException(404, _NO_JOB)
    return found


def _record(runtime: Runtime, document_id: str) -> DocumentRecord:
    for record in runtime.library.documents():
        if record.document_id == document_id:
            return record
    raise HTTPException(404, _NO_DOCUMENT)


def _parts(request: Request) -> Iterable[bytes]:
    """The body, piece by piece, for a thread that writes it to the disk."""
    stream = request.stream()

    async def following() -> bytes | None:
        return await anext(stream, None)

    while True:
        try:
            part = from_thread.run(following)
        except ClientDisconnect as error:
            raise HTTPException(_CLIENT_LEFT, "The client has left.") from error
        if part is None:
            return
        yield part
