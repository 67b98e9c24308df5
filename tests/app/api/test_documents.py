from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from app.access import Gatekeeper, Keys
from app.api.application import create_api
from app.runtime import Runtime
from retriever import Retriever, open_index
from tests.app.fakes import ScriptedModel

BARN = b"# Notes\n\nThe zebra sleeps in the barn of the old mill.\n"


@pytest.fixture
def runtime(tmp_path):
    model = ScriptedModel()
    runtime = Runtime(
        lambda: Retriever(model, open_index(tmp_path / "index", model.id)),
        uploads=tmp_path / "uploads",
        keys=Keys.of("correct horse"),
    )
    runtime.warm_up().join()
    yield runtime
    runtime.close()


@pytest.fixture
def client(runtime):
    client = TestClient(Gatekeeper(create_api(runtime), runtime.keys, runtime.token))
    client.headers["Authorization"] = "Bearer correct horse"
    return client


def send(client: TestClient, runtime: Runtime, name: str, content: bytes) -> dict:
    response = client.put(f"/documents/{name}", content=content)
    assert response.status_code == 202
    assert response.headers["location"] == f"/api/jobs/{response.json()['id']}"
    runtime.library.jobs.wait(response.json()["id"])
    return client.get(response.headers["location"].removeprefix("/api")).json()


def test_a_document_is_sent_listed_read_and_taken_out(client, runtime):
    job = send(client, runtime, "minutes/notes.md", BARN)
    assert (job["state"], job["name"], job["report"]["totals"]["indexed"]) == (
        "done",
        "minutes/notes.md",
        1,
    )
    (document,) = client.get("/documents", params={"q": "MINUTES"}).json()["documents"]
    assert (document["type"], document["passages"]) == ("markdown", 1)
    assert client.get("/documents", params={"q": "other"}).json() == {"documents": []}
    read = client.get(f"/documents/{document['id']}").json()
    assert "zebra" in read["content"][0]["text"]
    assert client.get(f"/documents/{document['id']}", params={"first": 1}).json()["content"] == []
    assert client.delete(f"/documents/{document['id']}").status_code == 204
    assert client.get("/documents").json() == {"documents": []}
    assert client.delete(f"/documents/{document['id']}").status_code == 404


def test_a_file_that_is_none_is_told_with_its_reason(client, runtime):
    job = send(client, runtime, "broken.pdf", b"%PDF-1.4 broken")
    assert (job["state"], job["detail"].split(",")[0]) == ("failed", "failed")
    assert [each["id"] for each in client.get("/jobs").json()["jobs"]] == [job["id"]]
    assert client.get("/jobs/none").status_code == 404
    again = client.post(f"/jobs/{job['id']}/retry")
    assert (again.status_code, again.json()["id"]) == (202, job["id"])
    assert runtime.library.jobs.wait(job["id"]).state == "failed"
    assert client.delete(f"/jobs/{job['id']}").status_code == 204  # it is over, and forgotten
    assert client.get(f"/jobs/{job['id']}").status_code == 404
    good = send(client, runtime, "notes.md", BARN)
    assert client.post(f"/jobs/{good['id']}/retry").status_code == 409
    assert client.delete("/jobs/none").status_code == 404


def test_only_programs_of_the_same_user_have_other_files_read(client, runtime, tmp_path):
    note = tmp_path / "note.md"
    note.write_bytes(BARN)
    body = {"paths": [str(note)]}
    assert client.post("/ingest", json=body).status_code == 404
    client.headers["Authorization"] = f"Bearer {runtime.token}"
    job = client.post("/ingest", json=body).json()
    assert runtime.library.jobs.wait(job["id"]).state == "done"
    (removed,) = client.post("/remove", json=body).json()["documents"]
    assert removed["source"] == str(note)
    refused = client.post("/remove", json=body)
    assert (refused.status_code, "nothing of" in refused.text) == (503, True)
    client.headers["Authorization"] = "Bearer guess"
    assert client.post("/ingest", json=body).status_code == 401


def test_what_happens_is_counted_without_names(client, runtime):
    send(client, runtime, "secret-name.md", BARN)
    client.post("/answer", json={"question": "Where does the zebra sleep?"})
    text = client.get("/metrics").text
    told = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert told["duet_documents",] == told["duet_passages",] == told["duet_ready",] == 1
    assert told["duet_requests_total", "/documents/{name:path}", "202", "PUT"] == 1
    assert sum(value for (name, *_), value in told.items() if name == "duet_answers_total") == 1
    assert "secret-name" not in text


def test_the_apis_page_loads_nothing_from_elsewhere(client):
    page = client.get("/docs").text
    assert "swagger" in page
    assert "http://" not in page.replace("http://testserver", "")
    assert "https://" not in page
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/answer", "/search", "/documents", "/jobs/{job_id}", "/metrics"} <= set(paths)
    assert "/ingest" not in paths


UP = ("..", "%2e%2e", "..%2f", "....", "..\\", "\u2025", "..;", "%252e%252e")
HOSTILE = [
    *(f"{up}/{up}/etc/passwd.md" for up in UP),
    *(f"a/{up}/../../b.md" for up in UP),
    "/etc/passwd.md", "//etc/passwd.md", "C:\\windows\\win.ini", "\\\\host\\share\\x.md",
    "file:///etc/passwd", "~/x.md", "~root/x.md", "$HOME/x.md", "`id`.md", "$(id).md",
    "; rm -rf x.md", "| cat x.md", "-rf.md", "--help.md", "*.md", "?.md", "[a-z].md",
    ".hidden.md", "...md", ".incoming/x.md", ".incoming/1.part/new/x.md", "CON.md", "NUL",
    "x\x00.md", "x\n.md", "x\r\nSet-Cookie: a=b.md", "x\t.md", "\x1b[2J.md", "\u202egpj.md",
    "<script>alert(1)</script>.md", "<img src=x onerror=alert(1)>.md", "'; DROP TABLE turn; --.md",
    "{{7*7}}.md", "${7*7}.md", "%s%n.md", "é" * 300 + ".md", "x" * 5000 + ".md", "a/" * 60 + "x.md",
    " .md", ".", "..", "\ud83d\ude00.md", "a" * 254, "x.md.", "x.md ",
]  # fmt: skip


def test_no_name_of_an_upload_leads_anywhere(client, runtime, tmp_path):
    assert len(HOSTILE) >= 50
    before = {path for path in tmp_path.rglob("*") if "uploads" not in path.parts}
    for number, name in enumerate(HOSTILE):
        path = quote(name.encode("utf-16", "surrogatepass").decode("utf-16"), safe="/")
        content = f"The zebra number {number} sleeps in the barn.".encode()
        response = client.put(f"/documents/{path}", content=content)
        assert response.status_code in (202, 307, 400, 404, 405), name
    for job in runtime.library.jobs.listed():
        assert runtime.library.jobs.wait(job.id).over
    now = {path for path in tmp_path.rglob("*") if "uploads" not in path.parts}
    grown = {path for path in now - before if "index" not in path.parts}
    assert {path.name.split(".")[0] for path in grown} <= {"conversations"}
    uploads = (tmp_path / "uploads").resolve()
    for document in client.get("/documents").json()["documents"]:
        source = Path(document["source"])
        assert source.is_relative_to(uploads)
        assert source.resolve() == source
        assert source.name.isprintable()
    assert not list(uploads.glob(".incoming/*/*/"))
