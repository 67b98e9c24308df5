"""One call in Python: open an index, ask, get an answer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from app.answering import DEFAULT_POLICY, Answer, Exchange, Policy, ask
from app.generation import GenerationServer, RemoteWriter
from embedder.encoder import LanguageModel
from retriever import DEFAULT_ADDRESS, Filter, Retriever


class Duet:
    """A model and an index that answer questions; close it, or use it in a `with` block.

    Args:
        retriever: Finds passages; its model writes the answers.
    """

    def __init__(self, retriever: Retriever[LanguageModel]) -> None:
        self.retriever = retriever

    @classmethod
    def open(
        cls,
        index: str | Path = DEFAULT_ADDRESS,
        model: str | Path | None = None,
        *,
        api_key: str | None = None,
        server: GenerationServer | None = None,
    ) -> Self:
        """Load the model and open the index that was made with it.

        Args:
            index: A folder, or the URL of a Qdrant server.
            model: Hub id or folder; by default the bundled one.
            api_key: Of the Qdrant server.
            server: Writes the answers; by default the model does.

        Raises:
            DuetError: One of them cannot be opened; the text says why.
        """
        from embedder import BUNDLED_MODEL, LLM2VecGen
        from retriever import open_index

        loaded = LLM2VecGen.from_pretrained(model or BUNDLED_MODEL)
        opened = open_index(index, loaded.id, api_key=api_key)
        return cls(Retriever(RemoteWriter(loaded, server) if server else loaded, opened))

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Exchange] = (),
        where: Filter | None = None,
        policy: Policy = DEFAULT_POLICY,
    ) -> Answer:
        """Answer `question`, from the part of the index that `where` lets through.

        Args:
            question: It may refer back to `history`.
            history: `Answer.exchange` of what was asked before, oldest first.
            where: By default the whole index.
            policy: Thresholds and limits.

        Raises:
            QuestionError: The question is empty, or not Unicode.
            TextTooLongError: It is longer than the encoder reads.
        """
        retriever = self.retriever if where is None else self.retriever.within(where)
        return ask(question, retriever, history=history, policy=policy)

    def close(self) -> None:
        """Release the index."""
        self.retriever.index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
