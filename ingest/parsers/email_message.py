"""E-mail: who wrote to whom, when, what, and what was attached."""

import email
import email.policy
from email.message import EmailMessage
from pathlib import PurePosixPath

from ingest.document import Document, DocumentBuilder
from ingest.errors import NoTextError, UnreadableError, UnsupportedError
from ingest.parsers.html import add_blocks, blocks_of
from ingest.parsers.text import decode
from ingest.sniff import Format, sniff

_HEADERS = ("From", "To", "Cc", "Date")
MAX_ATTACHMENTS = 50
MAX_DEPTH = 5
"""Messages in messages."""


def parse(data: bytes) -> Document:
    """A message (.eml, RFC 5322) with its attachments.

    Raises:
        UnreadableError: It is no message.
        NoTextError: It has no text.
    """
    message = email.message_from_bytes(data, policy=email.policy.default)
    if not message.keys():
        msg = "no e-mail: it has no header such as From or Subject"
        raise UnreadableError(msg)
    builder = DocumentBuilder()
    add_message(message, builder)
    return builder.build(Format.EMAIL, title=header(message, "Subject") or None)


def add_message(message: EmailMessage, builder: DocumentBuilder, depth: int = 0) -> None:
    """Append a message: its subject as a heading, its headers, its text, its attachments."""
    builder.add_heading(min(depth + 1, 6), header(message, "Subject"))
    lines = (f"{name}: {value}" for name in _HEADERS if (value := header(message, name)))
    builder.add("\n".join(lines))
    body = message.get_body(("plain", "html"))
    if isinstance(body, EmailMessage):
        _add_body(body, builder)
    attachments = list(message.iter_attachments())
    for part in attachments[:MAX_ATTACHMENTS]:
        _add_attachment(part, builder, depth + 1)
    if len(attachments) > MAX_ATTACHMENTS:
        builder.note(f"{len(attachments) - MAX_ATTACHMENTS} attachments were not read")


def header(message: EmailMessage, name: str) -> str:
    """A header, decoded; empty if it is missing or damaged."""
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, IndexError, AttributeError, TypeError):  # of the library, on odd addresses
        return ""


def _add_body(body: EmailMessage, builder: DocumentBuilder) -> None:
    text = _text(body)
    if body.get_content_type() == "text/html":
        add_blocks(blocks_of(text), builder)
    else:
        builder.add(text)


def _text(part: EmailMessage) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    charset = part.get_content_charset()
    try:
        return data.decode(charset) if charset else decode(data)
    except (LookupError, UnicodeDecodeError, UnreadableError):
        return data.decode("utf-8", errors="replace")


def _add_attachment(part: EmailMessage, builder: DocumentBuilder, depth: int) -> None:
    from ingest.parsers import parse as parse_any

    name = part.get_filename() or "without a name"
    if part.get_content_type() == "message/rfc822" and depth < MAX_DEPTH:
        for inner in part.iter_parts():
            if isinstance(inner, EmailMessage):
                add_message(inner, builder, depth)
        return
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes) or not data or depth >= MAX_DEPTH:
        builder.note(f"the attachment {name} was not read")
        return
    try:
        document = parse_any(data, sniff(data, PurePosixPath(name).suffix))
    except (UnreadableError, UnsupportedError, NoTextError) as error:
        builder.note(f"the attachment {name} was not read: {error}")
        return
    level = min(depth + 1, 6)
    builder.add_heading(level, f"Attachment: {name}")
    builder.add_document(document, below=level)
