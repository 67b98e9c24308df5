"""LangChain: an index and its encoder as a `BaseRetriever`, for other people's chains."""

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from embedder.encoder import Encoder
from retriever.filter import Filter
from retriever.index import Hit
from retriever.retriever import DEFAULT_K, NEAREST, Retriever
from retriever.search import Mode
from retriever.spread import Spread


class LangChainRetriever(BaseRetriever):
    """A `Retriever` as LangChain's; `k` and `where` may also be given to a call.

    A document's metadata are the fields of its `Chunk` but for the text, and those of its `Hit`.

    Attributes:
        retriever: Finds the passages.
        k: How many.
        where: Which chunks to look at; by default those that `retriever` looks at.
        mode: What finds them; see `retriever.search`.
        spread: Over documents and contents; `Spread(diversity=0.3)` is LangChain's "mmr" search.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    retriever: Retriever[Encoder]
    k: int = Field(default=DEFAULT_K, ge=1)
    where: Filter | None = None
    mode: Mode = "hybrid"
    spread: Spread = NEAREST

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        where: Filter | None = None,
    ) -> list[Document]:
        wanted = self.k if k is None else k
        where = where or self.where
        retriever = self.retriever if where is None else self.retriever.within(where)
        hits = retriever.retrieve(query, wanted, mode=self.mode, spread=self.spread)
        return [_document(hit) for hit in hits]


def _document(hit: Hit) -> Document:
    chunk = hit.chunk
    names = (name for name in type(chunk).__slots__ if name != "text")
    metadata: dict[str, Any] = {name: getattr(chunk, name) for name in names}
    metadata |= {
        "headings": list(chunk.headings),
        "score": hit.score,
        "lexical": hit.lexical,
        "copies": [copy.source for copy in hit.copies],
    }
    return Document(id=chunk.id, page_content=chunk.text, metadata=metadata)
