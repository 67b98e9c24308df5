from pathlib import Path

import pytest

from app.conversations import Conversations, Database


@pytest.fixture
def database(tmp_path: Path):
    database = Database(tmp_path / "kept" / "conversations.sqlite3")
    yield database
    database.close()


@pytest.fixture
def conversations(database: Database) -> Conversations:
    return Conversations(database)
