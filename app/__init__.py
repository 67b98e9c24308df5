"""Grounded answers over an index: with checked citations, in the terminal, a chat page and HTTP."""

from app.answering.pipeline import Answer, answer

__all__ = ["Answer", "answer"]
