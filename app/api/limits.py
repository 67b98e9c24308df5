"""No body is longer than it may be, and none is longer than it says."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.errors import error_response


class BodyLimit:
    """ASGI middleware: refuses a long body by its header, before a byte of it is read.

    Args:
        app: What stands behind it.
        longest: Bytes of a body.
        longest_upload: Bytes of one that is written to the disk as it comes: a PUT's.
    """

    def __init__(self, app: ASGIApp, longest: int, longest_upload: int) -> None:
        self._app = app
        self._longest = longest
        self._longest_upload = longest_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on; a server lets through no more than a Content-Length says."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        told = headers.get("content-length", "")
        length = int(told) if told.isdecimal() else 0  # else the server answers 400
        longest = self._longest_upload if scope.get("method") == "PUT" else self._longest
        if "transfer-encoding" in headers:  # whatever length it also claims
            problem = "Send a Content-Length; chunked bodies are not taken."
            await error_response(411, problem)(scope, receive, send)
        elif length > longest:
            problem = f"The body has {length:,} bytes, at most {longest:,} go."
            await error_response(413, problem)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
