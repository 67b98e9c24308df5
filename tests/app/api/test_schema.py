"""Requests made up from the API's own schema, against the real server with a scripted model."""

import re
import subprocess
import sys
import time

import httpx
import pytest

from tests.app.serving import server

LEASE = "# Lease\n\nThe lease of the boathouse ends on 31 March 2027.\n"
"""What the examples in the schema ask for."""

# A request that fits the schema may name a model that is not served; one that does not fit may have
# a number for a date; and in `Allow` Starlette names the methods of the first route only.
NOT_CHECKED = "positive_data_acceptance,negative_data_rejection,allow_header_conformance"


@pytest.fixture
def url(tmp_path, unused_port):
    command = ("-m", "tests.app.page.slow_server", str(unused_port), str(tmp_path), "0")
    with server(unused_port, tmp_path / "log", *command) as url:
        yield f"{url}/api"


def sent_document(url: str) -> str:
    """The id of a document that has been sent and indexed."""
    job = httpx.put(f"{url}/documents/lease.md", content=LEASE).json()["id"]
    while httpx.get(f"{url}/jobs/{job}").json()["state"] in ("waiting", "running"):
        time.sleep(0.1)
    return httpx.get(f"{url}/documents").json()["documents"][0]["id"]


def test_made_up_requests_are_answered_as_the_schema_says(url, tmp_path):
    (tmp_path / "schemathesis.toml").write_text(
        '[[operations]]\ninclude-name = "GET /documents/{document_id}"\n'
        f'parameters = {{ document_id = "{sent_document(url)}" }}\n'
    )
    command = "run", f"{url}/openapi.json", "--no-color", "--seed", "1", "--max-examples", "5"
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *command, "--exclude-checks", NOT_CHECKED],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) generated", done.stdout)[1]) > 300
