"""An answer while it grows."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from app.answering.answer import Answer, Kind, Sentence, Timings
from app.answering.check.support import Citation
from app.answering.quotes import closest_quotes
from app.answering.reading import Reader
from retriever import Hit
from retriever.words import content_words

_FIRST_WORD = re.compile(r"[^\W\d_]+(?=[.,;:!?]?\s)")  # no part of an address or of code


class Draft:
    """Numbers what is cited in the order of the text, and ends as one of the kinds of answers.

    Args:
        question: As it was asked.
        reader: Knows it as it is answered, and finds the closest sentences where there is nothing
            better.
        sources: The passages; a citation that is handed in has the place of its own as number.
        left_out: Those that did not fit before the model.
        read_on: Whether the model may read sentences to find the closest.

    Attributes:
        sentences: What was written so far, as the answer shows it.
        rejected: What the model wrote and the passages do not support.
        finding: Seconds that passed before; from here on the draft counts itself.
        reader, sources: As given.
    """

    def __init__(
        self,
        question: str,
        reader: Reader,
        sources: Sequence[Hit],
        left_out: Sequence[Hit] = (),
        read_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self.sentences: list[Sentence] = []
        self.rejected: Sequence[str] = ()
        self.finding = 0.0
        self._began = time.monotonic()
        self._question = question
        self.reader = reader
        self.sources = sources
        self._left_out = left_out
        self._read_on = read_on
        self._places: dict[int, int] = {}

    def add(self, sentence: Sentence) -> Sentence:
        """Take `sentence`; returns it as the answer shows it."""
        before, text = sentence.before, sentence.text
        if not self.sentences:
            before, text = "", _begun(text)
        cited = tuple(map(self._numbered, sentence.citations))
        self.sentences.append(replace(sentence, text=text, before=before, citations=cited))
        return self.sentences[-1]

    def quoted(self, notice: str, least: float, first: Sequence[Citation] = ()) -> Answer | None:
        """Quotes instead of the model's words; None where no sentence is near enough.

        Args:
            notice: Why.
            least: Smallest relevance of a quote; see `closest_quotes`.
            first: These lead: where what the model is not sure of stands.
        """
        quotes = self._closest(first, least)
        return self.answer("quoted", notice, quotes) if quotes else None

    def refused(self, notice: str, first: Sequence[Citation] = ()) -> Answer:
        """The documents do not say; what comes closest is told."""
        return self.answer("refused", notice, self._closest(first))

    def _closest(self, first: Sequence[Citation], least: float = 0.0) -> list[Citation]:
        return closest_quotes(
            self.reader, self.sources, least=least, first=first, read_on=self._read_on
        )  # fmt: skip

    def answer(self, kind: Kind, notice: str = "", quotes: Sequence[Citation] = ()) -> Answer:
        """The answer as it stands now."""
        quotes = tuple(map(self._numbered, quotes))
        rest = (place for place in range(len(self.sources)) if place not in self._places)
        return Answer(
            question=self._question,
            understood=self.reader.question,
            kind=kind,
            sentences=tuple(self.sentences),
            quotes=quotes,
            notice=notice,
            sources=tuple(self.sources[place] for place in (*self._places, *rest)),
            left_out=tuple(self._left_out),
            rejected=tuple(self.rejected),
            timings=Timings(self.finding, time.monotonic() - self._began),
        )

    def _numbered(self, citation: Citation) -> Citation:
        number = self._places.setdefault(citation.number - 1, len(self._places) + 1)
        return replace(citation, number=number)


def _begun(text: str) -> str:
    """`text` with a capital letter at its beginning: "the harbour master" is a short answer.

    Only before words such as "the" and "in": "httpd" and "htpasswd" are names that want none.
    """
    word = _FIRST_WORD.match(text)
    if word is None or not word[0].islower() or content_words(word[0]):
        return text
    return text[0].upper() + text[1:]
