"""Conversations that outlive the browser and the server: kept in a file, written by a desk."""

from app.conversations.conversations import Conversations
from app.conversations.database import Database, StorageError
from app.conversations.desk import Desk
from app.conversations.suggestions import Suggestions
from app.conversations.turn import Conversation, Feedback, Turn

__all__ = [
    "Conversation",
    "Conversations",
    "Database",
    "Desk",
    "Feedback",
    "StorageError",
    "Suggestions",
    "Turn",
]
