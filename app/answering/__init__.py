"""From a question to an answer whose every sentence was checked; knows no user interface."""

from app.answering.answer import OFF_TOPIC, Answer, Kind, Sentence, Timings
from app.answering.check.support import Citation
from app.answering.conversation.followup import Exchange
from app.answering.gate import measure_gate
from app.answering.pipeline import AnswerStream, QuestionError, ask, drain, stream_answer
from app.answering.policy import DEFAULT_POLICY, Policy

__all__ = [
    "DEFAULT_POLICY",
    "OFF_TOPIC",
    "Answer",
    "AnswerStream",
    "Citation",
    "Exchange",
    "Kind",
    "Policy",
    "QuestionError",
    "Sentence",
    "Timings",
    "ask",
    "drain",
    "measure_gate",
    "stream_answer",
]
