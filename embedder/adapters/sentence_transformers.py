"""SentenceTransformers: `SentenceTransformer("my-embedder/model", trust_remote_code=True)`.

A checkpoint's folder has what SentenceTransformers reads (see `embedder.published`), and names the
module below. SentenceTransformers 6 imports modules that are not its own only where
`trust_remote_code=True` says so; the code is this package's, nothing is downloaded.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule

from embedder.model import LLM2VecGen
from embedder.published import SENTENCE_TRANSFORMERS_CONFIG


class LLM2VecGenModule(InputModule):
    """An `LLM2VecGen` as the only module of a SentenceTransformer.

    Args:
        model: Encodes the texts.
        truncate: Whether to cut what is too long; otherwise it is a `TextTooLongError`.
    """

    def __init__(self, model: LLM2VecGen, *, truncate: bool = False) -> None:
        super().__init__()
        self.model = model
        self.truncate = truncate

    def preprocess(
        self, inputs: Sequence[Any], prompt: str | None = None, **_: object
    ) -> dict[str, Any]:
        """Pass the texts on with `prompt` in front: the model tokenizes, so that it can batch."""
        return {"texts": [(prompt or "") + text for text in inputs]}

    def forward(self, features: dict[str, Any], **_: object) -> dict[str, Any]:
        """Add `sentence_embedding`, `[n, dimension]`, L2-normalised, on the CPU.

        Raises:
            TextTooLongError: A text is too long and `truncate` is False.
        """
        vectors = self.model.encode(features["texts"], truncate=self.truncate)
        return {**features, "sentence_embedding": torch.from_numpy(vectors)}

    def get_embedding_dimension(self) -> int:
        """Width of an embedding."""
        return self.model.dimension

    @classmethod
    def load(cls, model_name_or_path: str, *_: object, **options: Any) -> Self:
        """Load a checkpoint; SentenceTransformer calls it.

        Args:
            model_name_or_path: Folder or hub id.
            options: Where to look (`revision`, `cache_folder`, ...); `model_kwargs` are for
                `LLM2VecGen.from_pretrained` (`device`, `dtype`), and `config_kwargs` for the
                module (`truncate`).
        """
        where = ("subfolder", "token", "cache_folder", "revision", "local_files_only")
        given = {name: options[name] for name in where if name in options}
        folder = cls.load_dir_path(model_name_or_path, **given)
        model = LLM2VecGen.from_pretrained(str(folder), **(options.get("model_kwargs") or {}))
        return cls(model, **(options.get("config_kwargs") or {}))

    def save(self, output_path: str, *_: object, **__: object) -> None:
        """Copy the checkpoint's files to the folder `output_path`; the base is not copied."""
        prompts = Path(output_path) / SENTENCE_TRANSFORMERS_CONFIG
        given = prompts.read_text() if prompts.exists() else None
        self.model.save(output_path)
        if given is not None:  # SentenceTransformer writes its own before its modules
            prompts.write_text(given)


def sentence_transformer(model: LLM2VecGen, *, truncate: bool = False) -> SentenceTransformer:
    """`model` as a SentenceTransformer, with its instructions as prompts.

    `encode_query` and `encode_document` then use them, and so does mteb.

    Args:
        model: Encodes the texts.
        truncate: Whether to cut what is too long; otherwise it is a `TextTooLongError`.
    """
    module = LLM2VecGenModule(model, truncate=truncate)
    return SentenceTransformer(modules=[module], prompts=model.instructions._asdict(), device="cpu")
