"""An index as JSON lines, for another store, a backup, or a look inside.

The first line has the encoder (`fingerprint`, `dimension`), each further one a point: `id`,
`payload` (see `retriever.schema`) and `vector`. A document's points follow each other in order.
"""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from embedder.encoder import EncoderId
from retriever.errors import ExportError
from retriever.index import Index
from retriever.schema import METADATA, Chunk

Stored = tuple[list[Chunk], NDArray[np.float32]]
"""A document: its chunks in order, and their vectors `[chunks, dimension]`."""


def export_index(index: Index, path: Path) -> int:
    """Write every complete document to `path`; a file that is there is replaced at the end.

    Returns:
        The number of chunks written.

    Raises:
        ExportError: The file cannot be written.
    """
    written = 0
    draft = path.with_name(f"{path.name}.draft")
    try:
        with draft.open("w", encoding="utf-8") as file:
            _write(file, index.encoder.stored())
            for record in index.documents():
                if record.complete:
                    written += _write_document(file, index, record.document_id)
        draft.replace(path)
    except OSError as error:
        msg = f"The export cannot be written to {path}: {error.strerror or error}"
        raise ExportError(msg) from error
    finally:
        with suppress(OSError):
            draft.unlink()
    return written


def exported_encoder(path: Path) -> EncoderId:
    """The encoder of a file that `export_index` wrote.

    Raises:
        ExportError: It is no such file.
    """
    with _reading(path) as file:
        return _encoder(file, path)


def import_index(index: Index, path: Path) -> int:
    """Add the documents of a file that `export_index` wrote; those of the same source give way.

    Returns:
        The number of chunks read.

    Raises:
        EncoderMismatchError: Another encoder made the file's vectors.
        ExportError: It is no such file, or not a whole one; nothing was imported.
    """
    read = 0
    for writing in (False, True):  # first a look at all of it: half a file must replace nothing
        with _reading(path) as file:
            encoder = _encoder(file, path)
            index.check_encoder(encoder)
            for chunks, vectors in _documents(file, path, encoder.dimension):
                if writing:
                    index.replace_document(chunks, vectors)
                    read += len(chunks)
    return read


def _write(file: TextIO, value: dict[str, Any]) -> None:
    file.write(json.dumps(value, ensure_ascii=False) + "\n")


def _write_document(file: TextIO, index: Index, document_id: str) -> int:
    chunks = index.chunks(document_id)
    for chunk, vector in zip(chunks, index.vectors(document_id).tolist(), strict=True):
        payload = chunk.to_payload(chunks=len(chunks))
        _write(file, {"id": chunk.id, "payload": payload, "vector": vector})
    return len(chunks)


@contextmanager
def _reading(path: Path) -> Generator[TextIO]:
    try:
        with path.open(encoding="utf-8") as file:
            yield file
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror or error}"
        raise ExportError(msg) from error
    except UnicodeDecodeError as error:
        raise _damaged(path, "somewhere", "text in UTF-8") from error


def _encoder(file: TextIO, path: Path) -> EncoderId:
    try:
        return EncoderId.from_stored(**json.loads(next(file, "")))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, "in line 1", "the encoder, as export writes it") from error


def _documents(file: TextIO, path: Path, dimension: int) -> Iterator[Stored]:
    points = (
        (number, *_point(line, path, number, dimension)) for number, line in enumerate(file, 2)
    )
    for _, rows in groupby(points, key=lambda row: row[1].document_id):
        numbers, chunks, lengths, vectors = zip(*rows, strict=True)
        if [chunk.position for chunk in chunks] != list(range(lengths[0])):
            place = f"in line {numbers[0]}"
            wanted = f"all {lengths[0]} chunks of {chunks[0].source} in order, not {len(chunks)}"
            raise _damaged(path, place, wanted)
        yield list(chunks), np.stack(vectors)


def _point(
    line: str, path: Path, number: int, dimension: int
) -> tuple[Chunk, int, NDArray[np.float32]]:
    """A chunk, how many its document has, and its vector."""
    try:
        point = json.loads(line)
        vector = np.array(point["vector"], dtype=np.float32)
        chunk = Chunk.from_payload(point["payload"])
        length = int(point["payload"][METADATA]["chunks"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _damaged(path, f"in line {number}", "a point, as export writes it") from error
    if vector.shape != (dimension,) or not np.isfinite(vector).all():
        raise _damaged(path, f"in line {number}", f"a vector of {dimension} finite numbers")
    return chunk, length, vector


def _damaged(path: Path, place: str, expected: str) -> ExportError:
    return ExportError(
        f"{path} is no whole export: expected {expected} {place}. Nothing was imported; make the "
        "file again: python -m retriever export FILE"
    )
