"""Why a file did not become a document, and why a whole run could not start."""

from embedder.errors import DuetError


class UnreadableError(DuetError):
    """A file should have become a document and could not: it is reported as failed."""


class UnsupportedError(DuetError):
    """A file is of a kind that is not read: skipped, or failed if it is indexed already."""


class NoTextError(DuetError):
    """A file was read and holds no text: skipped, or failed if it is indexed already."""


class InputError(DuetError):
    """What was asked for cannot be ingested at all; nothing was changed."""
