"""A small real index (Qdrant Edge) over a scripted model, for every test of the app."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.answering import Answer, Policy
from app.answering import ask as ask_documents
from embedder import LLM2VecGen
from retriever import Chunk, Index, Retriever, open_index
from tests.app.fakes import ScriptedModel, chunk

HANDBOOK = "/docs/handbook.pdf"
GARDEN = "/docs/garden.md"

TEXTS = {
    HANDBOOK: [
        "The warranty of the pump lasts 24 months. It starts on the day of delivery. "
        "Damage by frost is excluded.",
        "Annual leave is 30 days for every employee.\nRequests go to the team lead in writing. "
        "Unused days expire on 31 March.",
    ],
    GARDEN: [
        "Tomatoes need full sun and regular watering. Plant them after the last frost in May.",
        "Compost should be turned every two weeks. It is ready when it smells of forest soil.",
    ],
}


def chunks_of(source: str) -> list[Chunk]:
    pages = source.endswith(".pdf")
    return [
        chunk(
            text,
            source=source,
            position=position,
            title="Handbook" if pages else "Garden",
            page=position + 4 if pages else None,
            page_label=str(position + 4) if pages else None,
            start=1000 * position,
            end=1000 * position + len(text),
        )
        for position, text in enumerate(TEXTS[source])
    ]


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel()


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    model = ScriptedModel()
    address = tmp_path_factory.mktemp("app") / "index"
    with open_index(address, model.id) as index:
        for source in TEXTS:
            chunks = chunks_of(source)
            index.replace_document(chunks, model.encode_documents([c.text for c in chunks]))
        yield index


@pytest.fixture
def retriever(model: ScriptedModel, index: Index) -> Retriever[ScriptedModel]:
    return Retriever(model, index)


@pytest.fixture
def ask(model: ScriptedModel, retriever: Retriever[ScriptedModel]) -> Callable[..., Answer]:
    """Ask with a scripted reply."""

    def ask(question: str, reply: str = "", **options: object) -> Answer:
        model.reply = reply
        policy = Policy(**options.pop("policy", {}))
        return ask_documents(question, retriever, policy=policy, **options)

    return ask


@pytest.fixture(scope="session")
def checkpoint() -> Path:
    """A real checkpoint with random weights, for the commands."""
    return Path(__file__).parents[1] / "parity" / "qwen3" / "checkpoint"


@pytest.fixture(scope="session")
def random_model(checkpoint: Path) -> LLM2VecGen:
    """The same, loaded as the commands load it."""
    return LLM2VecGen.from_pretrained(checkpoint)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
