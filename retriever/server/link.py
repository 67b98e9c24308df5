"""The connection to a server: its client, and what its exceptions mean."""

from collections.abc import Generator
from contextlib import contextmanager

from qdrant_client import QdrantClient
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from retriever.errors import RetrieverError, ServerUnreachableError


class NotFoundError(RetrieverError):
    """The server does not have the collection."""


class Link:
    """A client, its address, and what its exceptions mean."""

    def __init__(self, client: QdrantClient, address: str, *, owned: bool) -> None:
        self.client = client
        self.address = address
        self._owned = owned
        self._users = 1

    def share(self) -> None:
        """One more has to `close` it."""
        self._users += 1

    def close(self) -> None:
        """Close the client if it is ours and nobody else uses it."""
        self._users -= 1
        if self._owned and not self._users:
            self.client.close()

    def aliases(self) -> dict[str, str]:
        """The collection of each alias."""
        with self.calling("read aliases"):
            found = self.client.get_aliases().aliases
        return {alias.alias_name: alias.collection_name for alias in found}

    @contextmanager
    def calling(self, action: str) -> Generator[None]:
        """Round each call: errors say what to do."""
        try:
            yield
        except ResponseHandlingException as error:
            msg = (
                f"No answer from the Qdrant server at {self.address}, could not {action}: "
                f"{error.source}. Is it running (docker compose up -d qdrant)?"
            )
            raise ServerUnreachableError(msg) from error
        except UnexpectedResponse as error:
            if error.status_code in {401, 403}:
                msg = f"Qdrant at {self.address} refuses the API key; set DUET_QDRANT_API_KEY."
                raise ServerUnreachableError(msg) from error
            said = f"{error.status_code} {error.content.decode(errors='replace')[:300]}"
            msg = f"Qdrant at {self.address} could not {action}: {said}"
            raise (NotFoundError if error.status_code == 404 else RetrieverError)(msg) from error
