"""A server writes, and all that shields a reader holds: the real pipeline, the bundled model."""

import logging
import threading

import pytest
from fastapi.testclient import TestClient

from app import Duet
from app.answering import Policy, QuestionError, drain, stream_answer
from app.api.application import create_api
from app.evaluate.questions import index_contexts
from app.generation import GenerationServer, RemoteWriter
from app.runtime import Runtime
from embedder.chat import REFUSAL
from embedder.errors import ReplyError
from retriever import Retriever, open_index
from tests.app.generation.chat_server import Failure

KEY = "sk-1234567890abcdef"
QUESTION = "How long does the warranty of the pump last?"
CONTEXTS = [
    "The warranty of the pump lasts 24 months. It starts on the day of delivery. "
    "Damage by frost is excluded.",
    "Tomatoes need full sun and regular watering. Plant them after the last frost in May.",
    "The library opens at nine. Members may borrow ten books for four weeks.",
]
RIGHT = "The warranty of the pump lasts 24 months [{}]."
WRONG = "Batteries are sold separately [{}]."


@pytest.fixture(scope="module")
def index(bundled, tmp_path_factory):
    with open_index(tmp_path_factory.mktemp("remote") / "index", bundled.id) as index:
        index_contexts(CONTEXTS, bundled, index)
        yield index


@pytest.fixture
def retriever(bundled, index, chat):
    server = GenerationServer(chat.url, key=KEY, pauses=())
    return Retriever(RemoteWriter(bundled, server), index)


@pytest.fixture
def ask(retriever):
    return Duet(retriever).ask


def saying(chat, *sentences):
    """Have the server reply so, each sentence with the number of the pump's passage."""

    def reply(messages):
        told = messages[-1]["content"]
        number = told[: told.index("warranty")].count("<passage")
        return " ".join(sentences).replace("{}", str(number))

    chat.reply = reply


def test_a_good_reply_is_shown_with_citations_of_ours(ask, chat):
    saying(chat, RIGHT, "It starts on the day of delivery [{}].")
    answer = ask(QUESTION)
    assert answer.kind == "generated"
    assert answer.text == f"{RIGHT.format(1)} It starts on the day of delivery [1]."
    assert answer.citations[0].quote == "The warranty of the pump lasts 24 months."
    assert answer.citations[0].chunk.text == CONTEXTS[0]


