"""What a caller is told when something is wrong: a status by its kind, in OpenAI's form."""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from app.answering import QuestionError
from app.library.uploads import TooLongError, UploadError
from embedder.errors import DuetError, NotUnicodeError, PromptTooLongError, TextTooLongError
from retriever.errors import FilterError, InvalidVectorError

STATUS: Mapping[type[DuetError], int] = {
    QuestionError: 400,
    NotUnicodeError: 400,
    TextTooLongError: 400,
    PromptTooLongError: 400,
    FilterError: 400,
    TooLongError: 413,
    UploadError: 507,
    InvalidVectorError: 500,  # the encoder's fault, whatever the caller sent
}
"""Of errors that a request can meet; all others mean that it cannot be done now: 503."""

DOCUMENTED = {
    400: {"description": "The request makes no sense; the message says why."},
    401: {"description": "A key is missing or wrong."},
    403: {"description": "Another web site sent this."},
    404: {"description": "There is no such thing."},
    405: {"description": "Not with this method."},
    409: {"description": "What this is about is not in the state for it."},
    411: {"description": "A Content-Length is wanted."},
    413: {"description": "The body is too long."},
    429: {"description": "Too many answers are being written; see Retry-After."},
    500: {"description": "A fault of the server's."},
    503: {"description": "Not now: the model or the index is not open."},
    507: {"description": "The disk does not take the file."},
}
"""Statuses of errors, for the API's page."""


def add_error_handlers(api: FastAPI) -> None:
    """Have every error told in the same form."""
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http_error)
    api.add_exception_handler(DuetError, _duet_error)


def error_response(
    status: int, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """`{"error": {"message": ..., "type": ..., "code": status}}`."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    content = {"error": {"message": message, "type": kind, "code": status, "param": None}}
    return JSONResponse(content, status, headers)


def status_of(error: DuetError) -> int:
    """The status of an error: that of the nearest class in `STATUS`."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 503)


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    if first["type"] == "json_invalid":
        return error_response(
            400, f"The body is no JSON: {first['ctx']['error']} at character {place}"
        )
    if not place:
        return error_response(
            400, "Send a JSON object as the body, with `Content-Type: application/json`."
        )
    return error_response(400, f"{place}: {first['msg']}")


def _http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return error_response(error.status_code, error.detail, error.headers)


def _duet_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DuetError)
    return error_response(status_of(error), str(error))
