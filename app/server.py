"""One process for the chat page and the API, over one model and one index."""

import ctypes
import ipaddress
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import streamlit as st
from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount

from app.access import Gatekeeper
from app.api.application import create_api
from app.logs import set_up_logs
from app.mcp.tools import create_tools, in_process
from app.runtime import Runtime, share
from app.settings import Settings
from embedder.errors import DuetError

_ARENA_MAX = -8  # M_ARENA_MAX of malloc.h
_LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"]

_CONFIG: dict[str, object] = {
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.maxUploadSize": 200,
    "browser.gatherUsageStats": False,
    "logger.level": "error",  # else a line for each timer that fires after its answer is there
    # Going through a model's objects takes 0.26 s, and a page looks four times a second.
    "runner.postScriptGC": False,
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    # A theme for each, and none for both: so the page is light or dark as the system is.
    "theme.light.primaryColor": "#2f6f6b",
    "theme.light.baseRadius": "0.6rem",
    "theme.light.secondaryBackgroundColor": "#f4f6f6",
    "theme.dark.primaryColor": "#6fb9b2",
    "theme.dark.baseRadius": "0.6rem",
    "theme.dark.backgroundColor": "#14191b",
    "theme.dark.secondaryBackgroundColor": "#1d2427",
    # Points of the map: Streamlit's own pale and dark blues are hardly seen on white and on black.
    "theme.light.chartCategoricalColors": [
        "#1f6fb5",
        "#2f8f5b",
        "#8e4bb8",
        "#b8860b",
        "#c0397b",
        "#2a8f96",
        "#6b6f1a",
        "#5d5fc9",
        "#8a5a3b",
        "#7a8288",
    ],
    "theme.dark.chartCategoricalColors": [
        "#6db3f2",
        "#6fcf97",
        "#c79bea",
        "#e5c15d",
        "#ee8fbb",
        "#6fd3d9",
        "#c3c76a",
        "#a5a7f5",
        "#d1a27f",
        "#9aa3a9",
    ],
}


def serve(host: str, port: int, settings: Settings) -> None:
    """Serve until Ctrl-C: the page at `/`, the API at `/api`.

    Args:
        host: Address to bind; one that others can reach needs DUET_API_KEY.
        port: Port to bind.
        settings: Model, index, keys, and what writes.

    Raises:
        DuetError: The address would be open to everyone, the port is taken, or a setting is none.
    """
    runtime = Runtime.from_settings(settings)
    local = _is_loopback(host)
    if not local and runtime.keys is None:
        msg = (
            f"Binding {host} lets others in: set DUET_API_KEY to a secret that the page and the "
            "API will ask for, or bind 127.0.0.1."
        )
        raise DuetError(msg)
    _check_free(host, port)
    set_up_logs(os.environ.get("DUET_LOG") or "plain")
    _share_memory()
    runtime.serve_at(f"http://{_reached_at(host)}:{port}")
    application = create_application(runtime, local=local)
    application.run(config=configuration(host, port))


def configuration(host: str, port: int) -> dict[str, object]:
    """Streamlit's options: no telemetry, no file watcher, our colours."""
    return {**_CONFIG, "server.address": host, "server.port": port}


def create_application(runtime: Runtime, *, local: bool) -> st.App:
    """The page, the API, and the tools for assistants as one ASGI application.

    Args:
        runtime: Opened in the background when the application starts, closed when it ends.
        local: Whether it is bound to loopback. Then requests under another host name are refused,
            so that no web page can reach it by rebinding its own name to 127.0.0.1.
    """
    api = create_api(runtime)
    tools = create_tools(in_process(api))
    # What comes from elsewhere the Gatekeeper refuses, for all routes alike.
    open_to_all = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    tool_routes = tools.streamable_http_app(
        stateless_http=True, json_response=True, transport_security=open_to_all
    ).routes

    @asynccontextmanager
    async def lifespan(_app: st.App) -> AsyncGenerator[None]:
        runtime.warm_up()
        try:
            async with tools.session_manager.run():
                yield
        finally:
            runtime.close()

    share(runtime)
    named = local and runtime.keys is None
    hosts = [Middleware(TrustedHostMiddleware, allowed_hosts=_LOOPBACK_NAMES)] if named else []
    return st.App(
        Path(__file__).with_name("page") / "main.py",
        lifespan=lifespan,
        routes=[Mount("/api", api), *tool_routes],
        middleware=[*hosts, Middleware(Gatekeeper, keys=runtime.keys, token=runtime.token)],
    )


def _share_memory() -> None:
    """Have all threads of the server take memory from two places instead of one each.

    With fifty clients the C library (glibc) kept 800 MB for them that nobody used.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 2)


def _reached_at(host: str) -> str:
    """The host as programs on this machine reach it."""
    if host in ("", "0.0.0.0", "::"):
        return "127.0.0.1" if host != "::" else "[::1]"
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, UnicodeError) as error:  # UnicodeError: no name of a host
            reason = error.strerror if isinstance(error, OSError) else str(error)
            msg = f"Cannot bind {host} port {port}: {reason}. Choose another: --port, --host"
            raise DuetError(msg) from error
