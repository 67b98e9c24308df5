"""The client of a server that writes, against one over loopback."""

import asyncio
import logging
import threading
import time

import pytest

from app.generation import GenerationServer
from app.generation.errors import GenerationError
from app.generation.events import without_thoughts
from embedder.errors import DuetError
from tests.app.generation.chat_server import Failure, chat_server, event

KEY = "sk-1234567890abcdef"
ASKED = [{"role": "user", "content": "Say it."}]
REPLY = "It lasts 24 months [1]. Frost is excluded [1]."


def connected(chat, **options):
    return GenerationServer(chat.url, **{"model": "tiny-chat", "pauses": (0, 0), **options})


def written(server, stop=None):
    return list(server.stream(ASKED, max_new_tokens=50, stop=stop))


@pytest.fixture(autouse=True)
def reply(chat):
    chat.reply = lambda _messages: REPLY


def test_a_reply_comes_in_pieces(chat):
    pieces = written(connected(chat, key=KEY))
    assert "".join(pieces) == REPLY
    assert len(pieces) > 5
    (request,) = chat.received
    assert request.path == "/v1/chat/completions"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.body == {
        "model": "tiny-chat",
        "messages": ASKED,
        "stream": True,
        "max_tokens": 50,
        "temperature": 0,
    }


def test_without_a_key_none_is_sent(chat):
    written(connected(chat))
    assert "Authorization" not in chat.received[0].headers


def test_the_only_model_need_not_be_named(chat):
    server = connected(chat, model="")
    assert "".join(written(server)) == REPLY
    assert chat.received[0].body["model"] == "tiny-chat"
    assert server.name == f"tiny-chat at {chat.url}"


@pytest.mark.parametrize(
    ("models", "told"),
    [
        (["one", "two"], r"serves 2 models: .*\(one, two\)"),
        ([], "serves 0"),
        (Failure(500, "Internal Server Error"), r"does not list its models \(500\)"),
        (Failure(404, {"detail": "Not Found"}), "/v1 at its end"),
        (Failure(200, "<html>"), r"does not list its models \(200\)"),
    ],
)
def test_one_of_several_models_has_to_be_named(chat, models, told):
    chat.models = models
    with pytest.raises(GenerationError, match=f"{told}.*") as raised:
        written(connected(chat, model=""))
    assert "DUET_GENERATION_MODEL" in str(raised.value)
    assert chat.received == []


@pytest.mark.parametrize(
    ("failure", "told", "requests"),
    [
        (Failure(401), "wants a key (401): set DUET_GENERATION_KEY", 1),
        (Failure(403), "wants a key (403)", 1),
        (
            Failure(404, {"error": {"message": "no such model"}}),
            "has no model 'tiny-chat', or its API has another address (404)",
            1,
        ),
        (Failure(404, "<html>"), "whether DUET_GENERATION_URL wants /v1 at its end.", 1),
        (Failure(400, {"error": "too\x1b[2J long"}), "answers 400: too [2J long.", 1),
        (Failure(422, {"detail": "no stream"}), "answers 422: no stream.", 1),
        (Failure(400, ["?"]), "answers 400.", 1),
        (Failure(400, {"message": "x" * 300_000}), "answers 400.", 1),
        (Failure(307, headers={"Location": "http://127.0.0.1:9/"}), "another address (307)", 1),
        (Failure(429, {"error": {"message": "slow down"}}), "(429): slow down.", 3),
        (Failure(503), "answers 503.", 3),
        (Failure(200, "<html>A page</html>"), "does not stream answers", 1),
    ],
)
def test_what_a_server_refuses_is_told_in_words(chat, failure, told, requests):
    chat.failures, chat.fails_on = [failure], True
    with pytest.raises(GenerationError) as raised:
        written(connected(chat))
    assert told in str(raised.value)
    assert str(raised.value).startswith(f"The server {chat.url} ")
    assert "\n" not in str(raised.value)
    assert len(chat.received) == requests


