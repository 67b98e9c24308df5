"""One frozen causal language model that embeds (LLM2Vec-Gen, arXiv 2603.10913) and generates.

Importing this package is cheap: torch and transformers load with the first use of `LLM2VecGen`.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedder.model import LLM2VecGen

# Threads wait for each other in a long loop by default; with a short one two programs on two cores
# encode 2.6 times as fast, and one alone as fast. OpenMP reads this when torch loads it.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

__all__ = ["BUNDLED_MODEL", "LLM2VecGen"]

BUNDLED_MODEL = Path(__file__).resolve().parents[1] / "data" / "model"
"""The small model that comes with the project, so that a first answer needs no network."""


def __getattr__(name: str) -> object:
    if name == "LLM2VecGen":
        from embedder.model import LLM2VecGen

        return LLM2VecGen
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
