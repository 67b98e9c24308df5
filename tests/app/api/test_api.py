import base64
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.api.application import MAX_BODY, create_api
from app.runtime import Runtime
from embedder.errors import DuetError
from retriever import document_id
from tests.app.conftest import GARDEN


@pytest.fixture
def runtime(retriever, tmp_path):
    runtime = Runtime(lambda: retriever, uploads=tmp_path)
    runtime.warm_up().join()
    return runtime


@pytest.fixture
def client(runtime):
    return TestClient(create_api(runtime))


def message(response) -> str:
    return response.json()["error"]["message"]


def test_ready_names_the_model_and_the_size_of_the_index(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {
        "status": "ready",
        "model": "scripted",
        "documents": 2,
        "chunks": 4,
    }


def test_not_ready_says_why_and_refuses_work(tmp_path):
    unlocked = threading.Event()

    def connect():
        unlocked.wait(10)
        msg = "the index is locked"
        raise DuetError(msg)

    runtime = Runtime(connect, uploads=tmp_path)
    client = TestClient(create_api(runtime))
    assert client.get("/readyz").status_code == 503
    assert "being opened" in client.get("/readyz").json()["reason"]
    unlocked.set()
    runtime.warm_up().join()
    assert client.get("/readyz").json()["reason"] == "the index is locked"
    response = client.post("/search", json={"question": "pump"})
    assert (response.status_code, message(response)) == (503, "the index is locked")
    assert client.get("/healthz").status_code == 200


def test_a_start_that_failed_is_tried_again_for_those_who_ask(retriever, tmp_path, monkeypatch):
    problems = [DuetError("the index is locked"), RuntimeError("a bug")]
    bug_is_told = threading.Event()

    def connect():
        if problems:
            raise problems.pop(0)
        bug_is_told.wait(10)
        return retriever

    runtime = Runtime(connect, uploads=tmp_path)
    client = TestClient(create_api(runtime))
    runtime.warm_up().join()
    assert client.get("/readyz").json()["reason"] == "the index is locked"
    assert len(problems) == 1  # not at once
    monkeypatch.setattr("app.runtime._RETRY_SECONDS", 0.0)
    patience = time.monotonic() + 30
    reasons = set()
    while (response := client.get("/readyz")).status_code == 503:
        reasons.add(response.json()["reason"])
        if "RuntimeError" in response.json()["reason"]:
            bug_is_told.set()
        assert time.monotonic() < patience
    assert any("RuntimeError" in reason for reason in reasons)
    assert not any("a bug" in reason for reason in reasons)
    assert runtime.retriever is retriever


def test_embeddings_are_the_models(client, model):
    body = {"input": ["the pump", "a tomato"], "model": "scripted"}
    reply = client.post("/v1/embeddings", json=body).json()
    vectors = np.array([item["embedding"] for item in reply["data"]], dtype=np.float32)
    np.testing.assert_allclose(vectors, model.encode_documents(body["input"]), rtol=1e-6)
    assert [item["index"] for item in reply["data"]] == [0, 1]
    assert reply["usage"] == {"prompt_tokens": 4, "total_tokens": 4}
    assert (reply["object"], reply["model"]) == ("list", "scripted")


def test_base64_holds_little_endian_floats(client, model):
    body = {"input": "the pump", "encoding_format": "base64", "input_type": "query"}
    (item,) = client.post("/v1/embeddings", json=body).json()["data"]
    vector = np.frombuffer(base64.b64decode(item["embedding"]), dtype="<f4")
    np.testing.assert_array_equal(vector, model.encode_queries(["the pump"])[0])


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({}, 400, "input"),
        ({"input": ""}, 400, "input"),
        ({"input": []}, 400, "input"),
        ({"input": [1, 2]}, 400, "input"),
        ({"input": ["ok", "word " * 201]}, 400, "input 1 has 201 tokens, scripted accepts at most"),
        ({"input": ["word " * 200] * 1501}, 400, "300,200 tokens together"),
        ({"input": ["x"] * 2049}, 400, "2048"),
        ({"input": "x", "model": "gpt"}, 404, "'scripted' is"),
        ({"input": "x", "dimensions": 64}, 400, "have 256"),
        ({"input": "x", "encoding_format": "hex"}, 400, "encoding_format"),
    ],
)
def test_bad_embedding_requests_are_told_what_is_wrong(client, body, status, text):
    response = client.post("/v1/embeddings", json=body)
    assert response.status_code == status
    assert text in message(response)


def test_search_finds_passages_and_can_be_limited_to_a_file(client):
    body = {"question": "How long does the warranty last?", "k": 2}
    hits = client.post("/search", json=body).json()["hits"]
    assert hits[0]["page"] == 4
    assert hits[0]["text"].startswith("The warranty")
    assert len(hits) == 2
    for source in (GARDEN, [GARDEN, "/nowhere"]):
        hits = client.post("/search", json={**body, "source": source}).json()["hits"]
        assert {hit["source"] for hit in hits} == {GARDEN}