def test_a_key_that_is_refused_is_shown_and_logged_nowhere(chat, caplog):
    chat.failures = [Failure(400, {"error": {"message": f"bad key {KEY}, text of a document"}})]
    with caplog.at_level(logging.DEBUG), pytest.raises(GenerationError) as raised:
        written(connected(chat, key=KEY))
    assert "bad key ***" in str(raised.value)
    assert f"No answer is written at {chat.url}: 400" in caplog.text
    assert KEY not in caplog.text
    assert "text of a document" not in caplog.text  # a server may repeat what it was sent
    assert KEY not in repr(raised.value)


@pytest.mark.parametrize("before", range(334, 360, 3))
def test_a_key_is_masked_before_a_long_error_is_cut(chat, before):
    chat.raw = [f"data: {'x' * before}{KEY}{'x' * 400}\n\n".encode()]
    with pytest.raises(GenerationError) as raised:
        written(connected(chat, key=KEY, pauses=()))
    assert KEY[:6] not in str(raised.value)
    assert str(raised.value).endswith(" ….")


def test_a_key_that_is_wanted_for_the_list_of_models_is_told(chat):
    chat.models = Failure(401)
    with pytest.raises(GenerationError, match="wants a key"):
        written(connected(chat, model=""))


def test_a_refused_key_is_told_apart_from_a_missing_one(chat):
    chat.failures = [Failure(401)]
    with pytest.raises(GenerationError, match="refuses the key"):
        written(connected(chat, key=KEY))


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_may_pass_is_tried_again(chat, status):
    chat.failures = [Failure(status), Failure(status)]
    assert "".join(written(connected(chat))) == REPLY
    assert len(chat.received) == 3


def test_a_server_is_left_alone_as_long_as_it_says(chat):
    chat.failures = [Failure(429, headers={"Retry-After": "1"})]
    began = time.monotonic()
    written(connected(chat))
    assert time.monotonic() - began >= 1


def test_nobody_there_is_told(unused_port):
    server = GenerationServer(f"http://127.0.0.1:{unused_port}/v1", "m", pauses=(0,))
    with pytest.raises(GenerationError, match=r"cannot be reached \(.+\): is it running"):
        written(server)


def test_a_server_that_says_nothing_is_not_asked_twice(chat):
    chat.mute = True
    with pytest.raises(GenerationError, match=r"said nothing for 0\.2 seconds"):
        written(connected(chat, silent_seconds=0.2))
    assert len(chat.received) == 1
    assert chat.left.wait(5)


@pytest.mark.parametrize("words", [0, 3])
def test_a_stream_that_breaks_off_is_told_and_asked_for_again_only_before_its_first_word(
    chat, words
):
    chat.after = words
    pieces = []
    with pytest.raises(GenerationError, match="broke off"):
        pieces.extend(connected(chat).stream(ASKED, max_new_tokens=50))
    assert len(chat.received) == (1 if words else 3)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b'data: {"error": {"message": "out of memory"}}\n\n', "broke off: out of memory"),
        (b'data: {"error": true}\n\n', "does not say why"),
        (b"data: gibberish\n\n", "no event of a chat completion: gibberish"),
        (b"data: 7\n\n", "no event of a chat completion: 7"),
        (b'data: {"choices": 7}\n\n', "no event of a chat completion"),
        (b'data: {"choices": [{"delta": 7}]}\n\n', "no event of a chat completion"),
        (b'data: {"choices": [7]}\n\n', "no event of a chat completion"),
        (b"", "broke off in the middle"),
    ],
)
def test_events_that_are_none_are_told(chat, raw, told):
    chat.raw = [raw]
    with pytest.raises(GenerationError, match=told):
        written(connected(chat, pauses=()))


def test_an_end_that_is_told_needs_no_done(chat):
    chat.raw = [event("m", {"content": "Yes."}), event("m", {}, "length")]
    assert written(connected(chat)) == ["Yes."]


