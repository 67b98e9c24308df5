"""What the command line must know before torch is imported."""

MAX_TOKENS = 256
"""Tokens of a text that are embedded by default: so many word pieces MiniLM reads."""

RECALL_AT = (10, 100)
"""Every k of Recall@k."""

MINILM = "MiniLM"
BM25 = "BM25"
