"""Subtitles (.srt, .vtt): what is said, with the time at which it is."""

import re

from ingest.document import Document, DocumentBuilder, normalise
from ingest.parsers.html import visible_text
from ingest.parsers.text import decode
from ingest.sniff import Format

_TIMES = re.compile(r"^(?:(\d{1,3}):)?(\d{2}):(\d{2})[.,]\d{1,3}\s*-->")
_SPEAKER = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")


def parse(data: bytes) -> Document:
    """A file of subtitles: `[0:01:05] words`, a cue a line; what rolls on is told once.

    Raises:
        UnreadableError: The bytes are not text, or too much of it.
        NoTextError: Nothing is said.
    """
    builder = DocumentBuilder()
    told: list[str] = []
    lines: list[str] = []
    for cue in normalise(decode(data)).split("\n\n"):
        time, words = _cue(cue)
        fresh = [line for line in words if line not in told]
        told = words or told
        if time and fresh:
            lines.append(f"[{time}] {' '.join(fresh)}")
    builder.add("\n".join(lines))
    return builder.build(Format.SUBTITLES)


def _cue(cue: str) -> tuple[str, list[str]]:
    """Its time and its lines; nothing for a header, a style or a comment."""
    lines = cue.split("\n")
    for place, line in enumerate(lines):
        found = _TIMES.match(line.strip())
        if found:
            time = f"{int(found[1] or 0)}:{found[2]}:{found[3]}"
            spoken = (_SPEAKER.sub(r"\1: ", each) for each in lines[place + 1 :])
            return time, [words for each in spoken if (words := visible_text(each).strip())]
    return "", []
