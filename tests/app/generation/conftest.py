from collections.abc import Iterator

import pytest

from tests.app.generation.chat_server import ChatServer, chat_server


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    with chat_server() as server:
        yield server
