"""The index on a server: its generations, and one that is open."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urldefrag, urlsplit, urlunsplit

from httpx import HTTPTransport
from qdrant_client import QdrantClient, models

from embedder.encoder import EncoderId
from retriever.address import masked
from retriever.engine import Found, Point, check_encoder, check_terms
from retriever.errors import AddressError, RetrieverError
from retriever.filter import Conditions
from retriever.lexical import LEXICAL, VERSION, Sparse
from retriever.schema import (
    CONTENT,
    KEYWORDS,
    METADATA,
    NUMBERS,
    POSITION,
    SOURCE,
    Payload,
)
from retriever.server.link import Link, NotFoundError
from retriever.server.points import dense_vector, filter_of, sparse_vector
from retriever.server.settings import Settings

BATCH = 64
"""Points a request: 64 x 1024 floats are 1.4 MB of JSON, far below the server's 32 MB."""
RETRIES = 3
"""Times that a connection is tried again, within 1.5 seconds: a server may be restarting."""
INDEXING = models.OptimizersConfigDiff(indexing_threshold=10_000)
"""Kilobytes of vectors from which on a segment gets its graph; Qdrant's own default."""
UNINDEXED = models.OptimizersConfigDiff(indexing_threshold=0)
"""A collection that is being filled gets its graph once, in the end."""


