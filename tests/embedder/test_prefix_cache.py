"""What two prompts begin with is read once."""

import pytest
import torch
from transformers import AutoConfig, DynamicCache

from embedder.base import load_base
from embedder.generation import embed
from embedder.prefix_cache import PrefixCache
from tests.embedder.conftest import PARITY


@pytest.fixture(scope="module")
def lm():
    return load_base(PARITY / "llama" / "base", "cpu", "float32")


def logits_after(lm, ids, cache, done):
    with torch.inference_mode():
        vectors = embed(lm, torch.tensor([ids[done:]]))
        return lm(inputs_embeds=vectors, past_key_values=cache, use_cache=True).logits[0, -1]


def test_what_was_read_before_is_not_read_again(lm):
    known = PrefixCache(lm.config, max_bytes=10**6)
    first, second = [5, 6, 7, 8, 9], [5, 6, 7, 20, 21, 22]
    cache, done = known.begin(first)
    assert done == 0
    logits_after(lm, first, cache, 0)
    known.keep(first, cache)

    cache, done = known.begin(second)

    assert done == 3
    expected = logits_after(lm, second, DynamicCache(config=lm.config), 0)
    torch.testing.assert_close(logits_after(lm, second, cache, done), expected, rtol=0, atol=1e-5)


def test_of_a_whole_prompt_the_last_token_is_read_again_for_its_logits(lm):
    known = PrefixCache(lm.config, max_bytes=10**6)
    ids = [5, 6, 7, 8]
    cache, _ = known.begin(ids)
    expected = logits_after(lm, ids, cache, 0)
    known.keep(ids, cache)
    logits_after(lm, [30, 31], cache, 0)  # a reply grows behind the prompt

    cache, done = known.begin(ids)

    assert done == 3
    torch.testing.assert_close(logits_after(lm, ids, cache, done), expected, rtol=0, atol=1e-5)


def test_the_oldest_prompt_is_forgotten_first(lm):
    kept = {}
    for name, start in (("first", 10), ("second", 20), ("third", 30)):
        cache = DynamicCache(config=lm.config)
        kept[name] = list(range(start, start + 5))
        logits_after(lm, kept[name], cache, 0)
        kept[name, "cache"] = cache
    size = sum(layer.keys.nbytes + layer.values.nbytes for layer in kept["first", "cache"].layers)
    known = PrefixCache(lm.config, max_bytes=2 * size)
    for name in ("first", "second"):
        known.keep(kept[name], kept[name, "cache"])
    known.begin(kept["first"])  # used again
    known.keep(kept["third"], kept["third", "cache"])

    assert [known.begin(kept[name])[1] for name in ("first", "second", "third")] == [4, 0, 4]


def test_a_model_with_sliding_windows_remembers_nothing():
    config = AutoConfig.for_model(
        "gemma3_text", num_hidden_layers=2, sliding_window=4, layer_types=["sliding_attention"] * 2
    )
    known, cache = PrefixCache(config, max_bytes=10**6), DynamicCache(config=config)
    for layer in range(2):
        cache.update(torch.ones(1, 1, 6, 8), torch.ones(1, 1, 6, 8), layer)

    known.keep([1, 2, 3, 4, 5, 6], cache)

    assert known.begin([1, 2, 3, 4, 5, 6])[1] == 0
