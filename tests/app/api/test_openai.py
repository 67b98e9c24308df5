"""OpenAI's own client, as people have it, against the real API over loopback."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest
import uvicorn
from fastapi import FastAPI

from app.answering import Policy, ask
from app.api.application import create_api
from app.generation import GenerationServer, RemoteWriter
from app.runtime import Runtime
from retriever import Retriever
from tests.app.fakes import ScriptedModel

QUESTION = "How long does the warranty of the pump last?"
REPLY = "The warranty of the pump lasts 24 months [1]. It starts on the day of delivery [1]."


def asked(question=QUESTION, *before):
    return [*before, {"role": "user", "content": question}]


@pytest.fixture
def model():
    return ScriptedModel(REPLY)


@pytest.fixture
def url(model, index, tmp_path, unused_port):
    runtime = Runtime(lambda: Retriever(model, index), uploads=tmp_path)
    runtime.warm_up().join()
    server = FastAPI()
    server.mount("/api", create_api(runtime))
    config = uvicorn.Config(server, port=unused_port, log_level="error", ws="none")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{unused_port}/api/v1"
    running.should_exit = True
    thread.join()


@pytest.fixture
def client(url):
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        yield client


def test_an_answer_has_its_citations_as_annotations(client):
    [served] = client.models.list().data
    completion = client.chat.completions.create(model=served.id, messages=asked())
    message = completion.choices[0].message
    assert message.content == (
        "The warranty of the pump lasts 24 months [1]. It starts on the day of delivery [1]."
    )
    first, second = message.annotations
    for each in (first, second):
        told = each.url_citation
        assert message.content[told.start_index : told.end_index] == "[1]"
        assert told.title == "handbook.pdf, page 4"
        assert told.url == "file:///docs/handbook.pdf#page=4"
    assert first.url_citation.start_index < second.url_citation.start_index
    assert completion.usage.completion_tokens > 0


def test_an_answer_streams_sentence_by_sentence(client):
    stream = client.chat.completions.create(model="scripted", messages=asked(), stream=True)
    chunks = [chunk.choices[0] for chunk in stream]
    pieces = [chunk.delta.content for chunk in chunks if chunk.delta.content]
    assert pieces == [
        "The warranty of the pump lasts 24 months [1].",
        " It starts on the day of delivery [1].",
    ]
    assert chunks[-1].finish_reason == "stop"
    assert len(chunks[-1].delta.annotations) == 2


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_is_told_in_words(client, stream):
    answer = client.chat.completions.create(
        model="", messages=asked("Who painted the chapel?"), stream=stream
    )
    told = (
        "".join(chunk.choices[0].delta.content or "" for chunk in answer)
        if stream
        else answer.choices[0].message.content
    )
    assert told.startswith("The documents do not say.")


def test_the_messages_before_are_the_conversation(client, model):
    before = [
        {"role": "system", "content": "Talk like a pirate."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What does the handbook say about"},
                {"type": "text", "text": " the warranty of the pump?"},
            ],
        },
        {"role": "assistant", "content": "It lasts 24 months [1]."},
    ]
    client.chat.completions.create(model="", messages=asked("When does it start?", *before))
    assert "warranty" in model.prompts[-1][-1]["content"]
    assert "pirate" not in str(model.prompts)


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"model": "gpt-5"}, openai.NotFoundError, "'scripted' is"),
        ({"messages": asked(" ")}, openai.BadRequestError, "question is empty"),
        ({"messages": asked(" "), "stream": True}, openai.BadRequestError, "question is empty"),
        ({"messages": asked("x " * 300)}, openai.BadRequestError, "300 tokens"),
        ({"messages": [{"role": "assistant", "content": "Hi."}]}, openai.BadRequestError, "last"),
        ({"messages": []}, openai.BadRequestError, "messages"),
    ],
)
def test_what_cannot_be_answered_is_an_error(client, change, error, told):
    with pytest.raises(error, match=told):
        client.chat.completions.create(**{"model": "", "messages": asked()} | change)


def test_embeddings_come_as_they_do_from_openai(client, model):
    found = client.embeddings.create(model="scripted", input=["the pump", "the frost"])
    assert [len(row.embedding) for row in found.data] == [model.id.dimension] * 2


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_ends_its_answer(url, model, stream):
    model.reply = " ".join([REPLY] * 100)
    model.pause = 0.02
    impatient = openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=0.5)
    with impatient:
        if stream:
            answer = impatient.chat.completions.create(model="", messages=asked(), stream=True)
            next(answer)
            answer.response.close()
        else:
            with pytest.raises(openai.APITimeoutError):
                impatient.chat.completions.create(model="", messages=asked())
    before = -1
    for _ in range(100):  # until it writes no more
        if model.written == before:
            break
        before = model.written
        time.sleep(0.2)
    assert 0 < model.written < len(model.reply.split()) / 2


def test_it_writes_for_another_duet(url, model, index):
    """The protocol as a server of another make speaks it: this one."""
    writer = RemoteWriter(ScriptedModel(), GenerationServer(url))
    answer = ask(QUESTION, Retriever(writer, index), policy=Policy(k=1))
    assert (answer.kind, answer.text) == ("generated", REPLY)
    assert "warranty" in model.prompts[-1][-1]["content"]
    assert writer.server.model == "scripted"


def test_more_answers_than_can_wait_are_told_to_come_back(url, model):
    model.pause = 0.1
    question = {"question": QUESTION}

    def post(_number):
        return httpx.post(url.replace("/v1", "/ask"), json=question, timeout=60)

    with ThreadPoolExecutor(24) as many:
        responses = list(many.map(post, range(24)))
    refused = [response for response in responses if response.status_code == 429]
    assert refused
    assert all(int(response.headers["retry-after"]) > 0 for response in refused)
    assert {response.status_code for response in responses} == {200, 429}
    assert httpx.post(url.replace("/v1", "/ask"), json=question, timeout=60).status_code == 200
