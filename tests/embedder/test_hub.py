"""Loading by id, from a loopback stand-in for the hub, in a process of its own."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.embedder.gguf_writing import to_gguf

QWEN3 = Path(__file__).parents[1] / "parity" / "qwen3"
COMMIT = "a" * 40
LOAD = """
import sys
from embedder import LLM2VecGen
from embedder.errors import DuetError
try:
    model = LLM2VecGen.from_pretrained(sys.argv[1], device="cpu", dtype="float32")
    print(model.name, model.encode(["disk"]).shape)
except DuetError as error:
    print("error:", error)
"""


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's API as a download needs; repositories are folders of `root`."""

    def __init__(self, *args, root: Path) -> None:
        self.root = root
        super().__init__(*args)

    def log_message(self, *_) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            folder = self.root / parts[2] / parts[3]
            return self._listing(folder, tree="tree" in parts, body=body)
        return self._file(self.root / "/".join(parts[:2]) / "/".join(parts[4:]), body=body)

    def _listing(self, folder: Path, *, tree: bool, body: bool) -> None:
        if not folder.is_dir():
            return self._send(401, b"{}", {"X-Error-Code": "RepoNotFound"}, body=body)
        files = [p for p in folder.rglob("*") if p.is_file()]
        names = {p.relative_to(folder).as_posix(): p for p in files}
        info = {"id": folder.name, "sha": COMMIT, "siblings": [{"rfilename": n} for n in names]}
        entries = [
            {"type": "file", "path": n, "size": p.stat().st_size, "oid": _digest(p)}
            for n, p in names.items()
        ]
        return self._send(200, json.dumps(entries if tree else info).encode(), {}, body=body)

    def _file(self, file: Path, *, body: bool) -> None:
        if not file.is_file():
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, body=body)
        data = file.read_bytes()
        if body and file.parent.name == "dropped" and file.suffix == ".yml":
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[:10])  # and the connection ends here
            self.close_connection = True
            return None
        headers = {"ETag": f'"{_digest(file)}"', "X-Repo-Commit": COMMIT}
        return self._send(200, data, headers, body=body)

    def _send(self, status: int, data: bytes, headers: dict[str, str], *, body: bool) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.wfile.write(data)


def _digest(file: Path) -> str:
    return hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """Serves `someone/encoder`, whose base is `someone/base`, and two that go wrong.

    `someone/on_gguf` has one of the two GGUF files in `someone/gguf` as its base.
    """
    root = tmp_path_factory.mktemp("hub")
    shutil.copytree(QWEN3 / "base", root / "someone" / "base")
    for name in ("encoder", "headless", "dropped"):
        folder = root / "someone" / name
        shutil.copytree(QWEN3 / "checkpoint", folder)
        config = (folder / "run_config.yml").read_text().replace("../base", "someone/base")
        (folder / "run_config.yml").write_text(config)
    (root / "someone" / "headless" / "alignment_mlp").unlink()
    (root / "someone" / "gguf").mkdir()
    for kind in ("F16", "F32"):
        to_gguf(QWEN3 / "base", root / "someone" / "gguf" / f"tiny.{kind}.gguf", kind=kind)
    for name, file in (("on_gguf", "tiny.F32.gguf"), ("misnamed", "tiny.F64.gguf")):
        folder = root / "someone" / name
        shutil.copytree(QWEN3 / "checkpoint", folder)
        config = (folder / "run_config.yml").read_text().replace("../base", f"someone/gguf#{file}")
        (folder / "run_config.yml").write_text(config)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, root=root))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def load(hub, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")

    def run(name: str, **environment: str) -> str:
        env = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(cache), "HF_HUB_OFFLINE": "0"}
        done = subprocess.run(
            [sys.executable, "-c", LOAD, name],
            env={**env, **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    run.cache = cache
    return run


def test_a_checkpoint_and_its_base_load_by_id_and_again_without_a_network(load):
    assert load("someone/encoder") == "someone/encoder (1, 64)"
    assert load("someone/encoder", HF_HUB_OFFLINE="1") == "someone/encoder (1, 64)"
    assert load("someone/encoder", HF_ENDPOINT="http://127.0.0.1:9") == "someone/encoder (1, 64)"


def test_a_base_may_be_one_gguf_file_of_a_repository(load):
    assert load("someone/on_gguf") == "someone/on_gguf (1, 64)"
    assert load("someone/on_gguf", HF_HUB_OFFLINE="1") == "someone/on_gguf (1, 64)"
    assert [file.name for file in load.cache.rglob("*.gguf")] == ["tiny.F32.gguf"]


def test_a_gguf_file_that_the_repository_has_not_says_so(load):
    message = load("someone/misnamed")
    assert message.startswith("error: model someone/gguf has no file tiny.F64.gguf: see its files")
    assert "\n" not in message


def test_a_head_that_was_not_published_fails_by_name(load):
    """The published package swallowed this, which silently changed every embedding."""
    message = load("someone/headless")
    assert message.startswith("error:")
    assert "alignment_mlp is missing" in message


def test_a_download_that_breaks_off_says_so(load):
    message = load("someone/dropped")
    assert message.startswith("error: model someone/dropped could not be downloaded:")
    assert "\n" not in message


def test_an_unknown_id_says_so(load):
    assert load("someone/nothing").startswith("error: there is no model someone/nothing:")


def test_an_id_that_was_never_downloaded_says_so_without_a_network(load):
    message = load("someone/other", HF_HUB_OFFLINE="1")
    assert message.startswith("error: model someone/other is not in the local cache")
