"""What only a server's index does; see conftest for what stands in for the server."""

import socket
import threading

import pytest
from langchain_core.embeddings import Embeddings
from langchain_qdrant import QdrantVectorStore
from qdrant_client import models

from embedder.encoder import EncoderId
from retriever import Index, open_index, rebuild
from retriever.errors import (
    AddressError,
    OutdatedIndexError,
    RetrieverError,
    ServerUnreachableError,
)
from retriever.server import Server
from tests.retriever.conftest import StandIn, StandInServer

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")

ENCODER = EncoderId("model", "1", 8)


class Deterministic(Embeddings):
    def __init__(self, vector):
        self.vector = vector

    def embed_query(self, text):
        return self.vector(text).tolist()

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


def test_langchain_reads_the_collection_as_it_is(client, document, vector):
    index = Index(Server(client, "papers").open(ENCODER))
    for name in "ab":
        stored = document(f"/docs/{name}.txt", [f"{name} one", f"{name} two"])
        index.replace_document(stored.chunks, stored.vectors)
    store = QdrantVectorStore(client, "papers", Deterministic(vector))
    best = store.similarity_search("a two", k=1)[0]
    assert best.page_content == "a two"
    assert best.metadata["source"] == "/docs/a.txt"
    assert best.metadata["page"] == 2
    source = models.FieldCondition(
        key="metadata.source", match=models.MatchValue(value="/docs/b.txt")
    )
    found = store.similarity_search("a two", k=4, filter=models.Filter(must=[source]))
    assert {each.page_content for each in found} == {"b one", "b two"}


def test_nobody_at_the_address_is_one_clear_line():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(ServerUnreachableError) as caught:
            open_index(url, ENCODER)
    assert url in str(caught.value)
    assert "docker compose up" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection:UserWarning")
def test_the_api_key_is_sent_and_a_wrong_one_is_said(stand_in, document):
    stand_in.api_key = "secret"
    with pytest.raises(ServerUnreachableError, match="DUET_QDRANT_API_KEY"):
        open_index(stand_in.url, ENCODER, api_key="wrong")
    stored = document("/docs/a.txt", ["one"])
    with open_index(stand_in.url, ENCODER, api_key="secret") as index:
        index.replace_document(stored.chunks, stored.vectors)
        assert index.chunks(stored.id) == stored.chunks
    keys = {headers["api-key"] for headers in stand_in.headers}
    assert keys == {"wrong", "secret"}


def test_a_url_may_name_the_collection(stand_in, client, document):
    stored = document("/docs/a.txt", ["one"])
    with open_index(f"{stand_in.url}#papers", ENCODER) as index:
        index.replace_document(stored.chunks, stored.vectors)
        assert index.address == f"{stand_in.url}#papers"
    with open_index(stand_in.url, ENCODER) as index:
        assert index.documents() == []
    assert client.count("papers").count == 1


def test_a_url_says_how_collections_are_kept(stand_in, document, vector):
    url = f"{stand_in.url}?shards=4&replicas=2&quantization=int8&timeout=5#papers"
    stored = document("/docs/a.txt", ["one pump"])
    with open_index(url, ENCODER) as index:
        index.replace_document(stored.chunks, stored.vectors)
        assert index.search(vector("x"), 1, text="pump")[0].chunk.text == "one pump"
    [made] = stand_in.made
    assert (made.shard_number, made.replication_factor) == (4, 2)
    assert made.quantization_config.scalar.type == "int8"
    assert made.vectors.on_disk
    rescored = {query.params.quantization.rescore for query in stand_in.asked if query.params}
    assert rescored == {True}


def test_without_settings_the_server_decides(stand_in, vector):
    with open_index(stand_in.url, ENCODER) as index:
        index.search(vector("x"), 1, text="pump")
    [made] = stand_in.made
    assert made.shard_number is made.replication_factor is made.quantization_config is None
    assert all(query.params is None for query in stand_in.asked)


def test_a_collection_gets_its_graph_when_it_is_filled(stand_in, document):
    stored = document("/docs/a.txt", ["one"])
    with rebuild(stand_in.url, ENCODER) as index:
        index.replace_document(stored.chunks, stored.vectors)
        assert stand_in.made[0].optimizers_config.indexing_threshold == 0
        assert not stand_in.updated
    assert stand_in.updated[0].optimizers_config.indexing_threshold > 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("shards=none", "shards=NUMBER"),
        ("replicas=0", "replicas=NUMBER"),
        ("quantization=int4", "quantization=int8 or binary"),
        ("sharding=2", "shards, replicas, quantization, timeout"),
    ],
)
def test_a_setting_that_there_is_not_is_named(query, expected):
    with pytest.raises(AddressError, match=f"expected {expected}.* found {query}"):
        open_index(f"http://127.0.0.1:1?{query}", ENCODER)


