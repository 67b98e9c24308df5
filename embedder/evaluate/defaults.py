"""What the command line must know before torch is imported."""

MAX_TOKENS = 256
"""Tokens of a text that are embedded by default: so many word pieces MiniLM reads."""

MINILM = "MiniLM"
BM25 = "BM25"
