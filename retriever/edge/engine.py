"""The index in a folder: Qdrant Edge, the engine itself in this process, no server.

Edge is beta and pinned. What was measured of it and shapes this module: a kill loses nothing that
`update` has acknowledged, but only `flush` survives a power cut; one `update` is all or nothing;
queries do not run in parallel, so one lock round each call costs nothing, and makes it safe to
swap the shard for a compacted one; every error is a bare `Exception`.
"""

import math
import shutil
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import qdrant_edge as edge
from qdrant_edge import UpdateOperation

from embedder.encoder import EncoderId
from retriever.edge import generations, soundness
from retriever.edge.files import REINDEX, GenerationFolder, Manifest, Pointer
from retriever.edge.points import filter_of, sparse_vector
from retriever.engine import Found, Point, check_encoder, check_terms
from retriever.errors import IndexDamagedError, RetrieverError
from retriever.filter import Conditions
from retriever.lexical import LEXICAL, Sparse
from retriever.schema import CONTENT, METADATA

PAGE = 1_000
_EXACT_LIMIT = 20_000
"""Points up to which vectors are compared as they are. Above, all are compared by 4 bits a number,
and the best again as they are: of 100,000 x 576 in 2 ms instead of 7, and the same ten for each of
100 questions."""
_RESCORED = edge.QuantizationSearchParams(rescore=True, oversampling=3.0)


