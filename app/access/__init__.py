"""Who may use the server: decided before a page, an upload or a body is looked at."""

from app.access.gatekeeper import Gatekeeper
from app.access.keys import Keys

__all__ = ["Gatekeeper", "Keys"]
