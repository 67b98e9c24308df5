import threading

import pytest

from app.answering import Answer, AnswerStream, Sentence
from app.live import LiveAnswer
from embedder.errors import DuetError

SENTENCE = Sentence("Some words.", "", ())


def test_text_can_be_watched_and_stopped_from_another_thread():
    shown = threading.Event()

    def stream(stop: threading.Event) -> AnswerStream:
        yield SENTENCE
        shown.set()
        assert stop.wait(10)
        return Answer(question="?", understood="?", kind="stopped", sentences=(SENTENCE,))

    live = LiveAnswer(stream)
    assert shown.wait(10)
    assert (live.sentences, live.done, live.wait(0.01)) == ((SENTENCE,), False, False)
    live.stop()
    assert live.result().text == "Some words."
    assert live.done


@pytest.mark.parametrize("error", [DuetError("too long"), RuntimeError("a bug")])
def test_errors_reach_the_reader(error):
    def stream(_stop: threading.Event) -> AnswerStream:
        yield SENTENCE
        raise error

    live = LiveAnswer(stream)
    with pytest.raises(type(error), match=str(error)):
        live.result()
    assert live.done
