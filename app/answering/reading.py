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


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read.

    Attributes:
        hits: The passages, the most telling one first.
        doubt: How likely the model refuses to answer from that one, 0 to 1; None if it cannot tell.
    """

    hits: list[Hit]
    doubt: float | None


def read(
    question: str, hits: Sequence[Hit], model: LanguageModel, stop: StopSignal | None = None
) -> Reading:
    """The passages to answer from: at least one, if there is any; all, if the model cannot tell.

    Args:
        question: Complete in itself.
        hits: What was found, best first.
        model: Reads them.
        stop: When set, all come back, unread.
    """
    doubts: list[float] = []
    for hit in hits:
        if stop is not None and stop.is_set():
            return Reading(list(hits), None)
        found = doubt(question, hit.chunk.content, model)
        if found is None:
            return Reading(list(hits), None)
        doubts.append(found)
    order = sorted(range(len(hits)), key=doubts.__getitem__)
    least = min(doubts, default=1.0)
    return Reading([hits[i] for i in order if doubts[i] <= least + MARGIN], least)


def doubt(question: str, text: str, model: LanguageModel) -> float | None:
    """How likely the model refuses to answer from `text` alone, 0 to 1; None if it cannot tell."""
    try:
        return model.refusal_probability(grounded_messages(question, [text]))
    except PromptTooLongError:
        return 1.0
