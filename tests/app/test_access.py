"""Who gets in; `test_browser` shows a key to the real page."""

import asyncio
from contextlib import contextmanager

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.access import Gatekeeper, Keys
from app.access.gatekeeper import COOKIE
from app.api.application import create_api
from app.runtime import Runtime

KEY = "correct horse"
STREAM = "/_stcore/stream"
UPLOAD = "/_stcore/upload_file/session/file"
HTML = {"accept": "text/html"}


@contextmanager
def client_of(runtime):
    """The API and, in the place of Streamlit's routes, some of their names; see `test_browser`."""

    async def page(_request):
        return PlainTextResponse("the page")

    async def upload(request):
        return PlainTextResponse(f"{len(await request.body())} bytes")

    async def stream(websocket):
        await websocket.accept()
        await websocket.close()

    routes = [
        Route("/", page),
        Route(UPLOAD, upload, methods=["PUT"]),
        WebSocketRoute(STREAM, stream),
        Mount("/api", create_api(runtime)),
    ]
    behind = Starlette(
        routes=routes, middleware=[Middleware(Gatekeeper, keys=runtime.keys, token=runtime.token)]
    )
    with TestClient(behind, base_url="http://localhost", follow_redirects=False) as client:
        yield client


@pytest.fixture
def open_server(retriever, tmp_path):
    runtime = Runtime(lambda: retriever, uploads=tmp_path)
    runtime.warm_up().join()
    with client_of(runtime) as client:
        yield client


@pytest.fixture
def server(retriever, tmp_path):
    """One that asks for a key; its model and index are open."""
    runtime = Runtime(lambda: retriever, uploads=tmp_path, keys=Keys({"ada": KEY, "bob": "other"}))
    runtime.warm_up().join()
    with client_of(runtime) as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {KEY}"},
        {"cookie": f"{COOKIE}=ada:99999999999:0000"},
        {"cookie": f"{COOKIE}={KEY}"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/search"),
        ("PUT", UPLOAD),
        ("GET", "/_stcore/health"),
        ("GET", "/"),
        ("GET", "/api/pages/x"),
        ("POST", "/api/v1/embeddings"),
    ],
)
def test_outsiders_get_nothing(server, method, path, headers):
    response = server.request(method, path, headers=headers, content=b"x" * 100)
    assert response.status_code == 401
    assert "DUET_API_KEY" in response.json()["error"]["message"]


def test_outsiders_open_no_session_of_the_page(server):
    with pytest.raises(WebSocketDisconnect), server.websocket_connect(STREAM):
        pass


def test_what_an_outsider_sends_is_not_even_read():
    async def receive():
        raise AssertionError("the body was read")

    async def send(message):
        sent.append(message)

    sent = []
    scope = {"type": "http", "method": "PUT", "path": UPLOAD, "headers": []}
    asyncio.run(Gatekeeper(None, Keys({"": KEY}), token="token")(scope, receive, send))
    assert sent[0]["status"] == 401


def test_a_key_opens_everything(server):
    good = {"authorization": f"Bearer {KEY}"}
    assert server.post("/api/search", json={"question": "pump"}, headers=good).status_code == 200
    assert server.put(UPLOAD, content=b"xyz", headers=good).text == "3 bytes"
    with server.websocket_connect(STREAM, headers=good):
        pass


def test_a_browser_shows_its_key_once(server):
    page = server.get("/", headers=HTML)
    assert (page.status_code, "This server needs a key" in page.text) == (401, True)
    wrong = server.post("/login", data={"key": "guess"})
    assert (wrong.status_code, "not the key" in wrong.text) == (401, True)
    assert not server.cookies
    right = server.post("/login", data={"key": KEY})
    assert (right.status_code, right.headers["location"]) == (303, "/")
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert KEY not in right.headers["set-cookie"]
    assert server.get("/", headers=HTML).text == "the page"
    shown = {"cookie": f"{COOKIE}={server.cookies[COOKIE]}"}  # the test client sends none here
    with server.websocket_connect(STREAM, headers=shown):
        pass


def test_a_form_that_is_too_long_is_no_key(server):
    assert server.post("/login", data={"key": KEY, "x": "y" * 5000}).status_code == 401


def test_health_is_for_everyone_and_reasons_are_not(server, tmp_path):
    assert server.get("/api/healthz").status_code == 200
    assert server.get("/api/readyz").json() == {"status": "ready"}
    told = server.get("/api/readyz", headers={"authorization": f"Bearer {KEY}"}).json()
    assert told["documents"] == 2

    def connect():
        raise OSError("/secret/path")

    runtime = Runtime(connect, uploads=tmp_path, keys=Keys({"": KEY}))
    with client_of(runtime) as client:
        response = client.get("/api/readyz")
    assert (response.status_code, response.json()) == (503, {"status": "not ready"})


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://evil.example", "null"])
def test_pages_of_other_sites_can_do_nothing(open_server, origin):
    headers = {"origin": origin}
    with pytest.raises(WebSocketDisconnect), open_server.websocket_connect(STREAM, headers=headers):
        pass
    assert open_server.post("/api/search", json={}, headers=headers).status_code == 403
    assert open_server.put(UPLOAD, content=b"x", headers=headers).status_code == 403


def test_its_own_page_can(open_server):
    with open_server.websocket_connect(STREAM, headers={"origin": "http://testserver"}):
        pass
    headers = {"origin": "http://localhost"}
    assert open_server.post("/api/search", json={}, headers=headers).status_code == 400


@pytest.mark.parametrize("path", ["/", "/api/healthz"])
def test_answers_cannot_be_framed_or_taken_for_something_else(open_server, path):
    headers = open_server.get(path).headers
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_a_session_ends_with_its_time_or_its_key():
    keys = Keys.of("ada=one-key-of-hers,bob=another-key")
    token = keys.session("ada", now=1000)
    assert keys.holder(token, now=2000) == "ada"
    assert keys.holder(token, now=1e9) is None
    assert keys.holder(token.replace("ada", "bob"), now=2000) is None
    assert Keys.of("ada=changed-since,bob=another-key").holder(token, now=2000) is None
    assert Keys.of("bob=another-key").holder(token, now=2000) is None
    assert keys.holder("nonsense", now=2000) is keys.holder("a:b:c", now=2000) is None


@pytest.mark.parametrize(
    ("setting", "key", "name"),
    [
        ("plain", "plain", ""),
        ("a=b=", "a=b=", ""),
        ("ada=12345678,bob=87654321", "87654321", "bob"),
        ("ada=12345678,short", "ada=12345678,short", ""),
    ],
)
def test_keys_are_one_or_several_with_names(setting, key, name):
    keys = Keys.of(setting)
    assert keys.who(key) == name
    assert keys.who("something else") is None