def test_search_takes_every_filter(client):
    def sources(**where):
        body = {"question": "How long does the warranty last?", "k": 20, **where}
        return {
            Path(hit["source"]).name for hit in client.post("/search", json=body).json()["hits"]
        }

    everything = sources()
    assert {"handbook.pdf", "garden.md"} <= everything
    assert sources(file_type="pdf") == set()  # they say that they are Markdown
    assert sources(file_type="markdown") == everything
    assert sources(first_page=4, last_page=4) == {"handbook.pdf"}
    assert sources(document_id=document_id(GARDEN)) == {"garden.md"}
    assert sources(modified_before="1960-01-01T00:00:00Z") == set()
    assert sources(modified_after="1960-01-01T00:00:00+02:00") == everything


def test_search_spreads_hits_as_told(client):
    def found(**options):
        body = {"question": "How long does the warranty last?", "k": 20, **options}
        return client.post("/search", json=body).json()["hits"]

    assert len({hit["source"] for hit in found(per_document=1)}) == len(found(per_document=1)) == 2
    assert len(found(diversity=1)) == len(found())
    assert found(min_score=1.1) == []


def test_search_goes_by_words_or_by_vectors_as_told(client):
    def ask(question, search):
        body = {"question": question, "k": 2, "search": search}
        return client.post("/search", json=body).json()["hits"]

    assert ask("zyzzyva", "lexical") == []
    assert len(ask("zyzzyva", "dense")) == 2
    by_words = ask("the warranty of the pump", "lexical")
    assert by_words[0]["lexical"] >= by_words[-1]["lexical"] > 0
    assert by_words[0]["copies"] == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"question": ""}, "question"),
        ({"question": " \n"}, "question"),
        ({"question": "x", "k": 0}, "k"),
        ({"question": "x", "source": ""}, "source"),
        ({"question": "x", "source": "garden.md"}, "source"),
        ({"question": "x", "k": 101}, "100"),
        ({"question": "x", "search": "fuzzy"}, "search"),
        ({"question": "x", "diversity": 2}, "diversity"),
        ({"question": "x", "per_document": 0}, "per_document"),
        ({"question": "x", "file_type": "exe"}, "expected one of code, csv, doc, docx"),
        ({"question": "x", "first_page": 3, "last_page": 2}, "swap them"),
        ({"question": "x", "modified_after": "2026-01-01"}, "modified_after"),
        ({"question": "word " * 20_000}, "20,000 tokens"),
        ({"question": "word " * 50_000}, "at most 200000 characters"),
    ],
)
def test_bad_searches_are_told_what_is_wrong(client, body, text):
    response = client.post("/search", json=body)
    assert response.status_code == 400
    assert text in message(response)


def test_broken_json_unknown_paths_and_large_bodies(client):
    headers = {"content-type": "application/json"}
    broken = client.post("/search", content=b'{"question": }', headers=headers)
    assert broken.status_code == 400
    assert message(broken) == "The body is no JSON: Expecting value at character 13"
    lone = client.post(
        "/search", content=b'{"question": "x", "source": "/\\ud800"}', headers=headers
    )
    assert (lone.status_code, message(lone).partition(":")[0]) == (400, "source.0")
    for plain in ({"content-type": "text/plain"}, {}):
        response = client.post("/search", content=b'{"question": "x"}', headers=plain)
        assert response.status_code == 400
        assert "with `Content-Type: application/json`" in message(response)
    assert message(client.get("/nothing")) == "Not Found"
    large = client.post("/search", content=b" " * (MAX_BODY + 1), headers=headers)
    assert (large.status_code, large.json()["error"]["type"]) == (413, "invalid_request_error")
    chunked = client.post("/search", content=iter([b"{}"]), headers=headers)
    assert chunked.status_code == 411
    claimed = headers | {"transfer-encoding": "chunked", "content-length": "2"}
    assert client.post("/search", content=b"{}", headers=claimed).status_code == 411


def test_an_answer_is_data(client, model):
    model.reply = "The warranty of the pump lasts 24 months [1]. It never rusts [1]."
    body = {"question": "How long does the warranty of the pump last?"}
    answer = client.post("/answer", json=body).json()
    assert (answer["kind"], answer["text"]) == (
        "generated",
        "The warranty of the pump lasts 24 months [1].",
    )
    (sentence,) = answer["sentences"]
    (citation,) = sentence["citations"]
    assert citation["quote"] == "The warranty of the pump lasts 24 months."
    assert (citation["number"], citation["page"], citation["start"]) == (1, 4, 0)
    assert answer["sources"][0]["source"] == citation["source"]
    assert answer["rejected"] == ["It never rusts."]


def test_a_follow_up_needs_its_history(client, model):
    model.reply = "On the day of delivery [1]."
    first = {
        "question": "How long does the warranty of the pump last?",
        "answer": "24 months [1].",
    }
    body = {"question": "And when does it start?", "history": [first]}
    assert "warranty" in client.post("/answer", json=body).json()["understood"]


def test_answers_keep_to_the_filter(client, model):
    model.reply = "Sun [1]."
    body = {"question": "What do tomatoes need?", "source": GARDEN, "k": 1}
    sources = client.post("/answer", json=body).json()["sources"]
    assert [hit["source"] for hit in sources] == [GARDEN]


def test_a_fault_of_the_encoder_is_not_the_callers(client, model, monkeypatch):
    monkeypatch.setattr(model, "encode_queries", lambda _: np.full((1, 256), np.nan))
    response = client.post("/search", json={"question": "pump", "search": "dense"})
    assert response.status_code == 500
    assert response.json()["error"]["type"] == "server_error"