def test_line_separators_in_a_text_are_text(chat):
    chat.raw = [event("m", {"content": "a\u2028b\x85c"}), b"data: [DONE]\n\n"]
    assert written(connected(chat)) == ["a\u2028b\x85c"]


def test_a_parameter_that_a_server_does_not_take_is_left_out_from_then_on(chat):
    chat.failures = [
        Failure(400, {"error": {"message": "Unsupported.", "param": name}})
        for name in ("max_tokens", "temperature")
    ]
    server = connected(chat)
    for _ in range(2):
        assert "".join(written(server)) == REPLY
    last = chat.received[-1].body
    assert last["max_completion_tokens"] == 50
    assert not {"max_tokens", "temperature"} & set(last)
    assert len(chat.received) == 4


def test_no_proxy_of_the_environment_gets_anything(chat, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert "".join(written(connected(chat))) == REPLY


def test_a_redirect_gets_nothing(chat):
    with chat_server() as other:
        chat.failures = [Failure(307, headers={"Location": f"{other.url}/chat/completions"})]
        with pytest.raises(GenerationError, match="another address"):
            written(connected(chat, key=KEY))
        assert other.received == []


@pytest.mark.parametrize("mute", [True, False])
def test_stop_closes_the_connection(chat, mute):
    chat.mute, chat.pause, chat.reply = mute, 0.02, lambda _messages: "word " * 1000
    stop = threading.Event()
    reply = connected(chat).stream(ASKED, max_new_tokens=50, stop=stop)
    if mute:
        threading.Timer(0.3, stop.set).start()
    else:
        next(reply)
        stop.set()
    assert len(list(reply)) < 50
    assert chat.left.wait(5)


def test_a_stop_before_the_beginning_asks_nobody(chat):
    stop = threading.Event()
    stop.set()
    assert written(connected(chat), stop) == []


def test_a_reply_that_is_left_closes_the_connection(chat):
    chat.pause, chat.reply = 0.02, lambda _messages: "word " * 1000
    reply = connected(chat).stream(ASKED, max_new_tokens=50)
    next(reply)
    reply.close()
    assert chat.left.wait(5)


async def test_it_works_where_a_loop_runs_already(chat):
    assert asyncio.get_running_loop()
    assert "".join(written(connected(chat))) == REPLY


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        ("<think>\nWell [1].\n</think>\n\nIt lasts.", "It lasts."),
        ("\n<think></think>It lasts.", "It lasts."),
        ("<think>It never ends", ""),
        ("<thin", "<thin"),
        ("<b>It</b> lasts.", "<b>It</b> lasts."),
        ("It <think>lasts</think>.", "It <think>lasts</think>."),
        ("", ""),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 100])
def test_thoughts_are_no_answer(reply, kept, size):
    pieces = [reply[start : start + size] for start in range(0, len(reply), size)]
    assert "".join(without_thoughts(iter(pieces))).lstrip() == kept


@pytest.mark.parametrize(
    "url",
    [
        "localhost",
        "127.0.0.1:8000/v1",
        "ftp://host/v1",
        "http://",
        "http:///v1",
        "http://host:port/v1",
        "http://host:0/v1",
        "http://host:99999/v1",
        "http://[::1/v1",
        "http://ho st/v1",
        "http://host/v1\nX: y",
        "http://host/v1?key=hidden",
        "http://host/v1#hidden",
        "http://me:hidden@host/v1",
        "http://host/v1/chat/completions",
    ],
)
def test_nonsense_is_no_address(url):
    with pytest.raises(DuetError, match="DUET_GENERATION_URL") as raised:
        GenerationServer(url)
    assert "hidden" not in str(raised.value)


def test_a_slash_at_the_end_is_none(chat):
    assert GenerationServer(f" {chat.url}/ ").url == chat.url


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_repeated(key):
    with pytest.raises(DuetError, match="DUET_GENERATION_KEY") as raised:
        GenerationServer("http://host/v1", key=key)
    assert key not in str(raised.value)
