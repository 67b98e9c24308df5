import numpy as np
import pytest

from app.library.courtesy import STEP_TOKENS, CourteousEncoder
from tests.app.fakes import ScriptedModel


def test_the_vectors_are_the_models_whatever_the_steps(model):
    steps = []
    texts = [f"note {n} " * (1 + n % 60) for n in range(40)]
    titles = [f"title {n}" for n in range(40)]
    courteous = CourteousEncoder(model, lambda: steps.append(1))
    assert (courteous.id, courteous.max_tokens) == (model.id, model.max_tokens)
    assert courteous.count_tokens("a b") == 2
    np.testing.assert_array_equal(
        courteous.encode_documents(texts, titles), model.encode_documents(texts, titles)
    )
    np.testing.assert_array_equal(courteous.encode_queries(texts), model.encode_queries(texts))
    tokens = sum(len(text.split()) for text in texts)
    assert len(steps) >= tokens / STEP_TOKENS > 1
    assert courteous.encode_documents([]).shape == (0, 256)


def test_between_two_steps_it_can_be_ended(model):
    class EndedError(Exception):
        pass

    def end() -> None:
        raise EndedError

    with pytest.raises(EndedError):
        CourteousEncoder(ScriptedModel(), end).encode_documents(["a", "b"])
