"""A single token is multiplied by torch's own loops, and comes out the same."""

import pytest
import torch

from embedder.base import load_base
from embedder.generation import embed
from embedder.multiplying import attending, fastest_for

IDS = [5, 6, 7, 8, 9]


@pytest.fixture(scope="module")
def lms(make_base):
    return {name: load_base(make_base("llama"), "cpu", name) for name in ("float32", "bfloat16")}


def onednn_multiplies():
    return torch.backends.mkldnn.enabled


@pytest.mark.parametrize(
    ("dtype", "batch", "tokens", "own"),
    [
        (torch.bfloat16, 1, 1, True),
        (torch.bfloat16, 1, 2, False),
        (torch.bfloat16, 2, 1, False),
        (torch.float32, 1, 1, False),
    ],
)
def test_only_a_single_token_of_bfloat16_is(dtype, batch, tokens, own):
    with fastest_for(torch.zeros(batch, tokens, 8, dtype=dtype)):
        assert onednn_multiplies() is not own
        with attending():
            assert onednn_multiplies()
        assert onednn_multiplies() is not own
    assert onednn_multiplies()


def test_an_error_leaves_the_setting_as_it_was():
    with pytest.raises(KeyError), fastest_for(torch.zeros(1, 1, 8, dtype=torch.bfloat16)):
        raise KeyError
    assert onednn_multiplies()


def test_the_logits_are_those_of_the_whole_prompt(lms):
    """One token after another, and all at once; in bfloat16 within its noise of float32."""

    def logits(dtype, parts):
        cache = None
        with torch.inference_mode():
            for part in parts:
                vectors = embed(lms[dtype], torch.tensor([part]))
                with fastest_for(vectors):
                    told = lms[dtype](inputs_embeds=vectors, past_key_values=cache, use_cache=True)
                cache = told.past_key_values
        return told.logits[0, -1].float()

    exact = logits("float32", [IDS])
    noise = (logits("bfloat16", [IDS]) - exact).abs().max()
    singly = logits("bfloat16", [[token] for token in IDS])
    assert (singly - exact).abs().max() <= 2 * noise + 1e-3
