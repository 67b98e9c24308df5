"""The index as the rest of the program sees it: documents go in, hits come out.

What a document is, when it is complete and how it is replaced is decided here, once; an `Engine`
(Qdrant Edge in a folder, or a Qdrant server) only stores, filters and scores points.
"""

import logging
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Self

import numpy as np
from numpy.typing import NDArray

from embedder.encoder import EncoderId
from retriever.engine import GRAPH_LIMIT, Engine, Point, check_encoder
from retriever.errors import InvalidVectorError, RetrieverError
from retriever.filter import Filter, Interval
from retriever.lexical import Sparse, passage_vector, question_vector
from retriever.schema import (
    CONTENT,
    DOCUMENT_ID,
    METADATA,
    POSITION,
    Chunk,
    DocumentRecord,
    Payload,
)
from retriever.search import CANDIDATES, Candidate, Mode, search

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found.

    Attributes:
        chunk: The best of those with its text.
        score: Its cosine similarity to the question, -1 to 1.
        lexical: Its BM25 score; 0 without a common term, or if the search was dense.
        copies: Other chunks with the same text.
    """

    chunk: Chunk
    score: float
    lexical: float = 0.0
    copies: tuple[Chunk, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexInfo:
    """An index in figures.

    Attributes:
        address: Folder or URL.
        encoder: Whose vectors it holds.
        documents: How many documents it has.
        chunks: How many chunks they have together.
    """

    address: str
    encoder: EncoderId
    documents: int
    chunks: int


class Index:
    """Documents and their vectors, searchable; `open_index` and `rebuild` make one.

    All methods may be called from any thread. Use as a context manager, or call `close`.
    Whatever a method has written when it returns survives a kill of the process.

    Attributes:
        address: Folder or URL.
        encoder: Whose vectors it holds.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._measured: dict[str, float] = {}
        self.address = engine.address
        self.encoder = engine.encoder

    def check_encoder(self, encoder: EncoderId) -> None:
        """Refuse an encoder whose vectors cannot be compared with those of the index.

        Raises:
            EncoderMismatchError: The index was made by another one.
        """
        check_encoder(self.address, stored=self.encoder, given=encoder)

    def replace_document(self, chunks: Sequence[Chunk], vectors: NDArray[np.float32]) -> None:
        """Write a document, and drop what the index had of it before.

        Args:
            chunks: All chunks of one document and version, in order of position from 0.
            vectors: `[len(chunks), dimension]`, finite; row i belongs to chunk i.

        Raises:
            InvalidVectorError: The vectors have the wrong shape or are not finite.
            ValueError: The chunks are not those of one document.
        """
        self.replace_documents([(chunks, vectors)])

    def replace_documents(
        self, documents: Sequence[tuple[Sequence[Chunk], NDArray[np.float32]]]
    ) -> None:
        """Write several documents at once: waiting for the disk is most of the work of a small one.

        The new chunks are written first, so that the documents can be found all the time. If the
        process is killed in between, `documents` reports them as not complete.

        Args:
            documents: Different documents, each as for `replace_document`.

        Raises:
            InvalidVectorError: See `replace_document`; nothing was written.
            ValueError: See `replace_document`; nothing was written.
        """
        points = [point for chunks, vectors in documents for point in self._points(chunks, vectors)]
        if points:
            self._engine.replace(points, {DOCUMENT_ID: [c[0].document_id for c, _ in documents]})

    def _points(self, chunks: Sequence[Chunk], vectors: NDArray[np.float32]) -> list[Point]:
        _check_document(chunks)
        rows = _checked(vectors, (len(chunks), self.encoder.dimension), chunks[0].source).tolist()
        return [
            Point(chunk.id, chunk.to_payload(chunks=len(chunks)), row, _terms(chunk))
            for chunk, row in zip(chunks, rows, strict=True)
        ]

    def delete_documents(self, document_ids: Iterable[str]) -> None:
        """Remove documents with all their chunks; unknown ids are no error."""
        ids = list(document_ids)
        if ids:
            self._engine.delete({DOCUMENT_ID: ids})

    def documents(self) -> list[DocumentRecord]:
        """Every document, sorted by source."""
        heads = {
            _id(point.payload): point for point in self._engine.scan({POSITION: 0}, content=False)
        }
        records: list[DocumentRecord] = []
        for document, count in self._engine.facet(DOCUMENT_ID).items():
            head = heads.get(document)
            if head is not None and head.payload[METADATA]["chunks"] == count:
                records.append(DocumentRecord.from_payload(head.payload, complete=True))
            else:
                records.extend(self._examined(document))
        return sorted(records, key=lambda record: record.source)

    def _examined(self, document: str) -> list[DocumentRecord]:
        """The record of a document whose first chunk and number of points do not agree.

        Empty if it is gone: somebody may be writing at this moment.
        """
        found = [p.payload for p in self._engine.scan({DOCUMENT_ID: document}, content=False)]
        if not found:
            return []
        versions = {payload[METADATA]["version"] for payload in found}
        complete = len(versions) == 1 and len(found) == found[0][METADATA]["chunks"]
        return [DocumentRecord.from_payload(found[0], complete=complete)]

    def chunks(self, document_id: str) -> list[Chunk]:
        """A document's chunks in order of position; empty if there is no such document."""
        points = self._engine.scan({DOCUMENT_ID: document_id})
        found = [Chunk.from_payload(point.payload) for point in points]
        return sorted(found, key=lambda chunk: chunk.position)

    def vectors(self, document_id: str) -> NDArray[np.float32]:
        """A document's vectors `[chunks, dimension]` in order of position, L2-normalised.

        They spare the forward pass for a file that moved or that is there twice.
        """
        points = list(self._engine.scan({DOCUMENT_ID: document_id}, content=False, vectors=True))
        points.sort(key=lambda point: point.payload[METADATA]["position"])
        rows = [point.vector for point in points]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.encoder.dimension)

    def vectors_of(self, chunks: Sequence[Chunk]) -> NDArray[np.float32]:
        """The vectors of some chunks `[chunks, dimension]`, L2-normalised, in their order.

        A chunk that is gone from the index has a row of zeros.
        """
        names = [chunk.id for chunk in chunks]
        points = self._engine.scan({}, among=names, content=False, vectors=True) if names else ()
        found = {point.id: point.vector for point in points}
        rows = np.zeros((len(names), self.encoder.dimension), dtype=np.float32)
        for row, name in zip(rows, names, strict=True):
            if name in found:
                row[:] = found[name]
        return rows

    def sample(self, most: int) -> tuple[list[Chunk], NDArray[np.float32]]:
        """Some passages and their vectors `[n, dimension]`, from all documents alike; all if few.

        Args:
            most: How many at most.
        """
        points = islice(self._engine.scan({}, vectors=True), most)  # by id, which is a hash
        found = [(Chunk.from_payload(point.payload), point.vector) for point in points]
        rows = np.array([vector for _, vector in found], dtype=np.float32)
        return [chunk for chunk, _ in found], rows.reshape(len(found), self.encoder.dimension)

    def neighbours(self, chunk: Chunk, reach: int = 1) -> list[Chunk]:
        """The passages before and after one of the same document, in reading order, without it.

        Args:
            chunk: Of a hit, for example.
            reach: At most so many on each side.
        """
        window = Interval(chunk.position - reach, chunk.position + reach + 1)
        points = self._engine.scan({DOCUMENT_ID: chunk.document_id, POSITION: window})
        found = (Chunk.from_payload(point.payload) for point in points)
        # Of a version that has been written meanwhile nothing stands next to it.
        beside = [c for c in found if c.version == chunk.version and c.position != chunk.position]
        return sorted(beside, key=lambda each: each.position)

    def search(
        self,
        vector: NDArray[np.float32],
        k: int,
        where: Filter | None = None,
        *,
        text: str = "",
        mode: Mode = "hybrid",
    ) -> list[Hit]:
        """The `k` chunks of different text that answer a question best, best first.

        Args:
            vector: The question's, `[dimension]`, finite; need not be normalised.
            k: At least 1.
            where: Only chunks that this filter lets through.
            text: The question's words; without any, hybrid search is dense search.
            mode: What finds and orders; see `retriever.search`.

        Raises:
            InvalidVectorError: The vector has the wrong width or is not finite.
        """
        if k < 1:
            msg = f"k is the number of hits wanted and at least 1, not {k}"
            raise ValueError(msg)
        query = _checked(vector, (self.encoder.dimension,), "the query").tolist()
        terms = question_vector(text)
        conditions = (where or Filter()).conditions()
        limit = max(k, CANDIDATES)
        while True:
            found = search(self._engine, query, terms, limit, conditions, mode)
            hits = _without_copies(found)
            # More copies of a few texts than there are candidates: look at more.
            if len(hits) >= k or len(found) < limit:
                return hits[:k]
            limit *= 4

    def count(self) -> int:
        """How many chunks there are."""
        return self._engine.count({})

    def info(self) -> IndexInfo:
        """The index in figures."""
        return IndexInfo(
            address=self.address,
            encoder=self.encoder,
            documents=len(self._engine.facet(DOCUMENT_ID)),
            chunks=self.count(),
        )

    def measured(self, name: str) -> float | None:
        """What `note` was told under this name, now or by an earlier process; None for nothing."""
        if name not in self._measured and (value := self._engine.measured(name)) is not None:
            self._measured[name] = value
        return self._measured.get(name)

    def note(self, name: str, value: float) -> None:
        """Keep a figure that was measured on the index, and can be measured again if it is lost."""
        self._measured[name] = value
        try:
            self._engine.note(name, value)
        except RetrieverError as error:
            _logger.warning("%s was measured, but not kept: %s", name, error)

    def compact(self) -> None:
        """Free the space of deleted points and, above `GRAPH_LIMIT` chunks, build the graph.

        Without a graph 3 s for 100,000 x 576. Searching goes on meanwhile, writing waits. A server
        does this by itself: there it does nothing.
        """
        self._engine.compact()

    def compact_if_large(self) -> None:
        """`compact` above `GRAPH_LIMIT` chunks, where the graph is what makes search fast."""
        if self._engine.count({}) > GRAPH_LIMIT:
            self._engine.compact()

    @contextmanager
    def successor(self, encoder: EncoderId) -> Generator["Index"]:
        """Build an index anew beside this one, and put it in its place at the end.

        Yields an empty index. When the block ends cleanly it is published in one step, stays open,
        and is to be closed like this one; when it raises, it is dropped and nothing has changed.
        This one goes on answering. Writing to it waits for the end of the block in a folder, and
        is lost on a server; afterwards it is refused.

        Args:
            encoder: Of the new one.
        """
        with self._engine.successor(encoder) as engine:
            yield Index(engine)

    def close(self) -> None:
        """Release the index, in a folder with its lock."""
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _terms(chunk: Chunk) -> Sparse:
    return passage_vector("\n".join((*chunk.above, chunk.text)))