def test_the_server_is_told_the_rules_the_passages_and_the_question_and_no_more(ask, chat):
    ask(QUESTION)
    (request,) = chat.received
    system, user = request.body["messages"]
    assert set(request.body) == {"model", "messages", "stream", "max_tokens", "temperature"}
    assert REFUSAL in system["content"]
    assert "own words" in system["content"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert user["content"].endswith(f"\n\nQuestion: {QUESTION}")
    assert all(context in user["content"] for context in CONTEXTS)
    assert "/contexts/" not in str(request.body)  # no paths of files


@pytest.mark.parametrize(
    "wrong",
    [
        WRONG,
        "The warranty of the pump lasts 36 months [{}].",
        "The warranty of the pump never ends [{}].",
        "The guarantee covers accidental breakage.",
        "The warranty of the pump lasts 24 months [9].",
    ],
)
def test_a_sentence_that_a_server_invents_is_never_shown(retriever, chat, wrong):
    saying(chat, wrong, RIGHT)
    shown = []
    answer = drain(stream_answer(QUESTION, retriever), shown.append)
    assert answer.text == RIGHT.format(1)
    assert [sentence.text for sentence in shown] == ["The warranty of the pump lasts 24 months."]
    saying(chat, wrong)
    answer = drain(stream_answer(QUESTION, retriever), shown.append)
    assert answer.kind == "quoted"
    assert len(shown) == 1


@pytest.mark.parametrize("refusal", [REFUSAL, f'"{REFUSAL}"', f"**{REFUSAL}** Ask the maker."])
def test_a_refusal_is_a_refusal_though_a_passage_comes_close(ask, chat, refusal):
    saying(chat, refusal)
    answer = ask(QUESTION)
    assert (answer.kind, answer.text, answer.sentences) == ("refused", REFUSAL, ())
    assert answer.quotes  # the closest, as such


def test_a_question_about_something_else_is_sent_nowhere(ask, chat):
    answer = ask("Who painted the ceiling of the chapel in Rome?")
    assert answer.kind == "refused"
    assert chat.received == []
    assert ask("How many documents are there?").kind == "collection"
    with pytest.raises(QuestionError):
        ask(" ")
    assert chat.received == []


def test_stop_ends_the_request_at_the_server(retriever, chat):
    chat.pause = 0.02
    saying(chat, RIGHT, *["And so on and on."] * 200)
    stop = threading.Event()
    stream = stream_answer(QUESTION, retriever, stop=stop)
    answer = drain(stream, lambda _sentence: stop.set())
    assert (answer.kind, answer.text) == ("stopped", RIGHT.format(1))
    assert "Stopped" in answer.notice
    assert chat.left.wait(5)


def test_the_time_limit_ends_it_too(ask, chat):
    chat.pause = 0.02
    saying(chat, RIGHT, *(f"Number {n} is a word." for n in range(1000)))
    answer = ask(QUESTION, policy=Policy(max_seconds=3))
    assert (answer.kind, answer.text) == ("stopped", RIGHT.format(1))
    assert "time limit" in answer.notice
    assert chat.left.wait(5)


def test_a_server_that_is_stuck_is_left(ask, chat):
    chat.pause = 0.005
    saying(chat, *[RIGHT] * 500)
    assert ask(QUESTION).text == RIGHT.format(1)
    assert chat.left.wait(5)


def test_an_answer_that_breaks_off_keeps_what_was_checked(ask, chat):
    chat.after = 20
    saying(chat, RIGHT, "It starts on the day of delivery [{}].", "Damage by frost is excluded.")
    answer = ask(QUESTION)
    assert answer.kind == "stopped"
    assert answer.text.startswith(RIGHT.format(1))
    assert "frost" not in answer.text
    assert "broke off" in answer.notice


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_without_the_server_the_documents_speak_and_the_reason_is_told(ask, chat, status):
    chat.failures, chat.fails_on = [Failure(status)], True
    answer = ask(QUESTION)
    assert answer.kind == "quoted"
    assert answer.quotes[0].quote.startswith("The warranty of the pump lasts 24 months.")
    assert str(status) in answer.notice
    assert chat.url in answer.notice
    assert KEY not in answer.notice


def test_where_nothing_is_near_enough_to_quote_the_reason_is_the_answer(ask, chat):
    chat.failures = [Failure(500)]
    with pytest.raises(ReplyError, match="answers 500"):
        ask(QUESTION, policy=Policy(min_quote=1.99))


def test_no_more_is_sent_than_a_small_window_holds(bundled, retriever, chat, tmp_path):
    words = "The warranty of the pump lasts 24 months, says part {} of the handbook. " * 25
    contexts = [words.replace("{}", str(n)) for n in range(20)]
    with open_index(tmp_path / "long", bundled.id) as index:
        index_contexts(contexts, bundled, index)
        answer = Duet(Retriever(retriever.model, index)).ask(QUESTION, policy=Policy(k=20))
    assert answer.left_out
    sent = chat.received[0].body["messages"]
    assert bundled.count_prompt_tokens(sent) + chat.received[0].body["max_tokens"] <= 4096


@pytest.fixture
def runtime(retriever, tmp_path):
    runtime = Runtime(lambda: retriever, uploads=tmp_path / "uploads")
    runtime.warm_up().join()
    yield runtime
    runtime.desk.close()
    runtime.suggestions.close()


def test_the_key_goes_to_that_server_and_nowhere_else(runtime, chat, caplog):
    client = TestClient(create_api(runtime))
    chat.failures = [Failure(401, {"error": {"message": f"wrong: {KEY}"}})]
    with caplog.at_level(logging.DEBUG):
        told = [
            client.post("/answer", json={"question": QUESTION}).text,
            client.post("/answer", json={"question": QUESTION}).text,
            client.get("/readyz").text,
            client.get("/metrics").text,
            repr(runtime.settings),
            repr(vars(runtime.retriever.model)),
        ]
    assert [r.headers["Authorization"] for r in chat.received] == [f"Bearer {KEY}"] * 2
    assert "refuses the key (401)" in told[0]
    assert "24 months" in told[1]
    assert KEY not in "".join(told) + caplog.text
    assert "warranty" not in caplog.text


def test_answers_wait_for_each_other_as_ever(runtime, chat):
    chat.pause = 0.02
    api = create_api(runtime)
    threads = [
        threading.Thread(target=TestClient(api).post, args=("/answer",), kwargs={"json": body})
        for body in [{"question": QUESTION}] * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(chat.received), chat.most_at_once) == (3, 1)
