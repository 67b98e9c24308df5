"""Numbers that hold where nobody says otherwise; command lines read them before torch is there."""

MAX_NEW_TOKENS = 512
"""Longest reply."""

DECODED_TOKENS = 64
"""Longest text that an embedding is decoded to."""

DECODED_WORDS = 5
"""Vocabulary entries that are told of each compression token."""
