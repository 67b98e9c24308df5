import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from embedder.encoder import EncoderId
from retriever import open_index
from retriever.errors import IndexLockedError, RetrieverError
from retriever.owner import Owner, announce, owner_of, withdraw

ENCODER = EncoderId("fake", "000000000000", 4)


@pytest.fixture
def server():
    """Answers `/api/echo` with what it was sent, and all else with an error."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            good = self.path == "/api/echo"
            told = {"sent": json.loads(body), "by": self.headers["Authorization"]}
            answer = told if good else {"error": {"message": "no such thing"}}
            self.send_response(200 if good else 404)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def do_DELETE(self):
            self.send_response(500)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_owner_is_told_only_while_the_index_is_in_use(tmp_path):
    folder = tmp_path / "index"
    assert owner_of(folder) is None
    with open_index(folder, ENCODER):
        with pytest.raises(IndexLockedError):
            owner_of(folder)
        announce(folder, Owner("http://127.0.0.1:1", "secret"))
        assert owner_of(folder) == Owner("http://127.0.0.1:1", "secret")
        assert (folder / "owner.json").stat().st_mode & 0o777 == 0o600
    assert owner_of(folder) is None  # a killed owner takes nothing back
    withdraw(folder)
    withdraw(folder)
    assert not (folder / "owner.json").exists()


def test_a_torn_file_is_no_owner(tmp_path):
    with open_index(tmp_path, ENCODER):
        (tmp_path / "owner.json").write_text('{"url": ')
        with pytest.raises(IndexLockedError):
            owner_of(tmp_path)


def test_nothing_is_written_through_a_link(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    with open_index(tmp_path / "index", ENCODER):
        (tmp_path / "index" / "owner.json.draft").symlink_to(victim)
        announce(tmp_path / "index", Owner("http://127.0.0.1:1", "secret"))
    assert victim.read_text() == "mine"


def test_a_servers_index_has_no_owner():
    announce("http://127.0.0.1:9", Owner("u", "t"))
    withdraw("http://127.0.0.1:9")
    assert owner_of("http://127.0.0.1:9") is None


def test_a_proxy_of_the_environment_never_sees_the_token(server, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert Owner(server, "secret").call("POST", "/api/echo", {})["by"] == "Bearer secret"


def test_a_call_sends_json_with_the_token_and_tells_what_is_wrong(server):
    owner = Owner(server, "secret")
    told = owner.call("POST", "/api/echo", {"a": 1})
    assert told == {"sent": {"a": 1}, "by": "Bearer secret"}
    with pytest.raises(RetrieverError, match=r"^no such thing$"):
        owner.call("POST", "/api/else", {})
    with pytest.raises(RetrieverError, match="answered 500"):
        owner.call("DELETE", "/api/echo")
    with pytest.raises(RetrieverError, match="does not answer"):
        Owner("http://127.0.0.1:9", "").call("GET", "/")
