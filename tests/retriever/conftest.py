"""Documents to store, and the ways to an index that every behaviour is tested on.

`edge` is a folder; `local` is the server engine on qdrant-client's local mode; `http` is the same
engine through `open_index("http://...")`, over real requests to a stand-in that hands them to
local mode; `server` is a real Qdrant server, where `QDRANT_URL` names one (and `QDRANT_API_KEY` its
key): every test makes a collection of its own there and drops it.
"""

import json
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import BaseModel
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from embedder.encoder import EncoderId
from retriever import (
    Chunk,
    DocumentRecord,
    Index,
    document_id,
    open_index,
    present_documents,
    rebuild,
    rollback,
)
from retriever.server import Server

DIMENSION = 8


@dataclass(frozen=True, slots=True)
class Document:
    chunks: list[Chunk]
    vectors: NDArray[np.float32]

    @property
    def id(self) -> str:
        return self.chunks[0].document_id


def make_document(
    source: str,
    texts: list[str],
    *,
    version: str = "v1",
    media_type: str = "text/plain",
    modified_ns: int = 1_700_000_000_123_456_789,
    pages: bool = True,
) -> Document:
    """A document with one chunk a text; a text's vector depends on the text alone."""
    chunks = [
        Chunk(
            text=text,
            document_id=document_id(source),
            source=source,
            title=f"Title of {source}",
            headings=("Outer", "Inner"),
            page=position + 1 if pages else None,
            page_label=None,
            start=position * 10,
            end=position * 10 + len(text),
            version=version,
            modified_ns=modified_ns,
            size=1234,
            media_type=media_type,
            language="en",
            position=position,
        )
        for position, text in enumerate(texts)
    ]
    return Document(chunks, np.stack([vector_of(text) for text in texts]))


