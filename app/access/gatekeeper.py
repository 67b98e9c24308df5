"""Stands before everything else of the server, Streamlit's own routes included.

A browser shows a key once, on a small page, and gets a cookie; programs send theirs with each
request. What another web page sends is refused, whoever's cookie comes with it.
"""

import hmac
from collections.abc import MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.keys import SESSION_SECONDS, Keys
from app.access.login_page import login_page
from app.api.errors import error_response

ADMITTED = "duet.admitted"
"""In an ASGI scope: whether the caller may see what is not for everyone."""
OWNER = "duet.owner"
"""In an ASGI scope: whether the caller is a program of the user who runs the server."""
COOKIE = "duet_session"
LOGIN = "/login"
_OPEN = frozenset({"/api/healthz", "/api/readyz"})
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_FORM = 4096  # bytes
_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'self'; object-src 'none'; base-uri 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_FOREIGN = "This came from another web site, and is refused."
_NO_KEY = "Send the server's DUET_API_KEY as `Authorization: Bearer KEY`."


class Gatekeeper:
    """ASGI middleware: lets through what may be let through, with safe headers on the way back.

    Args:
        app: What stands behind it.
        keys: Without any, everyone is admitted.
        token: Of other programs of the user who runs the server.
    """

    def __init__(self, app: ASGIApp, keys: Keys | None, token: str) -> None:
        self._app = app
        self._keys = keys
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = await self._refusal(scope, headers, receive)
        if refusal is None:
            await self._app(scope, receive, _safely(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, _safely(send))

    async def _refusal(
        self, scope: MutableMapping[str, Any], headers: Headers, receive: Receive
    ) -> Response | None:
        writes = scope["type"] == "websocket" or scope["method"] not in _READS
        if writes and _is_foreign(headers):
            return error_response(403, _FOREIGN)
        scope[OWNER] = _is_bearer(headers, self._token)
        if self._keys is None or scope[OWNER]:
            scope[ADMITTED] = True
            return None
        if scope["path"] == LOGIN and scope["type"] == "http" and scope["method"] == "POST":
            return await self._login(self._keys, Request(scope, receive))
        scope[ADMITTED] = self._who(self._keys, headers) is not None
        if scope[ADMITTED] or scope["path"] in _OPEN:
            return None
        if "text/html" in headers.get("accept", "") and not writes:
            return HTMLResponse(login_page(), 401)
        return error_response(401, _NO_KEY, {"WWW-Authenticate": "Bearer"})

    async def _login(self, keys: Keys, request: Request) -> Response:
        name = keys.who(await _given(request))
        if name is None:
            return HTMLResponse(login_page("That is not the key."), 401)
        response = RedirectResponse("/", 303)
        response.set_cookie(
            COOKIE,
            keys.session(name),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    def _who(self, keys: Keys, headers: Headers) -> str | None:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return keys.who(given)
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return None
        return keys.holder(cookie.value) if cookie else None


def _is_bearer(headers: Headers, token: str) -> bool:
    given = headers.get("authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), token.encode())


def _is_foreign(headers: Headers) -> bool:
    """Whether a browser says that another site's page sends this; programs say nothing."""
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host", "")


async def _given(request: Request) -> str:
    """The key in the form that `login_page` sends; empty if it is none."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > _MOST_FORM:
                return ""
    except ClientDisconnect:
        return ""
    return parse_qs(body.decode("utf-8", "replace")).get("key", [""])[0]


def _safely(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
