"""A conversation as a file to take away."""

import re
from collections.abc import Sequence

from pydantic import TypeAdapter

from app.answering import Answer, Citation
from app.conversations.turn import Conversation, Turn
from app.location import location

_TURNS = TypeAdapter(Sequence[Turn])
_CONVERSATION = TypeAdapter(dict[str, object])
_OPEN, _CLOSE = "\ue000", "\ue001"
"""Round a citation's number while brackets are escaped; private-use characters."""


def to_json(conversation: Conversation, turns: Sequence[Turn]) -> str:
    """Name, time and turns, with each answer whole: sentences, quotes, sources and scores."""
    told: dict[str, object] = {
        "name": conversation.name,
        "changed": conversation.changed,
        "turns": _TURNS.dump_python(turns),
    }
    return _CONVERSATION.dump_json(told, indent=2).decode()


def to_markdown(conversation: Conversation, turns: Sequence[Turn]) -> str:
    """Questions, answers, and under each the words that it cites.

    What models and documents wrote makes neither links nor HTML.
    """
    parts = [f"# {_plain(conversation.name)}", *(part for turn in turns for part in _turn(turn))]
    return "\n\n".join(parts) + "\n"


def _turn(turn: Turn) -> list[str]:
    parts = [f"## {_plain(turn.question)}"]
    if turn.sources:
        parts.append(f"Asked in {', '.join(map(_plain, turn.sources))}")
    if turn.answer is None:
        return [*parts, f"*{_plain(turn.problem or 'There is no answer.')}*"]
    answer = turn.answer
    if answer.understood != answer.question:
        parts.append(f"Understood as: {_plain(answer.understood)}")
    parts.append(_text(answer))
    if answer.notice:
        parts.append(f"*{_plain(answer.notice)}*")
    if answer.kind == "refused" and answer.citations:
        parts.append("The closest passages, for you to judge:")
    parts += map(_source, answer.citations)
    return parts


def _text(answer: Answer) -> str:
    marked = answer.marked(f"{_OPEN}{{}}{_CLOSE}".format)
    safe = re.sub(r"([\[\]<&])", r"\\\1", marked)
    return re.sub(f"{_OPEN}(\\d+){_CLOSE}", r"[\1]", safe)


def _source(citation: Citation) -> str:
    quote = _plain(citation.quote)
    return f"> [{citation.number}] {_plain(location(citation.chunk))}: “{quote}”"


def _plain(text: str) -> str:
    """`text` on one line, as Markdown that reads as it is written."""
    return re.sub(r"([\\`*_{}\[\]<>#|!~&])", r"\\\1", " ".join(text.split()))
