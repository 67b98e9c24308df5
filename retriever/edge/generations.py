"""How a generation comes to be: empty, or as an optimized copy of another."""

import subprocess
import sys
from pathlib import Path

import qdrant_edge as edge
from qdrant_edge import UpdateOperation

from embedder.encoder import EncoderId
from retriever.edge import optimize
from retriever.edge.files import GenerationFolder, Manifest, copy_tree
from retriever.engine import GRAPH_LIMIT
from retriever.errors import RetrieverError
from retriever.lexical import LEXICAL, VERSION
from retriever.schema import KEYWORDS, NUMBERS

_BYTES = 2  # of a number in float16


def create(folder: GenerationFolder, encoder: EncoderId) -> str:
    """The name of a new empty generation, its filter fields indexed.

    Raises:
        RetrieverError: Edge cannot make it, or there is no room.
    """
    folder.check_room()
    generation = folder.new_generation()
    # Half as many bytes to look through: of 100,000 x 576 an exact search took 14 ms in float32 and
    # 7 in float16, and found the same ten for each of 100 questions.
    vectors = edge.EdgeVectorParams(
        size=encoder.dimension,
        distance=edge.Distance.Cosine,
        datatype=edge.VectorStorageDatatype.Float16,
        quantization_config=edge.TurboQuantQuantizationConfig(
            always_ram=True, bits=edge.TurboQuantBitSize.Bits4
        ),
    )
    graph_from = GRAPH_LIMIT * encoder.dimension * _BYTES // 1024  # kilobytes
    try:
        config = edge.EdgeConfig(
            vectors=vectors,
            sparse_vectors={LEXICAL: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
            optimizers=edge.EdgeOptimizersConfig(indexing_threshold=graph_from),
        )
        shard = edge.EdgeShard.create(str(generation / "shard"), config)
        for field in (*KEYWORDS, *NUMBERS):
            types = edge.PayloadSchemaType
            kind = types.Integer if field in NUMBERS else types.Keyword
            shard.update(UpdateOperation.create_field_index(field, kind))
        shard.close()
    except Exception as error:
        msg = f"Qdrant Edge cannot make an index in {folder.path}: {error}"
        raise RetrieverError(msg) from error
    Manifest(encoder, chunks=0, terms=VERSION).write(generation)
    return generation.name


def copy_optimized(old: Path, new: Path) -> None:
    """Copy a generation's folder to an empty one, and optimize the copy in a process of its own.

    Raises:
        RetrieverError: Either failed; `old` is as it was.
    """
    try:
        copy_tree(old, new)
    except OSError as error:
        msg = f"Compacting failed: {error}; the index is as it was. Is the disk full?"
        raise RetrieverError(msg) from error
    # -P: this package's folder does not go on the path, where its module names would shadow others
    command = [sys.executable, "-P", str(optimize.__file__), str(new / "shard")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["no message"]
        msg = f"Compacting failed (exit {done.returncode}: {said[0]}); the index is as it was."
        raise RetrieverError(msg)
