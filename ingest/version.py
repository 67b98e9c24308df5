"""When is a file the same as the one that was indexed?"""

import hashlib

from ingest.sniff import Format

PIPELINE = 5
"""Raise it when a change to a parser or to the chunker changes their output: all is read anew."""


def content_hash(media_type: Format, data: bytes) -> str:
    """Hash of a file's bytes and of how they are read; its name and place do not matter."""
    return hashlib.sha256(media_type.encode() + b"\0" + data).hexdigest()[:32]


def settings_suffix(chunk_tokens: int) -> str:
    """The end of every version that was made with these settings."""
    settings = f"{PIPELINE}:{chunk_tokens}"
    return f"-{hashlib.sha256(settings.encode()).hexdigest()[:8]}"
