"""Checking what the model writes, sentence by sentence, while it writes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.answering.answer import Sentence
from app.answering.check.citations import CitedSentence, cited_sentences
from app.answering.check.support import Citation, supporting
from app.answering.expected import may_answer
from retriever import Chunk
from retriever.words import content_words

_AFTER = 12
"""A sentence is complete once so many characters follow: a late `[1]` would still belong to it."""
_TAIL = re.compile(r"(?:than|as|of|that|which|whose|and|or|but)\b", re.IGNORECASE)
_REASON = re.compile(r"\b(?:because|since|due|for|to|by|so|as)\b", re.IGNORECASE)
_ASKS = re.compile(r"(?:\w+ )?(?:who|whom|whose|what|which|when|where|how)\b", re.IGNORECASE)
_CHOICE = re.compile(r"\b(?:or|and|either|neither|between)\b", re.IGNORECASE)
_WHOLE = 3
"""So many content words say something whatever they begin with."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A sentence that the passages it cites do not support, or that cites none.

    Attributes:
        text: Without its citations.
        near: Where a short answer stands that does not seem to be one to the question.
    """

    text: str
    near: tuple[Citation, ...] = ()


class Checker:
    """Takes the sentences of a growing text as they are complete, and checks each.

    A sentence without a number goes by the next number in its paragraph. One that claims nothing
    ("Here is the list:") waits for one that does: alone it says nothing. One that was there before
    is passed over: a model that is stuck repeats itself.

    Args:
        passages: What the model was given; `[n]` cites the n-th, from 1.
        asked: The question, which a short answer completes.
    """

    def __init__(self, passages: Sequence[Chunk], asked: str = "") -> None:
        self._passages = passages
        self._asked = asked
        self._taken = 0  # sentences of the text
        self._waiting: list[Sentence] = []
        self._seen: set[str] = set()

    def read(self, text: str, *, complete: bool) -> list[Sentence | Rejected]:
        """The sentences that are new since the last call, in order.

        Args:
            text: All that the model has written so far; it begins as in the last call.
            complete: Whether that is all.
        """
        sentences = cited_sentences(text, self._passages)
        found: list[Sentence | Rejected] = []
        for place in range(self._taken, len(sentences)):
            sentence = sentences[place]
            settled = sentence.numbers or "\n\n" in text[sentence.span.end :]
            if not complete and (len(text) < sentence.span.end + _AFTER or not settled):
                break
            before = text[sentences[place - 1].span.end : sentence.span.start] if place else ""
            found += self._check(sentence, before)
            self._taken = place + 1
        return found

    def _check(self, sentence: CitedSentence, before: str) -> list[Sentence | Rejected]:
        if not sentence.claim:
            if sentence.text:
                self._waiting.append(Sentence(sentence.text, before, ()))
            return []
        if sentence.text in self._seen:
            return []
        self._seen.add(sentence.text)
        support = supporting(sentence.claim, sentence.numbers, self._passages, self._asked)
        if support and _is_fragment(sentence.claim, self._asked):
            return [Rejected(sentence.text, tuple(support))]
        if not support:
            near = supporting(sentence.claim, sentence.numbers, self._passages)
            return [Rejected(sentence.text, tuple(near))]
        waited, self._waiting = self._waiting, []
        return [*waited, Sentence(sentence.text, before, tuple(support))]


def _is_fragment(claim: str, asked: str) -> bool:
    """Whether it is a question itself, the end of a sentence, or not what is asked for.

    That is a number or a name (`may_answer`), or a reason. A longer phrase, too, gives no reason
    if all it does is to say again what the question says. What repeats its question answers only
    one that lets choose ("Are these red or blue?").
    """
    if claim.endswith(("?", "？")):
        return True
    words = set(content_words(claim))
    adds_nothing = bool(words) and words.issubset(content_words(asked))
    if adds_nothing and _ASKS.match(asked) and not _CHOICE.search(asked):
        return True
    is_short = len(words) < _WHOLE
    if asked.casefold().startswith("why"):
        wanted = set(content_words(asked))
        repeats = not claim[:1].isupper() and 2 * len(wanted & words) >= len(wanted)
        return (is_short and not _REASON.match(claim)) or (repeats and not _REASON.search(claim))
    return is_short and (_TAIL.match(claim) is not None or not may_answer(asked, claim))
