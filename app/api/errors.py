"""What a caller is told when something is wrong: OpenAI's form."""

from collections.abc import Mapping

from starlette.responses import JSONResponse


def error_response(
    status: int, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """`{"error": {"message": ..., "type": ..., "code": status}}`."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    content = {"error": {"message": message, "type": kind, "code": status, "param": None}}
    return JSONResponse(content, status, headers)
