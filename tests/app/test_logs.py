import json
import logging

import pytest
from fastapi.testclient import TestClient

from app.api.application import create_api
from app.logs import set_up_logs
from app.runtime import Runtime
from embedder.errors import DuetError


@pytest.fixture(autouse=True)
def restored():
    ours = logging.getLogger("app")
    before = ours.handlers, ours.propagate, ours.level
    yield
    ours.handlers, ours.propagate = before[:2]
    ours.setLevel(before[2])


def test_requests_are_lines_of_json_without_their_content(retriever, tmp_path, capsys):
    runtime = Runtime(lambda: retriever, uploads=tmp_path / "uploads")
    runtime.warm_up().join()
    set_up_logs("json")
    client = TestClient(create_api(runtime))
    client.post("/search", json={"question": "Where is the secret pump?"})
    client.get("/documents/secret-id")
    runtime.suggestions.close()
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["logger"], first["method"], first["route"], first["status"]) == (
        "app.requests",
        "POST",
        "/search",
        200,
    )
    assert second["status"] == 404
    assert "secret" not in json.dumps([first, second])


def test_errors_are_told_in_either_form(capsys):
    def told(form):
        set_up_logs(form)
        logger = logging.getLogger("app.somewhere")
        logger.info("quiet")
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError:
            logger.exception("It broke")
        return capsys.readouterr().err

    assert told("plain").startswith("ERROR: It broke\n")
    *_, line = told("json").splitlines()
    record = json.loads(line)
    assert (record["level"], record["message"]) == ("error", "It broke")
    assert "ZeroDivisionError" in record["error"]
    with pytest.raises(DuetError, match="expected one of plain, json"):
        set_up_logs("loud")
