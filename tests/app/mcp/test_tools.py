"""The tools, called by the official client: in this process, over HTTP, and as a command."""

import json
import sys
from contextlib import ExitStack, asynccontextmanager

import httpx2 as httpx
import pytest
from mcp import Client, StdioServerParameters
from starlette.testclient import TestClient

from app.api.application import create_api
from app.mcp.tools import create_tools, in_process
from app.runtime import Runtime
from app.server import create_application
from embedder.errors import DuetError
from retriever import Retriever, open_index
from tests.app.conftest import GARDEN, HANDBOOK
from tests.app.serving import ROOT, server

QUESTION = "How long does the warranty of the pump last?"
NAMES = {"search", "ask", "list_documents", "read_document"}


@pytest.fixture
def runtime(retriever, tmp_path):
    runtime = Runtime(lambda: retriever, uploads=tmp_path / "uploads")
    yield runtime
    runtime.suggestions.close()


@asynccontextmanager
async def client(runtime):
    async with Client(create_tools(in_process(create_api(runtime)))) as client:
        yield client


def told(result):
    """What a tool gave; lists come one text a piece."""
    assert not result.is_error, result.content
    return [json.loads(part.text) for part in result.content]


async def test_every_tool_says_what_it_is_for_and_changes_nothing(runtime):
    async with client(runtime) as tools:
        listed = (await tools.list_tools()).tools
    assert {tool.name for tool in listed} == NAMES
    for tool in listed:
        assert tool.description
        assert tool.annotations.read_only_hint
        assert "question" in tool.input_schema["properties"] or "document" in tool.name


async def test_passages_are_found(runtime):
    async with client(runtime) as tools:
        first, *_ = told(await tools.call_tool("search", {"question": QUESTION, "count": 2}))
        elsewhere = {"question": QUESTION, "source": GARDEN}
        others = told(await tools.call_tool("search", elsewhere))
    assert (first["place"], first["source"]) == ("handbook.pdf, page 4", HANDBOOK)
    assert "24 months" in first["text"]
    assert {each["source"] for each in others} == {GARDEN}


async def test_an_answer_comes_with_its_citations_or_says_that_there_is_none(runtime, model):
    runtime.warm_up().join()
    model.reply = "The warranty of the pump lasts 24 months [1]."
    async with client(runtime) as tools:
        (answer,) = told(await tools.call_tool("ask", {"question": QUESTION}))
        other = {"question": "Who won the football world cup in Brazil?"}
        (refused,) = told(await tools.call_tool("ask", other))
    assert answer["answer"] == "The warranty of the pump lasts 24 months [1]."
    (citation,) = answer["citations"]
    assert citation["quote"] == "The warranty of the pump lasts 24 months."
    assert refused["kind"] == "refused"


async def test_documents_are_listed_and_read_in_order(runtime):
    async with client(runtime) as tools:
        listed = told(await tools.call_tool("list_documents", {}))
        (record,) = told(await tools.call_tool("list_documents", {"words": "handbook"}))
        body = {"document_id": record["id"], "first": 1}
        (read,) = told(await tools.call_tool("read_document", body))
    assert len(listed) == 2
    assert (read["passages"], len(read["content"])) == (2, 1)
    assert read["content"][0]["text"].startswith("Annual leave")


async def test_what_is_wrong_is_told_to_the_assistant(runtime, tmp_path):
    async with client(runtime) as tools:
        for name, arguments, words in (
            ("read_document", {"document_id": "none"}, "no document with this id"),
            ("search", {"question": "word " * 300}, "300 tokens"),
            ("search", {"question": "x", "count": 0}, "greater than or equal to 1"),
        ):
            result = await tools.call_tool(name, arguments)
            assert result.is_error
            assert words in result.content[0].text

    def connect():
        msg = "the index is locked"
        raise DuetError(msg)

    closed = Runtime(connect, uploads=tmp_path / "u")
    closed.warm_up().join()
    async with client(closed) as tools:
        result = await tools.call_tool("list_documents", {})
    assert "the index is locked" in result.content[0].text


async def test_a_server_that_is_gone_is_told(unused_port):
    url = f"http://127.0.0.1:{unused_port}/api"
    async with httpx.AsyncClient(base_url=url) as gone, Client(create_tools(gone)) as tools:
        result = await tools.call_tool("list_documents", {})
    assert result.is_error
    assert "does not answer" in result.content[0].text


def test_the_page_serves_them_too_and_not_to_other_web_sites(tmp_path, model):
    runtime = Runtime(  # its own index: the server closes it
        lambda: Retriever(model, open_index(tmp_path / "index", model.id)),
        uploads=tmp_path / "uploads",
    )
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accept = {"Accept": "application/json, text/event-stream"}
    with TestClient(create_application(runtime, local=True), base_url="http://127.0.0.1") as page:
        response = page.post("/mcp", json=listing, headers=accept)
        assert {tool["name"] for tool in response.json()["result"]["tools"]} == NAMES
        foreign = {**accept, "Origin": "http://evil.example"}
        assert page.post("/mcp", json=listing, headers=foreign).status_code == 403
        elsewhere = {**accept, "Host": "evil.example"}
        assert page.post("/mcp", json=listing, headers=elsewhere).status_code == 400


@pytest.mark.parametrize("served", [False, True], ids=["alone", "through the page's server"])
async def test_the_command_serves_the_official_client(tmp_path, checkpoint, served, unused_port):
    note = tmp_path / "note.md"
    note.write_text("The zebra sleeps in the barn of the old mill.")
    command = ["--index", str(tmp_path / "index"), "--model", str(checkpoint)]
    from ingest.__main__ import main as ingest

    assert ingest([str(note), "--quiet", *command]) == 0
    page = ("-m", "app", "serve", "--port", str(unused_port), *command)
    arguments = ["-m", "app", "mcp", *command]
    parameters = StdioServerParameters(command=sys.executable, args=arguments, cwd=str(ROOT))
    with ExitStack() as held:
        if served:
            held.enter_context(server(unused_port, tmp_path / "log", *page))
        async with Client(parameters, read_timeout_seconds=120) as tools:
            (document,) = told(await tools.call_tool("list_documents", {}))
    assert document["source"] == str(note)
