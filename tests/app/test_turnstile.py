import threading
import time

from app.turnstile import Turnstile


def test_one_goes_after_the_other_in_the_order_of_their_coming():
    turnstile, seen = Turnstile(), []
    inside = threading.Event()

    def go(number: int) -> None:
        with turnstile.turn():
            seen.append(number)
            inside.wait(5)
            seen.append(number)

    threads = []
    for number in range(4):
        threads.append(threading.Thread(target=go, args=(number,)))
        threads[-1].start()
        time.sleep(0.05)
    assert seen == [0]
    inside.set()
    for thread in threads:
        thread.join()
    assert seen == [0, 0, 1, 1, 2, 2, 3, 3]


def test_who_no_longer_wants_to_is_not_kept_and_keeps_nobody():
    turnstile, stop, passed = Turnstile(), threading.Event(), threading.Event()

    def go() -> None:
        with turnstile.turn(stop):
            passed.set()

    with turnstile.turn():
        waiting = threading.Thread(target=go)
        waiting.start()
        assert not passed.wait(0.3)
        stop.set()
        assert passed.wait(5)
        waiting.join()
    with turnstile.turn():
        pass