class Server:
    """An index on a server: the generations of one name (a `Location`).

    Args:
        client: Of a server.
        name: The published collection's alias.
        address: What to call the server in messages.
        owned: Close the client with the index.
        settings: How collections are made.
    """

    def __init__(
        self,
        client: QdrantClient,
        name: str = "duet",
        *,
        address: str = "Qdrant",
        owned: bool = False,
        settings: Settings | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.link = Link(client, address, owned=owned)
        self._client = client
        self.name = name
        self.previous = f"{name}-previous"
        self.address = address

    @classmethod
    def at(cls, url: str, *, api_key: str | None = None) -> "Server":
        """The server at `http(s)://host:port?settings#name`; connects with the first request.

        The port is 6333 where the URL has none, as qdrant-client has it. For the settings see
        `retriever.server.settings`.

        Raises:
            AddressError: It is no such URL.
        """
        whole, name = urldefrag(url)
        settings = Settings.of(whole)
        bare = urlunsplit(urlsplit(whole)._replace(query=""))
        # The compatibility check would ask the server here, and only warn if there is none.
        try:
            client = QdrantClient(
                url=bare,
                api_key=api_key,
                timeout=settings.timeout,
                check_compatibility=False,
                transport=HTTPTransport(retries=RETRIES),
            )
        except ValueError as error:
            msg = f"{masked(url)} is no URL of a Qdrant server: {error}. Expected http://host:6333"
            raise AddressError(msg) from error
        return cls(client, name or "duet", address=masked(url), owned=True, settings=settings)

    def open(self, encoder: EncoderId) -> "ServerEngine":
        """The published generation, made if there is none."""
        try:
            collection = self.link.aliases().get(self.name)
            if collection is None:
                collection = self._create(encoder)
                self._point({self.name: collection})
            stored, terms = self._made_by(collection)
            check_encoder(self.address, stored=stored, given=encoder)
            check_terms(self.address, terms)
        except BaseException:
            self.link.close()
            raise
        return ServerEngine(self, collection, encoder, published=True)

    def present(self) -> "ServerEngine | None":
        """The published generation, whatever encoder made it; None if there is none."""
        try:
            collection = self.link.aliases().get(self.name)
            encoder = self._made_by(collection)[0] if collection else None
        except BaseException:
            self.link.close()
            raise
        if collection is None or encoder is None:
            self.link.close()
            return None
        return ServerEngine(self, collection, encoder, published=True)

    @contextmanager
    def rebuild(self, encoder: EncoderId) -> Generator["ServerEngine"]:
        """A new generation, published when the block ends cleanly, dropped when it raises.

        Only one rebuild of a name at a time: it also drops what killed rebuilds have left.
        """
        try:
            with self.building(encoder) as engine:
                yield engine
        finally:
            self.link.close()

    @contextmanager
    def building(self, encoder: EncoderId) -> Generator["ServerEngine"]:
        """`rebuild`, but the connection stays open, and the engine is good after the block."""
        self._clean()
        collection = self._create(encoder, UNINDEXED)
        engine = ServerEngine(self, collection, encoder)
        try:
            yield engine
            with self.link.calling(f"index the collection {collection}"):
                self._client.update_collection(collection, optimizers_config=INDEXING)
            former = self.link.aliases().get(self.name)
            self._point({self.name: collection, self.previous: former})
        finally:
            self._clean()

    def rollback(self) -> None:
        """Publish the generation before the published one, which becomes the one before."""
        try:
            aliases = self.link.aliases()
            if self.previous not in aliases:
                msg = f"The index at {self.address} was not rebuilt: nothing to go back to."
                raise RetrieverError(msg)
            self._point({self.name: aliases[self.previous], self.previous: aliases[self.name]})
        finally:
            self.link.close()

    def _point(self, targets: dict[str, str | None]) -> None:
        """Let aliases point to other collections, all in one step."""
        operations: list[models.AliasOperations] = []
        present = self.link.aliases()
        for alias, collection in targets.items():
            if alias in present:
                gone = models.DeleteAlias(alias_name=alias)
                operations.append(models.DeleteAliasOperation(delete_alias=gone))
            if collection is not None:
                new = models.CreateAlias(collection_name=collection, alias_name=alias)
                operations.append(models.CreateAliasOperation(create_alias=new))
        with self.link.calling("publish"):
            self._client.update_collection_aliases(operations)

    def _collections(self) -> set[str]:
        with self.link.calling("list collections"):
            return {found.name for found in self._client.get_collections().collections}

    def _create(
        self, encoder: EncoderId, optimizers: models.OptimizersConfigDiff | None = None
    ) -> str:
        """The name of a new empty collection, its payload indexes there before the first point."""
        taken = self._collections()
        if self.name in taken:
            msg = (
                f"{self.address} has a collection {self.name} that Duet did not make. Choose "
                "another name and put it after the URL: http://host:6333#name"
            )
            raise AddressError(msg)
        collection = next(
            name for n in range(1, len(taken) + 2) if (name := f"{self.name}-{n}") not in taken
        )
        vectors = models.VectorParams(
            size=encoder.dimension,
            distance=models.Distance.COSINE,
            on_disk=bool(self.settings.quantization) or None,
        )
        with self.link.calling(f"make the collection {collection}"):
            self._client.create_collection(
                collection,
                vectors,
                sparse_vectors_config={
                    LEXICAL: models.SparseVectorParams(modifier=models.Modifier.IDF)
                },
                metadata={"duet": {**encoder.stored(), "terms": VERSION}},
                optimizers_config=optimizers,
                shard_number=self.settings.shards or None,
                replication_factor=self.settings.replicas or None,
                quantization_config=self.settings.quantized,
            )
            keyword, integer = models.PayloadSchemaType.KEYWORD, models.PayloadSchemaType.INTEGER
            for field in (*KEYWORDS, SOURCE):
                self._client.create_payload_index(collection, field, keyword)
            for field in (*NUMBERS, POSITION):
                self._client.create_payload_index(collection, field, integer)
        return collection

    def _made_by(self, collection: str) -> tuple[EncoderId, int]:
        """The encoder, and `retriever.lexical.VERSION`, that a collection was made with."""
        stored = self._metadata(collection)
        if stored is None:
            msg = (
                f"The collection {collection} at {self.address} does not say which encoder made "
                "it: it is not Duet's, or the server is older than Qdrant 1.16."
            )
            raise AddressError(msg)
        terms = stored.get("terms", 0)
        return EncoderId.from_stored(stored["fingerprint"], stored["dimension"]), terms

    def _metadata(self, collection: str) -> Payload | None:
        with self.link.calling(f"open the collection {collection}"):
            metadata = self._client.get_collection(collection).config.metadata
        return (metadata or {}).get("duet")

    def _clean(self) -> None:
        """Drop our collections to which no alias points."""
        wanted = set(self.link.aliases().values())
        for collection in self._collections() - wanted:
            stem, _, number = collection.rpartition("-")
            if stem == self.name and number.isdecimal() and self._metadata(collection):
                with self.link.calling(f"drop the collection {collection}"):
                    self._client.delete_collection(collection)


class ServerEngine:
    """One collection, open (an `Engine`).

    Args:
        server: Whose generation it is.
        collection: Its name.
        encoder: The encoder that made it.
        published: Whether the server's alias points to it, not yet while it is built. Then writing
            is refused once that points elsewhere, and closing closes the connection.
    """

    def __init__(
        self, server: Server, collection: str, encoder: EncoderId, *, published: bool = False
    ) -> None:
        self._server = server
        self._link = server.link
        self._published = published
        self._client = server.link.client
        self._collection = collection
        self.address = server.address
        self.encoder = encoder

    def replace(self, points: Sequence[Point], where: Conditions) -> None:
        """Write `points`, then delete every other point that meets `where`."""
        rows = [
            models.PointStruct(
                id=p.id, vector={"": p.vector, LEXICAL: sparse_vector(p.terms)}, payload=p.payload
            )
            for p in points
        ]
        stale = filter_of(where, but=[point.id for point in points])
        self._check_published()
        with self._calling("store documents"):
            self._client.upload_points(self._collection, rows, batch_size=BATCH, wait=True)
            self._client.delete(self._collection, models.FilterSelector(filter=stale), wait=True)

    def delete(self, where: Conditions) -> None:
        """Delete the points that meet `where`."""
        selector = models.FilterSelector(filter=filter_of(where))
        self._check_published()
        with self._calling("delete points"):
            self._client.delete(self._collection, selector, wait=True)

    def search(
        self,
        query: Sequence[float] | Sparse,
        limit: int,
        where: Conditions,
        *,
        among: Sequence[str] = (),
    ) -> list[Found]:
        """The points with the best scores, best first: by cosine similarity, or by BM25."""
        lexical = isinstance(query, Sparse)
        with self._calling("search"):
            found = self._client.query_points(
                self._collection,
                sparse_vector(query) if lexical else list(query),
                using=LEXICAL if lexical else None,
                query_filter=filter_of(where, among=among),
                search_params=None if lexical else self._server.settings.search,
                limit=limit,
                with_payload=not among,
            )
        return [Found(str(point.id), point.payload or {}, point.score) for point in found.points]

    def scan(
        self,
        where: Conditions,
        *,
        among: Sequence[str] = (),
        content: bool = True,
        vectors: bool = False,
    ) -> Iterator[Point]:
        """All points that meet `where`, in no particular order."""
        keys = [CONTENT, METADATA] if content else [METADATA]
        offset = None
        while True:
            with self._calling("read points"):
                records, offset = self._client.scroll(
                    self._collection,
                    scroll_filter=filter_of(where, among=among),
                    limit=BATCH,
                    offset=offset,
                    with_payload=keys,
                    with_vectors=vectors,
                )
            for record in records:
                yield Point(str(record.id), record.payload or {}, dense_vector(record))
            if offset is None:
                return

    def count(self, where: Conditions) -> int:
        """How many points meet `where`."""
        with self._calling("count"):
            return self._client.count(self._collection, filter_of(where), exact=True).count

    def facet(self, field: str) -> dict[str, int]:
        """How many points there are for each value of one of `KEYWORDS`."""
        limit = max(1, self.count({}))  # no value has less than one point
        with self._calling("count"):
            hits = self._client.facet(self._collection, field, limit=limit, exact=True).hits
        return {str(hit.value): hit.count for hit in hits}

    def measured(self, name: str) -> float | None:
        """What `note` was told."""
        with self._calling("read what was measured"):
            metadata = self._client.get_collection(self._collection).config.metadata
        value = (metadata or {}).get(f"duet {name}")
        return value if isinstance(value, float) else None

    def note(self, name: str, value: float) -> None:
        """Keep a figure in the collection's metadata."""
        with self._calling("keep what was measured"):
            self._client.update_collection(self._collection, metadata={f"duet {name}": value})

    def compact(self) -> None:
        """Do nothing: a server optimizes its segments all the time."""

    @contextmanager
    def successor(self, encoder: EncoderId) -> Generator["ServerEngine"]:
        """A new generation that takes the place of this one when the block ends cleanly."""
        self._check_published()
        with self._server.building(encoder) as engine:
            yield engine
        engine.publish()

    def publish(self) -> None:
        """From now on the server's alias points here."""
        self._published = True
        self._link.share()

    def close(self) -> None:
        """Close the client if it is ours; a second call does nothing."""
        if self._published:
            self._published = False
            self._link.close()

    def _check_published(self) -> None:
        """Refuse to write where nobody would read."""
        if not self._published:
            return
        if self._link.aliases().get(self._server.name) != self._collection:
            raise self._rebuilt()

    @contextmanager
    def _calling(self, action: str) -> Generator[None]:
        """`Link.calling`; a collection that is gone was replaced, and by another process."""
        try:
            with self._link.calling(action):
                yield
        except NotFoundError as error:
            raise self._rebuilt() from error

    def _rebuilt(self) -> RetrieverError:
        return RetrieverError(
            f"The index at {self.address} was rebuilt by another process; restart this program to "
            "use the new one."
        )
