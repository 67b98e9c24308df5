"""The teacher's vectors of all answers, computed once and kept on disk."""

import gc
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from embedder.errors import TrainingError
from embedder.hub import local_folder
from embedder.train.llm2vec import load_llm2vec

SHARD = 1024
"""Texts of a cache file: what a killed run loses at most."""

SAMPLE = 1 << 20
"""Bytes that are read of each of the teacher's files to tell two teachers apart."""

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


class Teacher:
    """An embedding model, loaded when a text is not in the cache yet."""

    def __init__(self, source: str, adapter: str | None, cache: Path, device: str) -> None:
        """Find the teacher's files; nothing is loaded.

        Args:
            source: A folder or hub id: a SentenceTransformer, or a LLM2Vec adapter.
            adapter: A second adapter on top of a LLM2Vec one.
            cache: Folder for the vectors.
            device: Where the teacher runs.

        Raises:
            CheckpointError: There is no such folder or model.
            TrainingError: `cache` is a file.
        """
        if cache.exists() and not cache.is_dir():
            msg = f"the teacher's vectors cannot be kept in {cache}: that is a file"
            raise TrainingError(msg)
        self._folder = local_folder(source)
        self._adapter = local_folder(adapter) if adapter else None
        self._cache = cache
        self._device = device
        self._encode: Encode | None = None
        folders = [self._folder, *([self._adapter] if self._adapter else [])]
        self.digest = hashlib.sha256(b"".join(map(_digest, folders))).hexdigest()[:16]

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The teacher's vectors `[len(texts), dimension]`, as it gives them, not normalised.

        Raises:
            TrainingError: The teacher cannot be loaded, or its vectors are not finite.
        """
        starts = range(0, len(texts), SHARD)
        bar = tqdm(starts, desc="teacher", unit="shard", disable=None)
        shards = [self._shard(texts[start : start + SHARD]) for start in bar]
        self._encode = None  # frees the teacher before the training begins
        gc.collect()
        return np.concatenate(shards)

    def _shard(self, texts: Sequence[str]) -> NDArray[np.float32]:
        content = hashlib.sha256(self.digest.encode())
        for text in texts:
            content.update(hashlib.sha256(text.encode()).digest())
        file = self._cache / f"{content.hexdigest()[:24]}.npy"
        if file.exists():
            return np.load(file)
        self._encode = self._encode or self._load()
        vectors = self._encode(texts)
        if not np.isfinite(vectors).all():
            msg = f"the teacher {self._folder} gives vectors that are not finite"
            raise TrainingError(msg)
        self._cache.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".part.npy")
        np.save(partial, vectors)
        partial.replace(file)
        return vectors

    def _load(self) -> Encode:
        if (self._folder / "adapter_config.json").exists():
            return load_llm2vec(self._folder, self._adapter, self._device)
        if self._adapter is not None:
            msg = (
                f"{self._folder} has no adapter_config.json: only a LLM2Vec teacher takes a second "
                "adapter"
            )
            raise TrainingError(msg)
        return _load_sentence_transformer(self._folder, self._device)


def _load_sentence_transformer(folder: Path, device: str) -> Encode:
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(str(folder), device=device)
    except Exception as error:
        # sentence-transformers passes on whatever its modules raise
        msg = f"the teacher in {folder} cannot be loaded: {' '.join(str(error).split())[:300]}"
        raise TrainingError(msg) from error

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        with torch.inference_mode():
            vectors: Any = model.encode(
                list(texts), batch_size=32 if device == "cpu" else 256, show_progress_bar=False
            )
        return np.asarray(vectors, dtype=np.float32)

    return encode


def _digest(folder: Path) -> bytes:
    """Changes with the files' names, sizes and first megabytes."""
    content = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and ".cache" not in file.parts:
            content.update(f"{file.relative_to(folder)} {file.stat().st_size}".encode())
            with file.open("rb") as opened:
                content.update(opened.read(SAMPLE))
    return content.digest()