def _without_copies(found: Sequence[Candidate]) -> list[Hit]:
    """The same text counts once, its other places go with the first."""
    chunks: dict[str, list[Chunk]] = {}
    scores: dict[str, Candidate] = {}
    for candidate in found:
        text = candidate.payload[CONTENT]
        chunks.setdefault(text, []).append(Chunk.from_payload(candidate.payload))
        scores.setdefault(text, candidate)
    return [
        Hit(first, scores[text].dense, scores[text].lexical, tuple(copies))
        for text, (first, *copies) in chunks.items()
    ]


def _id(payload: Payload) -> str:
    return payload[METADATA]["document_id"]


def _check_document(chunks: Sequence[Chunk]) -> None:
    if not chunks:
        msg = "A document has at least one chunk; to remove one, call delete_documents"
        raise ValueError(msg)
    first = chunks[0]
    for position, chunk in enumerate(chunks):
        found = (chunk.document_id, chunk.version, chunk.position)
        if found != (first.document_id, first.version, position):
            msg = (
                f"Expected chunk {position} of {first.source} in version {first.version}, got "
                f"chunk {chunk.position} of {chunk.source} in version {chunk.version}"
            )
            raise ValueError(msg)


def _checked(
    vectors: NDArray[np.float32], shape: tuple[int, ...], what: str
) -> NDArray[np.float32]:
    """Vectors of the expected shape and finite: Qdrant Edge stores NaN and never returns it."""
    if vectors.shape != shape:
        msg = f"Expected vectors of shape {list(shape)} for {what}, got {list(vectors.shape)}"
        raise InvalidVectorError(msg)
    if not np.isfinite(vectors).all():
        msg = f"The encoder gave numbers that are not finite for {what}; nothing was written"
        raise InvalidVectorError(msg)
    return vectors.astype(np.float32, copy=False)