def test_a_server_that_is_just_starting_is_waited_for(client):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    servers = []

    def start():
        servers.append(StandInServer(StandIn(client), port))
        servers[0].serve_forever(poll_interval=0.01)

    starting = threading.Timer(0.2, start)
    starting.start()
    with open_index(f"http://127.0.0.1:{port}", ENCODER) as index:
        assert index.info().documents == 0
    servers[0].shutdown()
    starting.join()
    servers[0].server_close()


def test_collections_of_others_are_neither_used_nor_dropped(stand_in, client):
    vectors = models.VectorParams(size=8, distance=models.Distance.COSINE)
    for name in ("duet-7", "duet-x", "theirs"):
        client.create_collection(name, vectors)
    with rebuild(stand_in.url, ENCODER), rebuild(f"{stand_in.url}#theirs-too", ENCODER):
        pass
    with pytest.raises(AddressError, match="a collection theirs that Duet did not make"):
        open_index(f"{stand_in.url}#theirs", ENCODER)
    alias = models.CreateAlias(collection_name="theirs", alias_name="mine")
    client.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])
    with pytest.raises(AddressError, match=r"not Duet's, or .* older than Qdrant 1\.16"):
        open_index(f"{stand_in.url}#mine", ENCODER)
    assert {"duet-7", "duet-x", "theirs"} <= {c.name for c in client.get_collections().collections}


def test_old_generations_are_dropped_but_the_one_before_is_kept(client):
    server = Server(client)
    for n in range(4):
        with server.rebuild(EncoderId("model", str(n), 8)):
            pass
    assert len(client.get_collections().collections) == 2
    assert server.open(EncoderId("model", "3", 8)).encoder.label == "model@3"
    server.rollback()
    assert server.open(EncoderId("model", "2", 8)).encoder.label == "model@2"


def test_an_open_index_stays_with_its_encoder_when_another_is_published(client, document):
    server = Server(client)
    stored = document("/docs/a.txt", ["one"])
    index = Index(server.open(EncoderId("model", "1", 8)))
    index.replace_document(stored.chunks, stored.vectors)
    with server.rebuild(EncoderId("other", "2", 8)):
        pass
    assert index.chunks(stored.id) == stored.chunks
    for write in (
        lambda: index.replace_document(stored.chunks, stored.vectors),
        lambda: index.delete_documents([stored.id]),
    ):
        with pytest.raises(RetrieverError, match="rebuilt by another process; restart"):
            write()
    server.rollback()
    index.delete_documents([stored.id])


@pytest.mark.parametrize("place", ["local", "http"], indirect=True)
def test_a_collection_that_later_rebuilds_dropped_is_told_as_that(place, document):
    index = place.open()
    stored = document("/docs/a.txt", ["one"])
    for _ in range(2):
        with place.rebuild():
            pass
    for use in (
        index.info,
        index.documents,
        lambda: index.search(stored.vectors[0], 1),
        lambda: index.replace_document(stored.chunks, stored.vectors),
    ):
        with pytest.raises(RetrieverError, match="rebuilt by another process; restart"):
            use()
    index.close()


def test_an_error_of_the_server_is_passed_on_in_its_words(stand_in, monkeypatch):
    with open_index(stand_in.url, ENCODER) as index:
        monkeypatch.setattr(stand_in, "answer_points", _disk_is_full)
        with pytest.raises(RetrieverError, match=r"could not count: 500 .*disk is full"):
            index.info()


def _disk_is_full(*_: object) -> None:
    raise OSError("disk is full")


def test_a_collection_from_before_the_search_by_words_says_so(client, document, vector):
    client.create_collection(
        "duet-1",
        models.VectorParams(size=8, distance=models.Distance.COSINE),
        metadata={"duet": ENCODER.stored()},
    )
    alias = models.CreateAlias(collection_name="duet-1", alias_name="duet")
    client.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])
    with pytest.raises(OutdatedIndexError, match=r"python -m ingest FOLDER --rebuild"):
        Server(client).open(ENCODER)
    stored = document("/docs/a.txt", ["one pump"])
    with Server(client).rebuild(ENCODER) as engine:
        Index(engine).replace_document(stored.chunks, stored.vectors)
    index = Index(Server(client).open(ENCODER))
    assert index.search(vector("x"), 1, text="pump", mode="lexical")[0].chunk.text == "one pump"