class EdgeFolder:
    """An embedded index: the generations in one folder (a `Location`)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, encoder: EncoderId) -> "EdgeEngine":
        """The published generation, made if there is none; the folder is locked until `close`."""
        folder = GenerationFolder(self.path)
        try:
            if folder.pointer.current is None:
                folder.publish(Pointer(generations.create(folder, encoder)))
            name = str(folder.pointer.current)
            return EdgeEngine(folder, name, encoder, published=True)
        except BaseException:
            folder.close()
            raise

    def present(self) -> "EdgeEngine | None":
        """The published generation, whatever encoder made it; None if there is none."""
        folder = GenerationFolder(self.path)
        try:
            name = folder.pointer.current
            if name is not None:
                return EdgeEngine(folder, name, None, published=True)
        except BaseException:
            folder.close()
            raise
        folder.close()
        return None

    @contextmanager
    def rebuild(self, encoder: EncoderId) -> Generator["EdgeEngine"]:
        """A new generation, published when the block ends cleanly, dropped when it raises."""
        folder = GenerationFolder(self.path)
        try:
            engine = EdgeEngine(folder, generations.create(folder, encoder), encoder)
            try:
                yield engine
            finally:
                engine.close()
            folder.publish(Pointer(engine.generation, previous=folder.pointer.current))
        finally:
            folder.clean()
            folder.close()

    def rollback(self) -> None:
        """Publish the generation before the published one, which becomes the one before."""
        folder = GenerationFolder(self.path)
        try:
            if folder.pointer.previous is None:
                msg = f"The index in {self.path} was not rebuilt: nothing to go back to."
                raise RetrieverError(msg)
            folder.publish(Pointer(folder.pointer.previous, previous=folder.pointer.current))
        finally:
            folder.close()


class EdgeEngine:
    """One generation, open (an `Engine`).

    Args:
        folder: Where the generation lies, locked.
        generation: Its name.
        encoder: The encoder that it must be of; None for any.
        published: Whether the folder's pointer points to it, not yet while it is built. Then
            writing is refused once that points elsewhere, and closing releases the folder.

    Raises:
        EncoderMismatchError: It is of another encoder.
        IndexDamagedError: Files are torn, or there are fewer chunks than were written.
    """

    def __init__(
        self,
        folder: GenerationFolder,
        generation: str,
        encoder: EncoderId | None,
        *,
        published: bool = False,
    ) -> None:
        self._folder = folder
        self._published = False  # until it is open: whoever opens it closes the folder if not
        self.generation = generation
        self.address = str(folder.path)
        self._manifest = Manifest.read(folder.generation(generation))
        self.encoder = self._manifest.encoder
        if encoder is not None:
            check_encoder(self.address, stored=self.encoder, given=encoder)
            check_terms(self.address, self._manifest.terms)
        self._writing = threading.Lock()  # held by one writer, or by a compaction, at a time
        self._calling = threading.Lock()  # held for one call of the shard
        self._shard: edge.EdgeShard | None = self._load(generation)
        self._check_complete()
        self._check_vectors()
        self._published = published

    def replace(self, points: Sequence[Point], where: Conditions) -> None:
        """Write `points`, then delete every other point that meets `where`."""
        rows = [
            edge.Point(p.id, {"": p.vector, LEXICAL: sparse_vector(p.terms)}, p.payload)
            for p in points
        ]
        with self._writing:
            self._check_writable()
            with self._shard_for("store documents", writes=True) as shard:
                shard.update(UpdateOperation.upsert_points(rows))
            self._drop(filter_of(where, but={point.id for point in points}))

    def delete(self, where: Conditions) -> None:
        """Delete the points that meet `where`."""
        with self._writing:
            self._check_writable()
            self._drop(filter_of(where))

    def search(
        self,
        query: Sequence[float] | Sparse,
        limit: int,
        where: Conditions,
        *,
        among: Sequence[str] = (),
    ) -> list[Found]:
        """The points with the best scores, best first: by cosine similarity, or by BM25."""
        with self._shard_for("search") as shard:
            exact = bool(among) or shard.info().points_count <= _EXACT_LIMIT
            request = edge.QueryRequest(
                limit=limit,
                query=edge.Query.Nearest(sparse_vector(query), using=LEXICAL)
                if isinstance(query, Sparse)
                else edge.Query.Nearest(list(query)),
                filter=filter_of(where, among=among),
                with_payload=not among,
                params=edge.SearchParams(exact=exact, quantization=_RESCORED),
            )
            found = shard.query(request)
        highest = math.inf if isinstance(query, Sparse) else 1.0  # float16 may round it above
        return [
            Found(
                str(point.id),
                {} if among else soundness.sound(point.payload, self.address),
                min(point.score, highest),
            )
            for point in found
        ]

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
            request = edge.ScrollRequest(
                offset=offset,
                limit=PAGE,
                filter=filter_of(where, among=among),
                with_payload=keys,
                with_vector=[""] if vectors else False,
            )
            with self._shard_for("read points") as shard:
                records, offset = shard.scroll(request)
            for record in records:
                vector = cast("list[float] | None", record.vector)  # the unnamed one alone
                yield Point(
                    str(record.id), soundness.sound(record.payload, self.address), vector or []
                )
            if offset is None:
                return

    def count(self, where: Conditions) -> int:
        """How many points meet `where`."""
        with self._shard_for("count") as shard:
            return _count(shard, filter_of(where))

    def facet(self, field: str) -> dict[str, int]:
        """How many points there are for each value of one of `KEYWORDS`."""
        with self._shard_for("count") as shard:
            limit = max(1, _count(shard))  # no value has less than one point
            hits = shard.facet(edge.FacetRequest(field, limit=limit, exact=True)).hits
            return {str(hit.value): hit.count for hit in hits if hit.count}

    def measured(self, name: str) -> float | None:
        """What `note` was told."""
        return self._manifest.measured.get(name)

    def note(self, name: str, value: float) -> None:
        """Keep a figure in the manifest; while a compaction goes on it is not worth waiting for."""
        if self._writing.acquire(blocking=False):
            try:
                self._check_writable()
                self._keep(measured={**self._manifest.measured, name: value})
            finally:
                self._writing.release()

    def compact(self) -> None:
        """Optimize a copy in a process of its own, then put it in this generation's place."""
        with self._writing:
            self._check_writable()
            with self._shard_for("flush", writes=True) as shard:
                shard.flush()
            old = self._folder.generation(self.generation)
            new = self._folder.new_generation()
            try:
                generations.copy_optimized(old, new)
            except BaseException:
                shutil.rmtree(new)
                raise
            self._swap(new.name)
            shutil.rmtree(old)

    @contextmanager
    def successor(self, encoder: EncoderId) -> Generator["EdgeEngine"]:
        """A new generation that takes the place of this one when the block ends cleanly."""
        with self._writing:  # the new one would not have what is written meanwhile
            self._check_writable()
            engine = EdgeEngine(self._folder, generations.create(self._folder, encoder), encoder)
            try:
                yield engine
                self._folder.publish(Pointer(engine.generation, previous=self.generation))
            except BaseException:
                engine.close()
                raise
            finally:
                self._folder.clean()
            self._folder.share()
            engine.publish()

    def publish(self) -> None:
        """From now on the folder's pointer points here."""
        self._published = True

    def close(self) -> None:
        """Close the shard; a second call does nothing."""
        with self._writing, self._calling:
            if self._shard is not None:
                self._shard.close()
                self._shard = None
            if self._published:
                self._published = False
                self._folder.close()

    def _check_writable(self) -> None:
        """Refuse to write where nobody would read, or where there is no room."""
        if self._published and self._folder.pointer.current != self.generation:
            msg = f"The index in {self.address} was rebuilt; open it again to use the new one."
            raise RetrieverError(msg)
        self._folder.check_room()

    def _swap(self, generation: str) -> None:
        """Go over to another generation with the same points, and publish it if this one was."""
        shard = self._load(generation)
        with self._shard_for("swap generations") as former:
            if self._folder.pointer.current == self.generation:
                self._folder.publish(Pointer(generation, self._folder.pointer.previous))
            self.generation, self._shard = generation, shard
            former.close()

    def _drop(self, stale: edge.Filter) -> None:
        """Delete points, flush, and keep the manifest's count a lower bound at every instant."""
        with self._shard_for("count") as shard:
            total = _count(shard)
            dropped = _count(shard, stale)
        if dropped:
            self._remember(min(self._manifest.chunks, total - dropped))
            with self._shard_for("delete points", writes=True) as shard:
                shard.update(UpdateOperation.delete_points_by_filter(stale))
        with self._shard_for("flush", writes=True) as shard:
            shard.flush()
        self._remember(total - dropped)

    def _remember(self, chunks: int) -> None:
        if chunks != self._manifest.chunks:
            self._keep(chunks=chunks)

    def _keep(self, **changes: Any) -> None:
        manifest = replace(self._manifest, **changes)
        manifest.write(self._folder.generation(self.generation))
        self._manifest = manifest

    def _load(self, generation: str) -> edge.EdgeShard:
        self._folder.check_room()
        path = self._folder.generation(generation) / "shard"
        try:
            return edge.EdgeShard.load(str(path))
        except BaseException as error:
            _let_pass(error)
            msg = f"Qdrant Edge cannot open {path}: {error}. {REINDEX}"
            raise IndexDamagedError(msg) from error

    def _check_complete(self) -> None:
        found, written = self.count({}), self._manifest.chunks
        if found < written:
            self.close()
            msg = (
                f"The index in {self.address} has {found:,} chunks, but {written:,} were written: "
                f"the disk lost some. {REINDEX}"
            )
            raise IndexDamagedError(msg)

    def _check_vectors(self) -> None:
        with self._shard_for("read vectors") as shard:
            records, _ = shard.scroll(soundness.SAMPLE)
        try:
            soundness.check_vectors(records, self.address)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def _shard_for(self, action: str, *, writes: bool = False) -> Generator[edge.EdgeShard]:
        """The shard for one call, whose failure says what we were about to do, and where.

        Raises:
            RetrieverError: It is closed, or cannot be written.
            IndexDamagedError: It cannot be read, or Edge panics: its files are not what it wrote.
        """
        with self._calling:
            if self._shard is None:
                msg = f"The index in {self.address} is closed: cannot {action}"
                raise RetrieverError(msg)
            try:
                yield self._shard
            except BaseException as error:
                _let_pass(error)
                msg = f"The index in {self.address} could not {action}: {error}"
                if writes and isinstance(error, Exception):
                    raise RetrieverError(msg) from error
                msg = f"{msg}. {REINDEX}"
                raise IndexDamagedError(msg) from error


def _let_pass(error: BaseException) -> None:
    """Raise what did not come from Edge; a damaged file may make it panic, with a BaseException."""
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error


def _count(shard: edge.EdgeShard, where: edge.Filter | None = None) -> int:
    return shard.count(edge.CountRequest(filter=where, exact=True))
