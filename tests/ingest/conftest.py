"""A fake encoder and a real index; as a script, a run of `ingest` that tests can kill.

usage: conftest.py INDEX PATH...
"""

import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from embedder.encoder import EncoderId
from ingest import ingest
from retriever import Index, open_index

FIXTURES = Path(__file__).parent / "fixtures"


class FakeModel:
    """Counts words, embeds hashed bags of words, and remembers what it was given."""

    id = EncoderId("fake", "0", 32)
    max_tokens = 120

    def __init__(self) -> None:
        self.embedded: list[str] = []
        self.titles: list[str] = []
        self.calls = 0

    def count_tokens(self, text: str) -> int:
        return len(_tokens(text))

    def encode_documents(self, texts: Sequence[str], titles: Sequence[str] | None = None):
        titles = titles or [""] * len(texts)
        self.calls += 1
        self.embedded += texts
        self.titles += titles
        titled = [f"{title}\n{text}" for text, title in zip(texts, titles, strict=True)]
        assert all(self.count_tokens(text) <= self.max_tokens for text in titled)
        return np.stack([_bag_of_words(text, self.id.dimension) for text in titled])


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_]{1,8}|[^\w\s]|_", text)


def _bag_of_words(text: str, dimension: int):
    vector = np.full(dimension, 1e-3, dtype=np.float32)
    for token in _tokens(text.lower()):
        vector[hashlib.sha256(token.encode()).digest()[0] % dimension] += 1
    return vector / np.linalg.norm(vector)


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def open_fake_index() -> Callable[[Path], Index]:
    def open_at(path: Path) -> Index:
        return open_index(path, FakeModel.id)

    return open_at


@pytest.fixture
def index(tmp_path: Path, open_fake_index) -> Iterator[Index]:
    with open_fake_index(tmp_path / "index") as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "docs"
    path.mkdir()
    return path


@pytest.fixture(scope="session")
def fixtures() -> Path:
    return FIXTURES


if __name__ == "__main__":
    fake = FakeModel()
    with open_index(sys.argv[1], fake.id) as opened:
        report = ingest([Path(path) for path in sys.argv[2:]], fake, opened)
    sys.exit(report.exit_code)
