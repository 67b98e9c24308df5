"""Links that only this process can have made: to what the page has shown, and nothing else."""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass

from embedder.errors import DuetError


class TicketError(DuetError):
    """A link that this process did not make."""


@dataclass(frozen=True, slots=True)
class Place:
    """Quotes in a passage.

    Attributes:
        document_id: Of its document.
        position: The passage's in its document, from 0.
        spans: Start and end of each quote in the passage.
    """

    document_id: str
    position: int
    spans: tuple[tuple[int, int], ...]


class Tickets:
    """Makes and takes tickets; they end with the process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def issue(self, place: Place) -> str:
        """A ticket, which may stand in a URL."""
        content = base64.urlsafe_b64encode(json.dumps(asdict(place)).encode())
        return f"{content.decode()}.{self._seal(content)}"

    def redeem(self, ticket: str) -> Place:
        """The place that a ticket was made for.

        Raises:
            TicketError: It was not made here.
        """
        content, _, seal = ticket.partition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(content.encode()).encode()):
            msg = "This link is no longer good: load the page again."
            raise TicketError(msg)
        told = json.loads(base64.urlsafe_b64decode(content))
        spans = tuple((int(start), int(end)) for start, end in told["spans"])
        return Place(told["document_id"], told["position"], spans)

    def _seal(self, content: bytes) -> str:
        return hmac.new(self._key, content, hashlib.sha256).hexdigest()
