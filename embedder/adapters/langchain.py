"""LangChain: `LLM2VecGenEmbeddings` embeds for other people's vector stores and chains."""

from langchain_core.embeddings import Embeddings

from embedder.model import LLM2VecGen


class LLM2VecGenEmbeddings(Embeddings):
    """An `LLM2VecGen` as LangChain `Embeddings`.

    The async methods run the sync ones in a thread, as LangChain does by default.
    """

    def __init__(self, model: LLM2VecGen) -> None:
        self.model = model

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embeddings of passages, one list of `model.dimension` numbers each."""
        return self.model.encode_documents(texts).tolist()

    def embed_query(self, text: str) -> list[float]:
        """The embedding of a question, `model.dimension` numbers."""
        return self.model.encode_queries([text])[0].tolist()
