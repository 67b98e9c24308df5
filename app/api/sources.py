"""The files behind citations: a page as a picture, and the file itself."""

from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, Response

from app.page_picture import PictureError, has_picture, page_picture
from app.runtime import Runtime
from app.tickets import Place, TicketError
from retriever import Chunk

_HEADERS = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}


def create_sources(runtime: Runtime) -> APIRouter:
    """Routes that the page links to; each link carries a ticket instead of a key."""
    sources = APIRouter(include_in_schema=False)

    @sources.get("/pages/{ticket}")
    def page(ticket: str, part: bool = False) -> Response:  # pyright: ignore[reportUnusedFunction]
        place, chunk = _opened(runtime, ticket)
        if chunk.page is None or not has_picture(chunk):
            raise HTTPException(404, "Only pages of PDFs are drawn.")
        quotes = [chunk.text[start:end] for start, end in place.spans]
        try:
            picture = page_picture(_file(chunk), chunk.page, quotes, part=part)
        except PictureError as error:
            raise HTTPException(404, str(error)) from error
        return Response(picture, media_type="image/png", headers=_HEADERS)

    @sources.get("/files/{ticket}")
    def file(ticket: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        path = _file(_opened(runtime, ticket)[1])
        return FileResponse(
            path, filename=path.name, media_type="application/octet-stream", headers=_HEADERS
        )

    return sources


def _opened(runtime: Runtime, ticket: str) -> tuple[Place, Chunk]:
    try:
        place = runtime.tickets.redeem(ticket)
    except TicketError as error:
        raise HTTPException(403, str(error)) from error
    for chunk in runtime.retriever.index.chunks(place.document_id):
        if chunk.position == place.position:
            return place, chunk
    raise HTTPException(404, "This document is no longer in the index.")


def _file(chunk: Chunk) -> Path:
    """The file as it was indexed: what has changed since is not shown for it."""
    path = Path(chunk.source)
    try:
        found = path.stat()
    except OSError as error:
        raise HTTPException(404, f"{path.name} is no longer where it was indexed.") from error
    if (found.st_size, found.st_mtime_ns) != (chunk.size, chunk.modified_ns):
        raise HTTPException(404, f"{path.name} has changed since it was indexed.")
    return path
