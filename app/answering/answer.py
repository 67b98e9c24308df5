"""An answer as data: the terminal, the page and the API only draw it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from unicodedata import east_asian_width

from app.answering.check.support import Citation
from app.answering.conversation.followup import Exchange
from embedder.chat import REFUSAL
from retriever import Hit

Kind = Literal["generated", "quoted", "refused", "stopped", "collection"]

OFF_TOPIC = "They seem to be about something else."
"""The notice of a refusal whose quotes are near in nothing but that nothing is nearer."""
_FULL_STOP = re.compile(r"(?<=.)[.!?…。！？]+$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the model's that its passages support.

    Attributes:
        text: As the model wrote it, in Markdown, without the numbers of its passages. Brackets
            that it took over from a document are text.
        before: White space between the sentence before and this one.
        citations: Where its support stands; none for one that claims nothing ("Here is the list:").
    """

    text: str
    before: str
    citations: tuple[Citation, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of the passages that support it, each once."""
        return tuple(dict.fromkeys(citation.number for citation in self.citations))

    def marked(self, mark: Callable[[int], str] = "[{}]".format) -> str:
        """The text with its numbers, each as `mark` writes it, before the full stop.

        After it where a bracket of the document's own stands there: "as shown before [2]. [1]".
        """
        if not self.numbers:
            return self.text
        end = _FULL_STOP.search(self.text)
        place = end.start() if end and self.text[end.start() - 1] != "]" else len(self.text)
        words = self.text[:place].rstrip()
        space = "" if east_asian_width(words[-1]) in "WF" else " "
        return words + space + "".join(map(mark, self.numbers)) + self.text[place:]


@dataclass(frozen=True, slots=True)
class Timings:
    """How long an answer took.

    Attributes:
        finding: Seconds until the passages were found and ranked.
        writing: Seconds from then to the end, with the check of each sentence.
    """

    finding: float
    writing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer and what it rests on.

    Attributes:
        question: What was asked.
        understood: What was searched and answered: the same, or what a question that refers to
            the conversation means.
        kind: "generated": `sentences` in the model's words. "quoted": `quotes` instead, because
            the model's words did not hold. "refused": the documents do not say; `quotes` are
            merely the closest. "stopped": what was written until stop was pressed.
            "collection": `sentences` about the index itself, without citations.
        sentences: Each supported by its citations.
        quotes: Sentences of the documents, word for word, the closest first.
        notice: What the reader should know about the answer; empty if there is nothing.
        sources: The passages that `[1]`, `[2]`, ... stand for: those that are cited first.
        left_out: Passages that were found but did not fit into the model's window.
        rejected: Sentences that the model wrote and its passages do not support; never shown as
            an answer.
        timings: How long it took; None where nothing had to be found.
    """

    question: str
    understood: str
    kind: Kind
    sentences: tuple[Sentence, ...] = ()
    quotes: tuple[Citation, ...] = ()
    notice: str = ""
    sources: tuple[Hit, ...] = ()
    left_out: tuple[Hit, ...] = ()
    rejected: tuple[str, ...] = ()
    timings: Timings | None = field(default=None, compare=False)

    @property
    def exchange(self) -> Exchange:
        """What a follow-up may refer back to."""
        return Exchange(self.understood, self.text)

    @property
    def text(self) -> str:
        """The answer in Markdown: the sentences, the quotes, or that the documents do not say."""
        return self.marked()

    def marked(self, mark: Callable[[int], str] = "[{}]".format) -> str:
        """`text` with its numbers, each as `mark` writes it."""
        if self.kind == "refused":
            return REFUSAL
        if self.kind == "quoted":
            lines = (" ".join(quote.quote.split()) for quote in self.quotes)
            numbered = zip(lines, self.quotes, strict=True)
            return "\n\n".join(f"“{line}” {mark(quote.number)}" for line, quote in numbered)
        return "".join(sentence.before + sentence.marked(mark) for sentence in self.sentences)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All that it rests on, in the order of the text, each place once."""
        cited = [c for sentence in self.sentences for c in sentence.citations]
        return tuple(dict.fromkeys((*cited, *self.quotes)))
