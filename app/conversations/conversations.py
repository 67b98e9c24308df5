"""Conversations as they are kept: begun, found, renamed, deleted, and their turns."""

import json
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from app.answering import Answer
from app.conversations.database import Database
from app.conversations.turn import Conversation, Feedback, Turn

_LONGEST_NAME = 60  # characters
_MOST = 100
_ANSWERS = TypeAdapter(Answer)
_UNREADABLE = "This answer was kept by another version of Duet, and cannot be shown. Ask again."


class Conversations:
    """All of them, in one file; any thread may use it. Every method may raise StorageError.

    Args:
        database: Keeps them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, question: str, owner: str = "") -> str:
        """A new conversation that is called by its first question; returns its id."""
        name, identity = shortened(question), secrets.token_urlsafe(16)
        with self._database.transaction() as database:
            database.execute(
                "INSERT INTO conversation VALUES (?, ?, ?, ?)",
                (identity, name, owner, time.time()),
            )
        return identity

    def get(self, conversation: str) -> Conversation | None:
        """The one with this id, if there is one."""
        with self._database.transaction() as database:
            row = database.execute(
                "SELECT id, name, owner, changed FROM conversation WHERE id = ?", (conversation,)
            ).fetchone()
        return row and _conversation(row)

    def listed(self, owner: str = "", words: str = "") -> list[Conversation]:
        """The newest hundred of an owner, newest first.

        Args:
            owner: Whose.
            words: Only those that have all of these in one turn, in question or answer, or in
                their name, wherever in a word and in whatever case.
        """
        wanted = words.casefold().split()
        named = " AND ".join(["instr(fold(name), ?)"] * len(wanted)) or "TRUE"
        holds = " AND ".join(["instr(words, ?)"] * len(wanted)) or "TRUE"
        found = f"EXISTS (SELECT 1 FROM turn WHERE conversation = c.id AND {holds})"
        with self._database.transaction() as database:
            rows = database.execute(
                "SELECT id, name, owner, changed FROM conversation c WHERE owner = ?"
                f" AND (({named}) OR {found}) ORDER BY changed DESC LIMIT {_MOST}",
                (owner, *wanted, *wanted),
            ).fetchall()
        return [_conversation(row) for row in rows]

    def rename(self, conversation: str, name: str) -> None:
        """Call it otherwise; a name without a letter changes nothing."""
        short = shortened(name)
        if short:
            with self._database.transaction() as database:
                database.execute(
                    "UPDATE conversation SET name = ? WHERE id = ?", (short, conversation)
                )

    def delete(self, conversation: str) -> None:
        """Delete it with its turns."""
        with self._database.transaction() as database:
            database.execute("DELETE FROM conversation WHERE id = ?", (conversation,))

    def turns(self, conversation: str) -> list[Turn]:
        """Its turns, the first one first."""
        with self._database.transaction() as database:
            rows = database.execute(
                "SELECT id, question, sources, asked, answer, problem, helpful, remark FROM turn"
                " WHERE conversation = ? ORDER BY id",
                (conversation,),
            ).fetchall()
        return [_turn(row) for row in rows]

    def add(self, conversation: str, question: str, sources: Sequence[str] = ()) -> Turn:
        """Ask one more question.

        Raises:
            StorageError: Also if the conversation was deleted meanwhile.
        """
        now = time.time()
        with self._database.transaction() as database:
            cursor = database.execute(
                "INSERT INTO turn (conversation, question, sources, asked, words)"
                " VALUES (?, ?, ?, ?, ?)",
                (conversation, question, json.dumps(list(sources)), now, question.casefold()),
            )
            database.execute(
                "UPDATE conversation SET changed = ? WHERE id = ?", (now, conversation)
            )
        assert cursor.lastrowid is not None
        return Turn(
            id=cursor.lastrowid, question=question, sources=tuple(sources), asked=_moment(now)
        )

    def reset(self, turn: int, question: str) -> None:
        """Take its answer away, to be written again, and what was thought of it."""
        with self._database.transaction() as database:
            database.execute(
                "UPDATE turn SET question = ?, words = ?, answer = NULL, problem = '',"
                " helpful = NULL, remark = '' WHERE id = ?",
                (question, question.casefold(), turn),
            )

    def finish(self, turn: int, answer: Answer) -> None:
        """Keep its answer."""
        words = f"{answer.question}\n{answer.text}".casefold()
        kept = _ANSWERS.dump_json(answer).decode()
        with self._database.transaction() as database:
            database.execute(
                "UPDATE turn SET answer = ?, words = ? WHERE id = ?", (kept, words, turn)
            )

    def fail(self, turn: int, problem: str) -> None:
        """Keep why there is no answer."""
        with self._database.transaction() as database:
            database.execute("UPDATE turn SET problem = ? WHERE id = ?", (problem, turn))

    def rate(self, turn: int, feedback: Feedback) -> None:
        """Keep what the reader thinks of its answer."""
        with self._database.transaction() as database:
            database.execute(
                "UPDATE turn SET helpful = ?, remark = ? WHERE id = ?",
                (feedback.helpful, feedback.remark, turn),
            )


def shortened(text: str) -> str:
    """`text` on one line of at most sixty characters, cut between words where that can be."""
    line = " ".join(text.split())
    if len(line) <= _LONGEST_NAME:
        return line
    cut = line[: _LONGEST_NAME - 1]
    words = cut.rpartition(" ")[0]
    return (words if len(words) > _LONGEST_NAME // 2 else cut) + "…"


def _conversation(row: tuple[str, str, str, float]) -> Conversation:
    identity, name, owner, changed = row
    return Conversation(identity, name, owner, _moment(changed))


def _turn(row: tuple[int, str, str, float, str | None, str, int | None, str]) -> Turn:
    identity, question, sources, asked, kept, problem, helpful, remark = row
    answer = None
    if kept is not None:
        try:
            answer = _ANSWERS.validate_json(kept)
        except ValidationError:
            problem = _UNREADABLE
    return Turn(
        id=identity,
        question=question,
        sources=tuple(json.loads(sources)),
        asked=_moment(asked),
        answer=answer,
        problem=problem,
        feedback=Feedback(None if helpful is None else bool(helpful), remark),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
