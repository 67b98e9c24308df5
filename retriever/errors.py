"""What can go wrong between a program and its index; every text says what to do next."""

from embedder.encoder import EncoderId
from embedder.errors import DuetError


class RetrieverError(DuetError):
    """The index could not do what was asked; base of the errors below."""


class AddressError(RetrieverError):
    """An address names something that is not an index and cannot become one."""


class IndexLockedError(RetrieverError):
    """Another process (or another part of this one) has the folder open; the text says who."""


class EncoderMismatchError(RetrieverError):
    """The index holds vectors of another encoder than the one that wants to use it."""

    def __init__(self, address: str, *, stored: EncoderId, given: EncoderId) -> None:
        super().__init__(
            f"The index at {address} was made by the encoder {stored}, but the model in use is "
            f"{given}. Use that model, or re-index: python -m ingest FOLDER --rebuild"
        )
        self.stored = stored
        self.given = given


class OutdatedIndexError(RetrieverError):
    """The index was made before the search by words that is in use."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"The index at {address} was made by an earlier version, for another search by words. "
            "Re-index: python -m ingest FOLDER --rebuild"
        )


class IndexDamagedError(RetrieverError):
    """The index's files are not as they were written; the text says which and how to re-index."""


class ServerUnreachableError(RetrieverError):
    """No Qdrant server answers at the address, or it refuses us."""


class InvalidVectorError(RetrieverError, ValueError):
    """A vector has the wrong width or numbers that are not finite."""


class FilterError(RetrieverError, ValueError):
    """No chunk could ever meet a filter: a value, or two together, make no sense."""


class ExportError(RetrieverError):
    """A file cannot be written as an export, or is none; nothing has changed."""
