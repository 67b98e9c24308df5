"""Grounded answers over an index: every sentence checked; in Python, the terminal, a page, HTTP."""

from app.answering import Answer, ask
from app.duet import Duet

__all__ = ["Answer", "Duet", "ask"]
