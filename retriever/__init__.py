"""The index over the documents' chunks (Qdrant, in a folder or on a server) and hybrid search.

Importing this package is cheap: a vector engine is loaded when an index is opened.
"""

from retriever.address import (
    DEFAULT_ADDRESS,
    check_free,
    index_folder,
    open_index,
    open_present,
    present_documents,
    rebuild,
    rollback,
)
from retriever.export import export_index, exported_encoder, import_index
from retriever.filter import FILE_TYPES, Filter
from retriever.index import Hit, Index, IndexInfo
from retriever.reindex import migrate, reindex
from retriever.retriever import DEFAULT_K, Retriever
from retriever.schema import Chunk, DocumentRecord, document_id
from retriever.search import Mode
from retriever.spread import Spread

__all__ = [
    "DEFAULT_ADDRESS",
    "DEFAULT_K",
    "FILE_TYPES",
    "Chunk",
    "DocumentRecord",
    "Filter",
    "Hit",
    "Index",
    "IndexInfo",
    "Mode",
    "Retriever",
    "Spread",
    "check_free",
    "document_id",
    "export_index",
    "exported_encoder",
    "import_index",
    "index_folder",
    "migrate",
    "open_index",
    "open_present",
    "present_documents",
    "rebuild",
    "reindex",
    "rollback",
]
