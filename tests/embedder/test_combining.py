import threading
from pathlib import Path

import numpy as np
import pytest

from embedder import LLM2VecGen
from embedder.combining import MOST_TOKENS, Combiner


class Passes:
    """Doubles each id, keeps what each pass had, and waits in the first one."""

    def __init__(self):
        self.seen = []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, sequences):
        self.seen.append([list(each) for each in sequences])
        if len(self.seen) == 1:
            self.begun.set()
            assert self.go_on.wait(10)
        if any(-1 in each for each in sequences):
            msg = "no such id"
            raise ValueError(msg)
        return np.array([[2 * sum(each)] for each in sequences], dtype=np.float32)


def together(passes, requests):
    """Results of requests that all come while the first one's pass goes on."""
    combiner, results = Combiner(passes), {}

    def ask(name, sequences):
        try:
            results[name] = combiner(sequences)
        except ValueError as error:
            results[name] = error

    threads = [threading.Thread(target=ask, args=("first", [[1]]))]
    threads[0].start()
    assert passes.begun.wait(10)
    for name, sequences in requests.items():
        threads.append(threading.Thread(target=ask, args=(name, sequences)))
        threads[-1].start()
    while len(combiner._waiting) < len(requests):
        pass
    passes.go_on.set()
    for thread in threads:
        thread.join()
    return results


def test_those_who_wait_share_one_pass_and_each_gets_its_own_rows():
    passes = Passes()
    requests = {"a": [[2], [3]], "b": [[4]], "none": [], "c": [[5], [6], [7]]}
    results = together(passes, requests)
    assert len(passes.seen) == 2
    assert {name: rows.ravel().tolist() for name, rows in results.items()} == {
        "first": [2],
        "a": [4, 6],
        "b": [8],
        "none": [],
        "c": [10, 12, 14],
    }


def test_an_error_is_told_to_all_who_shared_the_pass_and_to_nobody_after():
    passes = Passes()
    results = together(passes, {"a": [[2]], "b": [[-1]]})
    assert {str(results["a"]), str(results["b"])} == {"no such id"}
    assert results["first"].tolist() == [[2]]
    combiner = Combiner(passes)
    assert combiner([[8]]).tolist() == [[16]]


def test_a_long_request_goes_alone_and_at_once():
    passes = Passes()
    combiner = Combiner(passes)
    first = threading.Thread(target=combiner, args=([[1]],))
    first.start()
    assert passes.begun.wait(10)
    assert combiner([[1] * (MOST_TOKENS + 1)]).shape == (1, 1)
    passes.go_on.set()
    first.join()


@pytest.mark.parametrize("count", [1, 30])
def test_threads_of_a_real_model_get_what_they_would_alone(count):
    folder = Path(__file__).parents[1] / "parity" / "qwen3" / "checkpoint"
    model = LLM2VecGen.from_pretrained(folder)
    texts = [f"the note number {n} of {'many ' * (n % 7)}" for n in range(count)]
    alone = model.encode_queries(texts)
    found = [None] * count

    def ask(n):
        found[n] = model.encode_queries([texts[n]])[0]

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(np.array(found), alone, atol=1e-5)
