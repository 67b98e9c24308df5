"""From a question to an answer whose every sentence was checked; knows no user interface."""

from app.answering.answer import Answer, Kind, Sentence
from app.answering.pipeline import AnswerStream, QuestionError, ask, drain, stream_answer
from app.answering.policy import DEFAULT_POLICY, Policy
from app.answering.support import Citation

__all__ = [
    "DEFAULT_POLICY",
    "Answer",
    "AnswerStream",
    "Citation",
    "Kind",
    "Policy",
    "QuestionError",
    "Sentence",
    "ask",
    "drain",
    "stream_answer",
]
