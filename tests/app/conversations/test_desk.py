import time

import pytest

from app.conversations import Desk, Suggestions
from app.turnstile import Turnstile
from embedder.errors import DuetError

QUESTION = "How long does the warranty of the pump last?"
REPLY = "The warranty of the pump lasts 24 months [1]."
SLOW = f"{REPLY} It starts on the day of delivery [1]. Damage by frost is excluded [1]."


@pytest.fixture
def desk(conversations, database, retriever, model):
    model.reply = REPLY
    desk = Desk(conversations, lambda: retriever, Suggestions(database), Turnstile())
    yield desk
    desk.close()


def finished(desk: Desk, conversation: str):
    """Its turns, when nothing is being written any more."""
    for _ in range(400):
        turns = desk.turns(conversation)
        if not any(live and not live.done for _, live in turns):
            return [turn for turn, _ in turns]
        time.sleep(0.05)
    pytest.fail("the answer did not end")


def test_an_answer_is_written_and_kept_whoever_looks(desk, conversations):
    identity = conversations.begin(QUESTION)
    desk.ask(identity, QUESTION)
    (turn,) = finished(desk, identity)
    assert turn.answer.text == REPLY
    desk.ask(identity, "And when does it start?")
    _, second = finished(desk, identity)
    assert second.answer.understood == "When does the warranty of the pump start?"


def test_a_question_is_asked_where_the_reader_wants(desk, conversations):
    identity = conversations.begin(QUESTION)
    desk.ask(identity, QUESTION, ["/docs/garden.md"])
    (turn,) = finished(desk, identity)
    assert "24 months" not in turn.answer.text
    desk.again(identity)  # in the same place
    (turn,) = finished(desk, identity)
    assert "24 months" not in turn.answer.text


def test_stopping_keeps_what_is_written(desk, conversations, model):
    model.reply, model.pause = SLOW, 0.1
    identity = conversations.begin(QUESTION)
    desk.ask(identity, QUESTION)
    while not desk.turns(identity)[0][1].sentences:
        time.sleep(0.02)
    desk.stop(identity)
    (turn,) = finished(desk, identity)
    assert turn.answer.kind == "stopped"
    assert "24 months" in turn.answer.text
    assert "frost" not in turn.answer.text


def test_the_next_question_ends_the_one_before(desk, conversations, model):
    model.reply, model.pause = SLOW, 0.1
    identity = conversations.begin(QUESTION)
    desk.ask(identity, QUESTION)
    desk.ask(identity, QUESTION)
    first, second = finished(desk, identity)
    assert first.answer.kind == "stopped"
    assert "frost" in second.answer.text


def test_the_last_question_can_be_asked_again_and_otherwise(desk, conversations, model):
    identity = conversations.begin(QUESTION)
    desk.again(identity)  # nothing yet
    assert desk.turns(identity) == []
    desk.ask(identity, QUESTION)
    finished(desk, identity)
    model.reply = "It starts on the day of delivery [1]."
    desk.again(identity, "When does the warranty of the pump start?")
    (turn,) = finished(desk, identity)
    assert turn.question == "When does the warranty of the pump start?"
    assert turn.answer.text == "It starts on the day of delivery [1]."


def test_errors_and_bugs_are_kept_and_the_next_question_works(desk, conversations, model, caplog):
    identity = conversations.begin("word " * 300)
    desk.ask(identity, "word " * 300)
    (turn,) = finished(desk, identity)
    assert "300 tokens" in turn.problem
    model.stream, stream = None, model.stream
    desk.ask(identity, QUESTION)
    assert "Something went wrong" in finished(desk, identity)[-1].problem
    assert "TypeError" in caplog.text
    model.stream = stream
    desk.ask(identity, QUESTION)
    assert finished(desk, identity)[-1].answer.text == REPLY


def test_a_turn_that_the_servers_end_cut_off_is_seen_as_such(desk, conversations):
    identity = conversations.begin(QUESTION)
    conversations.add(identity, QUESTION)  # by a process that is gone
    ((turn, live),) = desk.turns(identity)
    assert (turn.answer, turn.problem, live) == (None, "", None)
    desk.again(identity)
    (turn,) = finished(desk, identity)
    assert turn.answer.text == REPLY


def test_an_answer_that_cannot_be_kept_is_shown_all_the_same(desk, conversations, monkeypatch):
    from app.conversations import StorageError

    def full(*_: object) -> None:
        msg = "the disk is full"
        raise StorageError(msg)

    identity = conversations.begin(QUESTION)
    monkeypatch.setattr(conversations, "finish", full)
    desk.ask(identity, QUESTION)
    ((_, live),) = desk.turns(identity)
    assert live.result().text == REPLY
    assert desk.turns(identity)[0][1] is live


def test_a_deleted_conversation_takes_no_answer(desk, conversations, model):
    model.reply, model.pause = SLOW, 0.1
    identity = conversations.begin(QUESTION)
    desk.ask(identity, QUESTION)
    desk.delete(identity)
    assert desk.turns(identity) == []
    with pytest.raises(DuetError):
        desk.ask(identity, QUESTION)
