"""The same passages for another encoder, or for another place."""

from collections.abc import Callable, Iterator
from pathlib import Path

from embedder.encoder import Encoder
from embedder.errors import TextTooLongError
from retriever.address import index_folder, masked, present_documents, rebuild
from retriever.errors import RetrieverError
from retriever.index import Index
from retriever.schema import Chunk, DocumentRecord
from retriever.titles import Titles

BATCH_CHUNKS = 64
"""For one call of the encoder and one write; a document is never divided."""


def reindex(
    index: Index, model: Encoder, *, progress: Callable[[int], None] | None = None
) -> Index:
    """Embed all passages of an index anew, without their files, and put the result in its place.

    `index` goes on answering, with its own encoder, until it is closed; see `Index.successor` for
    what is written to it meanwhile. The former index is kept for `rollback`.

    Args:
        index: Any encoder may have made it, and it may be outdated.
        model: The new encoder; may be the same one.
        progress: Called with the number of chunks that are done, in this thread.

    Returns:
        The new index, open. Documents that a killed writer left incomplete are not in it.

    Raises:
        TextTooLongError: A passage was cut for an encoder that accepts more; nothing has changed.
    """
    titles = Titles(model.count_tokens, model.max_tokens)
    done = 0
    with index.successor(model.id) as new:
        for documents in _batches(index):
            chunks = [chunk for document in documents for chunk in document]
            try:
                vectors = model.encode_documents(
                    [chunk.text for chunk in chunks], [titles.of(chunk) for chunk in chunks]
                )
            except TextTooLongError as error:
                msg = (
                    f"{error}. The passages in {index.address} were cut for another model; cut "
                    "them anew: python -m ingest FOLDER --rebuild"
                )
                raise TextTooLongError(msg) from error
            place = 0
            parts = []
            for document in documents:
                parts.append((document, vectors[place : place + len(document)]))
                place += len(document)
            new.replace_documents(parts)
            done += len(chunks)
            if progress:
                progress(done)
    return new


def migrate(index: Index, address: str | Path, *, api_key: str | None = None) -> int:
    """Copy an index with its vectors to another folder or server; it appears there complete.

    Args:
        index: What is copied; documents that a killed writer left incomplete are not.
        address: Where to; see `open_index`. There must be no documents yet.
        api_key: The server's.

    Returns:
        The number of chunks copied.

    Raises:
        RetrieverError: There are documents already; nothing has changed.
    """
    folder = index_folder(address)
    if folder is not None and str(folder) == index.address:
        msg = f"The index at {address} is the one to copy; give another address to copy it to"
        raise RetrieverError(msg)
    present = present_documents(address, api_key=api_key)
    if present:
        msg = (
            f"The index at {masked(address)} has {len(present):,} documents already; give an "
            "address without any. To add to it: python -m retriever export, then import"
        )
        raise RetrieverError(msg)
    copied = 0
    with rebuild(address, index.encoder, api_key=api_key) as new:
        for documents in _batches(index):
            new.replace_documents(
                [(chunks, index.vectors(chunks[0].document_id)) for chunks in documents]
            )
            copied += sum(map(len, documents))
    return copied


def _batches(index: Index) -> Iterator[list[list[Chunk]]]:
    """The complete documents, each as its chunks, so many at once as make a batch."""
    batch: list[list[Chunk]] = []
    for record in index.documents():
        if record.complete:
            batch.append(_chunks(index, record))
        if sum(map(len, batch)) >= BATCH_CHUNKS:
            yield batch
            batch = []
    if batch:
        yield batch


def _chunks(index: Index, record: DocumentRecord) -> list[Chunk]:
    chunks = index.chunks(record.document_id)
    if len(chunks) != record.chunks:
        msg = f"{record.source} was changed meanwhile; nothing was replaced: do this again"
        raise RetrieverError(msg)
    return chunks
