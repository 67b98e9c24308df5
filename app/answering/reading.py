"""Which of the passages that were found hold an answer, as the model reads each alone.

A small model reads one passage far better than five at once: among five it takes the wrong one, or
refuses. How likely it refuses to answer from a passage alone says whether an answer stands there,
and what it looks at before its first word says where.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from embedder.chat import grounded_messages
from embedder.encoder import Attention, LanguageModel, Outlook, StopSignal
from embedder.errors import PromptTooLongError
from retriever import Hit

MARGIN = 0.15
"""A passage is read beside the best one if a refusal is at most so much likelier. Of 60 questions
of SQuAD's development set with five related passages each, the answer held an accepted one for 58 %
when all five were read at once, for 57, 62 and 62 % at margins of 0, 0.15 and 0.3."""


class Reader:
    """Reads texts for one question, each alone and once.

    Args:
        question: Complete in itself.
        model: Reads.

    Attributes:
        question, model: As given.
    """

    def __init__(self, question: str, model: LanguageModel) -> None:
        self.question = question
        self.model = model
        self._known: dict[str, Outlook | None] = {}

    def outlook(self, text: str) -> Outlook | None:
        """What the model makes of `text` alone: how likely it refuses, and what it looks at.

        What is too long for it holds no answer. None if the model cannot tell.
        """
        if text not in self._known:
            self._known[text] = self._read(text)
        return self._known[text]

    def doubt(self, text: str) -> float | None:
        """How likely the model refuses to answer from `text` alone; None if it cannot tell."""
        outlook = self.outlook(text)
        return None if outlook is None else outlook.refusal

    def _read(self, text: str) -> Outlook | None:
        messages = grounded_messages(self.question, [text])
        try:
            outlook = self.model.outlook(messages)
        except PromptTooLongError:
            return Outlook(1.0, ())
        if outlook is None:
            return None
        before = messages[-1]["content"].index("\n") + 1  # the fence of the passage
        looked = [Attention(start - before, end - before, w) for start, end, w in outlook.attention]
        return Outlook(outlook.refusal, tuple(at for at in looked if 0 <= at.start < len(text)))


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read.

    Attributes:
        hits: The passages, the most telling one first.
        doubt: How likely the model refuses to answer from that one, 0 to 1; None if it cannot tell.
    """

    hits: list[Hit]
    doubt: float | None


def read(reader: Reader, hits: Sequence[Hit], stop: StopSignal | None = None) -> Reading:
    """The passages to answer from: at least one, if there is any; all, if the model cannot tell.

    Args:
        reader: Reads them.
        hits: What was found, best first.
        stop: When set, all come back, unread.
    """
    doubts: list[float] = []
    # The best one last: the model remembers what it read last, and will write from it.
    for hit in reversed(hits):
        is_over = stop is not None and stop.is_set()
        doubt = None if is_over else reader.doubt(hit.chunk.content)
        if doubt is None:
            return Reading(list(hits), None)
        doubts.insert(0, doubt)
    order = sorted(range(len(hits)), key=doubts.__getitem__)
    least = min(doubts, default=1.0)
    return Reading([hits[i] for i in order if doubts[i] <= least + MARGIN], least)
