"""Mailboxes (.mbox): a message is a page."""

import email
import email.policy

from ingest.document import Document, DocumentBuilder
from ingest.errors import UnreadableError
from ingest.parsers.email_message import add_message, header
from ingest.sniff import Format

_FROM = b"From "


def parse(data: bytes) -> Document:
    """A mailbox (RFC 4155).

    Raises:
        UnreadableError: It does not begin with a `From ` line.
        NoTextError: Its messages have no text.
    """
    if not data.startswith(_FROM):
        msg = "no mailbox: expected a first line that begins with “From ”"
        raise UnreadableError(msg)
    builder = DocumentBuilder()
    for source in data[len(_FROM) :].split(b"\n" + _FROM):
        _, _, content = source.partition(b"\n")
        message = email.message_from_bytes(
            content.replace(b"\n>From ", b"\nFrom "), policy=email.policy.default
        )
        if message.keys():
            builder.start_page(header(message, "Subject") or None)
            add_message(message, builder)
    return builder.build(Format.MAILBOX)