def vector_of(text: str) -> NDArray[np.float32]:
    rng = np.random.default_rng(zlib.crc32(text.encode()))
    vector = rng.normal(size=DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def is_folder(address: str) -> bool:
    return not address.startswith(("http", "Qdrant"))


def step(index: Index) -> float:
    """How far a number of a vector may be from what was written: folders keep float16."""
    return 5e-4 if is_folder(index.address) else 1e-6


def about(index: Index, score: float) -> Any:
    """A cosine of few dimensions, as exact as the index's floating type."""
    return pytest.approx(score, abs=1e-3 if is_folder(index.address) else 1e-5)


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere an index can be, with the calls that open, rebuild and roll it back."""

    open_with: Callable[[EncoderId], Index]
    rebuild_with: Callable[[EncoderId], AbstractContextManager[Index]]
    rollback: Callable[[], None]
    present: Callable[[], list[DocumentRecord]]

    def open(self, label: str = "model@1", dimension: int = DIMENSION) -> Index:
        return self.open_with(EncoderId.from_stored(label, dimension))

    def rebuild(
        self, label: str = "model@1", dimension: int = DIMENSION
    ) -> AbstractContextManager[Index]:
        return self.rebuild_with(EncoderId.from_stored(label, dimension))


def place_at(address: str | Path, api_key: str | None = None) -> Place:
    return Place(
        lambda encoder: open_index(address, encoder, api_key=api_key),
        lambda encoder: rebuild(address, encoder, api_key=api_key),
        lambda: rollback(address, api_key=api_key),
        lambda: present_documents(address, api_key=api_key),
    )


def place_on(client: QdrantClient) -> Place:
    server = Server(client)

    @contextmanager
    def rebuilding(encoder: EncoderId) -> Iterator[Index]:
        with server.rebuild(encoder) as engine:
            yield Index(engine)

    def present() -> list[DocumentRecord]:
        engine = server.present()
        return Index(engine).documents() if engine else []

    return Place(lambda encoder: Index(server.open(encoder)), rebuilding, server.rollback, present)


@pytest.fixture(scope="session")
def document() -> Callable[..., Document]:
    return make_document


@pytest.fixture
def vector() -> Callable[[str], NDArray[np.float32]]:
    return vector_of


class InProcess:
    """qdrant-client's local mode, which breaks when two threads write, with a server's manners."""

    def __init__(self) -> None:
        self._client = QdrantClient(":memory:")
        self._one_at_a_time = threading.Lock()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            try:
                with self._one_at_a_time:
                    return getattr(self._client, name)(*args, **options)
            except ValueError as error:
                if "not found" not in str(error):
                    raise
                said = str(error).encode()
                raise UnexpectedResponse(404, "Not Found", said, httpx.Headers()) from error

        return call


@pytest.fixture
def client() -> Iterator[QdrantClient]:
    """A server's stand-in in this process."""
    client = cast("QdrantClient", InProcess())
    yield client
    client.close()


@pytest.fixture(params=["edge", "local", "http", pytest.param("server", marks=pytest.mark.server)])
def place(request: pytest.FixtureRequest, tmp_path: Path, client: QdrantClient) -> Place:
    match request.param:
        case "edge":
            return place_at(tmp_path / "index")
        case "local":
            return place_on(client)
        case "http":
            return place_at(request.getfixturevalue("stand_in").url)
        case _:
            return request.getfixturevalue("real_place")


@pytest.fixture
def real_place() -> Iterator[Place]:
    """A new name on the server that `QDRANT_URL` names; its collections are dropped afterwards."""
    url, key = os.environ.get("QDRANT_URL"), os.environ.get("QDRANT_API_KEY")
    if not url:
        pytest.skip("QDRANT_URL names no Qdrant server")
    name = f"duet-test-{uuid4().hex}"
    yield place_at(f"{url}#{name}", key)
    client = QdrantClient(url, api_key=key, check_compatibility=False)
    for collection in client.get_collections().collections:
        if collection.name.startswith(name):
            client.delete_collection(collection.name)
    client.close()


@pytest.fixture
def index(place: Place) -> Iterator[Index]:
    with place.open() as index:
        yield index


@dataclass
class StandIn:
    """An HTTP server with the part of Qdrant's REST interface that we use."""

    client: QdrantClient
    api_key: str | None = None
    headers: list[dict[str, str]] = field(default_factory=list)
    made: list[models.CreateCollection] = field(default_factory=list)
    updated: list[models.UpdateCollection] = field(default_factory=list)
    asked: list[models.QueryRequest] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: list[str], body: dict[str, Any]) -> Any:
        match method, path:
            case "GET", ["aliases"]:
                return self.client.get_aliases()
            case "GET", ["collections"]:
                return self.client.get_collections()
            case "POST", ["collections", "aliases"]:
                actions = models.ChangeAliasesOperation(**body).actions
                return self.client.update_collection_aliases(actions)
            case _, ["collections", name]:
                return self.answer_collection(method, name, body)
            case _, ["collections", name, *action]:
                return self.answer_points(name, "/".join(action), body)
        raise ValueError(path)

    def answer_collection(self, method: str, name: str, body: dict[str, Any]) -> Any:
        match method:
            case "GET":
                return self.client.get_collection(name)
            case "PUT":
                config = models.CreateCollection(**body)
                self.made.append(config)
                return self.client.create_collection(
                    name,
                    config.vectors,
                    sparse_vectors_config=config.sparse_vectors,
                    metadata=config.metadata,
                )
            case "PATCH":
                self.updated.append(models.UpdateCollection(**body))
                metadata = self.updated[-1].metadata
                return self.client.update_collection(name, metadata=metadata)
            case "DELETE":
                return self.client.delete_collection(name)
        raise ValueError(method)

    def answer_points(self, name: str, action: str, body: dict[str, Any]) -> Any:
        match action:
            case "index":
                assert models.CreateFieldIndex(**body).field_name.startswith("metadata.")
                return models.UpdateResult(operation_id=0, status=models.UpdateStatus.COMPLETED)
            case "points":
                return self.client.upsert(name, models.PointsList(**body).points)
            case "points/delete":
                return self.client.delete(name, models.FilterSelector(**body))
            case "points/query":
                query = models.QueryRequest(**body)
                self.asked.append(query)
                return self.client.query_points(
                    name,
                    query.query,
                    using=query.using,
                    query_filter=query.filter,
                    limit=query.limit,
                    with_payload=query.with_payload,
                )
            case "points/scroll":
                scroll = models.ScrollRequest(**body)
                points, offset = self.client.scroll(
                    name,
                    scroll_filter=scroll.filter,
                    limit=scroll.limit,
                    offset=scroll.offset,
                    with_payload=scroll.with_payload,
                    with_vectors=scroll.with_vector,
                )
                return models.ScrollResult(points=points, next_page_offset=offset)
            case "points/count":
                return self.client.count(name, models.CountRequest(**body).filter)
            case "facet":
                facet = models.FacetRequest(**body)
                return self.client.facet(name, facet.key, limit=facet.limit, exact=True)
        raise ValueError(action)


class Handler(BaseHTTPRequestHandler):
    """Reads a request, lets the stand-in answer it, writes the answer as Qdrant does."""

    server: "StandInServer"

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline()
        if self.raw_requestline and self.parse_request():
            status, value = self.answered()
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def answered(self) -> tuple[int, dict[str, Any]]:
        stand_in = self.server.stand_in
        stand_in.headers.append(dict(self.headers))
        body = self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}"
        path = self.path.partition("?")[0].strip("/").split("/")
        if stand_in.api_key not in {None, self.headers.get("api-key")}:
            return 401, {"status": {"error": "Invalid API key"}}
        try:
            result = stand_in.answer(self.command, path, json.loads(body))
        except UnexpectedResponse as error:
            return error.status_code or 500, {"status": {"error": error.content.decode()}}
        except ValueError as error:
            return 404, {"status": {"error": str(error)}}
        except OSError as error:
            return 500, {"status": {"error": str(error)}}
        if isinstance(result, BaseModel):
            result = result.model_dump(mode="json")
        return 200, {"result": result, "status": "ok", "time": 0.0}

    def log_message(self, *_: object) -> None:
        """Stay silent."""


class StandInServer(ThreadingHTTPServer):
    def __init__(self, stand_in: StandIn, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.stand_in = stand_in
        stand_in.url = f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def stand_in(client: QdrantClient) -> Iterator[StandIn]:
    stand_in = StandIn(client)
    with StandInServer(stand_in) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield stand_in
        server.shutdown()
        thread.join()
