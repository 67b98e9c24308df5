"""SentenceTransformers: `SentenceTransformer(modules=[LLM2VecGenModule(model)])`."""

from collections.abc import Sequence
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule

from embedder import instructions
from embedder.model import LLM2VecGen


class LLM2VecGenModule(InputModule):
    """An `LLM2VecGen` as the only module of a SentenceTransformer.

    What is too long is cut at the model's limit, as users of SentenceTransformers expect.
    """

    def __init__(self, model: LLM2VecGen) -> None:
        super().__init__()
        self.model = model

    def preprocess(
        self, inputs: Sequence[Any], prompt: str | None = None, **_: object
    ) -> dict[str, Any]:
        """Pass the texts on with `prompt` in front: the model tokenizes, so that it can batch."""
        return {"texts": [(prompt or "") + text for text in inputs]}

    def forward(self, features: dict[str, Any], **_: object) -> dict[str, Any]:
        """Add `sentence_embedding`, `[n, dimension]`, L2-normalised."""
        vectors = self.model.encode(features["texts"], truncate=True)
        return {**features, "sentence_embedding": torch.from_numpy(vectors)}

    def get_embedding_dimension(self) -> int:
        """Width of an embedding."""
        return self.model.dimension

    def save(self, output_path: str, *_: object, **__: object) -> None:
        """Refuse: a checkpoint is copied as the files it is.

        Raises:
            NotImplementedError: Always.
        """
        msg = f"copy the checkpoint's folder to {output_path} instead: it is read as it is"
        raise NotImplementedError(msg)


def sentence_transformer(model: LLM2VecGen) -> SentenceTransformer:
    """`model` as a SentenceTransformer, with the published instructions as its prompts.

    `encode_query` and `encode_document` then use them, and so does mteb.
    """
    prompts = {"query": instructions.QUERY, "document": instructions.DOCUMENT}
    return SentenceTransformer(modules=[LLM2VecGenModule(model)], prompts=prompts, device="cpu")
