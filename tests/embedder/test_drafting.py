"""Several tokens of a reply tried in one forward pass, and attention for so few."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from transformers import DynamicCache
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from embedder.attention import attend_in_few_steps
from embedder.base import load_base
from embedder.drafting import LONGEST, Drafter
from embedder.generation import Prompt, chooser, embed, generate

PROMPT = [7, 21, 33, 47, 52, 9, 21, 33, 80, 95, 7] * 3


@pytest.fixture
def lm(make_base):
    return load_base(make_base("llama"), "cpu", "float32")


def written(lm, *, ids=(), temperature=0.0, tokens=60):
    """The reply, and how many forward passes it took."""
    passes = []

    def guard():
        passes.append(1)
        return nullcontext()

    prompt = Prompt(embed(lm, torch.tensor([PROMPT])), ids=ids)
    reply = generate(lm, prompt, chooser(temperature, 5), guard=guard)
    return [next(reply) for _ in range(tokens)], len(passes)


def test_drafts_change_no_token_and_save_forward_passes(lm):
    plain, each = written(lm)
    drafted, few = written(lm, ids=PROMPT)
    assert drafted == plain  # a tiny model ends in a loop, which drafts foresee
    assert each == 60
    assert few < 40


def test_drafts_change_no_draw(lm):
    assert written(lm, ids=PROMPT, temperature=0.7)[0] == written(lm, temperature=0.7)[0]


def test_a_stop_ends_the_reply_in_the_middle_of_a_draft(lm):
    stop = SimpleNamespace(is_set=lambda: len(taken) >= 40)
    taken = []
    prompt = Prompt(embed(lm, torch.tensor([PROMPT])), ids=PROMPT)
    for token in generate(lm, prompt, chooser(0, None), guard=nullcontext, stop=stop):
        taken.append(token)  # noqa: PERF402 - the stop looks at it meanwhile
    assert len(taken) == 40


def test_what_followed_the_same_words_last_is_drafted():
    drafter = Drafter([1, 2, 3, 4, 5, 6, 7, 8, 2, 3, 9])
    assert drafter.draft() == []
    drafter.add(3)
    assert drafter.draft() == [9, 3]
    drafter.add(4)  # "3 4" stood once, "4" alone too
    assert drafter.draft() == [5, 6, 7, 8, 2][:LONGEST]


def test_nothing_is_drafted_without_a_prompt():
    drafter = Drafter([])
    for token in (1, 2, 1, 2):
        drafter.add(token)
    assert drafter.draft() == []


@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma3_text"])
@pytest.mark.parametrize("tokens", [1, 2, 8, 9])
def test_attention_of_few_tokens_is_that_of_torch(make_base, family, tokens):
    lm = load_base(make_base(family), "cpu", "float32")

    def logits(kind):
        lm.set_attn_implementation(kind)
        cache = DynamicCache(config=lm.config)
        with torch.inference_mode():
            lm(inputs_embeds=embed(lm, torch.tensor([PROMPT])), past_key_values=cache)
            more = embed(lm, torch.tensor([PROMPT[:tokens]]))
            return lm(inputs_embeds=more, past_key_values=cache).logits

    ours = lm.config._attn_implementation
    assert ours == "few_to_many"
    assert ours in ALL_ATTENTION_FUNCTIONS
    torch.testing.assert_close(logits(ours), logits("sdpa"), atol=1e-5, rtol=1e-5)


def test_a_model_that_attends_otherwise_is_left_alone(lm):
    lm.set_attn_implementation("eager")
    attend_in_few_steps(lm)
    assert lm.config._attn_implementation == "eager"
