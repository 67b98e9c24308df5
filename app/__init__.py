"""Grounded answers over an index: every sentence checked; in Python, the terminal, a page, HTTP."""

from app.answering import Answer, ask

__all__ = ["Answer", "ask"]
