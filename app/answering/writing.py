"""The model's reply, as sentences that were checked while it was written."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from app.answering.answer import Sentence
from app.answering.check.checker import Checker, Rejected
from app.answering.check.support import Citation
from app.answering.context import Context
from embedder.chat import is_refusal
from embedder.encoder import LanguageModel, StopSignal
from embedder.errors import ReplyError


class Writing:
    """Iterate once to write; what is not a sentence of the answer is told afterwards.

    Args:
        model: Writes.
        context: What it is given.
        question: What it is asked.
        is_sure: Whether its mean probability of a token so far, 0 to 1, is enough.
        stop: Set it to end within a token.

    Attributes:
        refused: Whether the model says that the passages do not hold the answer.
        rejected: Sentences that the passages do not support.
        problem: Why the model wrote no more, where it should have.
        guess: Where the first sentence stands that the model is not sure of, after which nothing
            is written, or a short answer that does not seem to be one to the question.
    """

    guess: Sequence[Citation] = ()
    problem: ReplyError | None = None

    def __init__(
        self,
        model: LanguageModel,
        context: Context,
        question: str,
        is_sure: Callable[[float], bool],
        stop: StopSignal | None = None,
    ) -> None:
        self.refused = False
        self.rejected: list[str] = []
        self._model = model
        self._context = context
        self._question = question
        self._is_sure = is_sure
        self._stop = stop
        self._is_over = False

    def __iter__(self) -> Iterator[Sentence]:
        checker = Checker([hit.chunk for hit in self._context.sources], self._question)
        reply = self._model.stream(
            self._context.messages,
            max_new_tokens=self._context.answer_tokens,
            stop=self._stop,
            answering=True,
        )
        text = ""
        with closing(reply):
            try:
                for piece in reply:
                    text += piece
                    yield from self._sentences(checker, text, reply.sureness, complete=False)
                    if self._is_over or loops(text):
                        return
            except ReplyError as error:
                self.problem = error
                return
        if self._stop is None or not self._stop.is_set():
            yield from self._sentences(checker, text, reply.sureness, complete=True)

    def _sentences(
        self, checker: Checker, text: str, sureness: float, *, complete: bool
    ) -> Iterator[Sentence]:
        self.refused = is_refusal(text)
        if self.refused:
            return
        for sentence in checker.read(text, complete=complete):
            if isinstance(sentence, Rejected):
                self.rejected.append(sentence.text)
                self.guess = self.guess or sentence.near
            elif self._is_sure(sureness):
                yield sentence
            else:
                self.guess, self._is_over = sentence.citations, True
                return


def loops(text: str) -> bool:
    """Whether the text ends in the same words three times over, as a model that is stuck does.

    Dashes and bars may repeat: rules and the lines of tables are made of them.
    """
    loop = re.search(r"(.{8,120}?)\1\1$", text[-400:], re.DOTALL)
    return loop is not None and any(character.isalpha() for character in loop[1])
