"""Which of the passages that were found hold an answer, as the model reads each alone.

A small model reads one passage far better than five at once: among five it takes the wrong one, or
refuses. How likely it refuses to answer from a passage alone says whether an answer stands there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from embedder.chat import grounded_messages
from embedder.encoder import LanguageModel, StopSignal
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
        self._known: dict[str, float] = {}

    def doubts(self, texts: Sequence[str]) -> list[float] | None:
        """How likely the model refuses to answer from each alone, 0 to 1; None if it cannot tell.

        What is too long for it holds no answer.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        found = self._doubts(new) if new else []
        if found is None:
            return None
        self._known.update(zip(new, found, strict=True))
        return [self._known[text] for text in texts]

    def _doubts(self, texts: Sequence[str]) -> list[float] | None:
        asked = [grounded_messages(self.question, [text]) for text in texts]
        try:
            return self.model.refusal_probabilities(asked)
        except PromptTooLongError:
            if len(texts) == 1:
                return [1.0]
        each = [self._doubts([text]) for text in texts]
        return [found[0] for found in each if found is not None]


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
        found = None if stop is not None and stop.is_set() else reader.doubts([hit.chunk.content])
        if found is None:
            return Reading(list(hits), None)
        doubts.insert(0, found[0])
    order = sorted(range(len(hits)), key=doubts.__getitem__)
    least = min(doubts, default=1.0)
    return Reading([hits[i] for i in order if doubts[i] <= least + MARGIN], least)
