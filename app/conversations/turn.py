"""A conversation and its turns, as they are kept."""

from dataclasses import dataclass
from datetime import datetime

from app.answering import Answer


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its turns.

    Attributes:
        id: Stands in its URL; cannot be guessed.
        name: Its first question, shortened, or what its reader called it.
        owner: Name of the key it was begun with; empty where there is none.
        changed: When the last question was asked; UTC.
    """

    id: str
    name: str
    owner: str
    changed: datetime


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the reader thinks of an answer.

    Attributes:
        helpful: Thumb up or down; None for neither.
        remark: A word on it; may be empty.
    """

    helpful: bool | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question, and its answer as far as there is one.

    Attributes:
        id: Grows with time.
        question: As it was asked.
        sources: Paths of the files and folders that it was limited to; none for all.
        asked: When; UTC.
        answer: None while it is written, where it failed, and where the server was ended.
        problem: Why there is no answer; empty where nobody knows.
        feedback: The reader's.
    """

    id: int
    question: str
    sources: tuple[str, ...]
    asked: datetime
    answer: Answer | None = None
    problem: str = ""
    feedback: Feedback = Feedback()
