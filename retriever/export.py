"""An index as JSON lines, for another store, a backup, or a look inside.

The first line has the encoder (`fingerprint`, `dimension`), each further one a point: `id`,
`payload` (see `retriever.schema`) and `vector`. A document's points follow each other in order.
"""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from embedder.encoder import EncoderId
from retriever.index import Index
from retriever.schema import Chunk


def export_index(index: Index, path: Path) -> int:
    """Write every complete document to `path`.

    Returns:
        The number of chunks written.
    """
    written = 0
    with path.open("w", encoding="utf-8") as file:
        _write(file, index.encoder.stored())
        for record in index.documents():
            if not record.complete:
                continue
            vectors = index.vectors(record.document_id).tolist()
            chunks = index.chunks(record.document_id)
            for chunk, vector in zip(chunks, vectors, strict=True):
                payload = chunk.to_payload(chunks=len(chunks))
                _write(file, {"id": chunk.id, "payload": payload, "vector": vector})
            written += len(chunks)
    return written


def import_index(index: Index, path: Path) -> int:
    """Add the documents of a file that `export_index` wrote; those of the same source give way.

    Returns:
        The number of chunks read.

    Raises:
        EncoderMismatchError: Another encoder made the file's vectors.
    """
    read = 0
    with path.open(encoding="utf-8") as file:
        index.check_encoder(EncoderId.from_stored(**json.loads(next(file))))
        for _, rows in groupby(_points(file), key=lambda row: row[0].document_id):
            chunks, vectors = zip(*rows, strict=True)
            index.replace_document(chunks, np.array(vectors, dtype=np.float32))
            read += len(chunks)
    return read


def _write(file: TextIO, value: dict[str, Any]) -> None:
    file.write(json.dumps(value, ensure_ascii=False) + "\n")


def _points(file: TextIO) -> Iterator[tuple[Chunk, list[float]]]:
    for line in file:
        point = json.loads(line)
        yield Chunk.from_payload(point["payload"]), point["vector"]
