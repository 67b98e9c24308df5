"""What the server says while it runs: lines for people, or JSON; never a document's text."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal, get_args

from embedder.errors import DuetError

Form = Literal["plain", "json"]

REQUESTS = logging.getLogger("app.requests")
"""Told of each request of the API: its method, route, status and seconds."""


class JsonLines(logging.Formatter):
    """A line of JSON for each record: time, level, logger, message, and its `told` fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record on one line."""
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "told", {}),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def set_up_logs(form: str) -> None:
    """Have this process log to standard error.

    Args:
        form: "plain": warnings and errors. "json": requests, too.

    Raises:
        DuetError: It is neither.
    """
    if form not in get_args(Form):
        msg = f"DUET_LOG is {form!r}, expected one of {', '.join(get_args(Form))}."
        raise DuetError(msg)
    handler = logging.StreamHandler(sys.stderr)
    is_json = form == "json"
    plain = logging.Formatter("%(levelname)s: %(message)s")
    handler.setFormatter(JsonLines() if is_json else plain)
    ours = logging.getLogger("app")
    ours.handlers = [handler]
    ours.propagate = False
    ours.setLevel(logging.INFO if is_json else logging.WARNING)
