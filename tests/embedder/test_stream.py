"""Generation from the same weights, in causal mode."""

import threading

import pytest
import torch

from embedder.errors import PromptTooLongError, TextTooLongError

QUESTION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "where do polar bears live?"},
]


def test_greedy_text_is_what_transformers_generates(tiny):
    ids = torch.tensor([tiny._prompter.prompt_ids(QUESTION)])
    plain = tiny._lm.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=40, do_sample=False
    )
    expected = tiny._tokenizer.decode(plain[0, ids.shape[1] :], skip_special_tokens=True)
    written = "".join(tiny.stream(QUESTION, max_new_tokens=40))
    assert written == expected.rstrip("�")


def test_a_prompt_longer_than_one_prefill_step_gives_the_same(tiny, monkeypatch):
    long = [{"role": "user", "content": "disk cleanup frees space " * 12}]
    whole = "".join(tiny.stream(long, max_new_tokens=12))
    monkeypatch.setattr("embedder.generation.PREFILL", 7)
    assert "".join(tiny.stream(long, max_new_tokens=12)) == whole


def test_stops_within_one_token_of_the_event(tiny):
    stop = threading.Event()
    stream = tiny.stream(QUESTION, max_new_tokens=500, stop=stop)
    first = next(stream)
    stop.set()
    assert first
    assert len(list(stream)) <= 1


def test_a_set_event_stops_before_the_first_token(tiny):
    stop = threading.Event()
    stop.set()
    assert list(tiny.stream(QUESTION, stop=stop)) == []


def test_max_new_tokens_bounds_the_reply(tiny):
    assert len("".join(tiny.stream(QUESTION, max_new_tokens=3))) < len(
        "".join(tiny.stream(QUESTION, max_new_tokens=60))
    )


def test_a_seed_makes_sampling_repeatable(tiny):
    drawn = [
        "".join(tiny.stream(QUESTION, max_new_tokens=20, temperature=1.0, seed=s))
        for s in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_encoding_goes_on_between_the_tokens_of_a_reply(tiny):
    before = tiny.encode(["disk"])
    stream = tiny.stream(QUESTION, max_new_tokens=10)
    pieces = [next(stream)]
    assert (tiny.encode(["disk"]) == before).all()
    pieces += list(stream)
    assert "".join(pieces) == "".join(tiny.stream(QUESTION, max_new_tokens=10))


def test_a_prompt_beyond_the_window_is_refused_with_figures(tiny):
    with pytest.raises(
        PromptTooLongError, match=r"the prompt has [\d,]+ tokens, .* window is 1,024"
    ):
        tiny.stream([{"role": "user", "content": "polar bears " * 3000}])


def test_a_base_without_a_chat_template_gets_the_plain_prompt(tiny):
    assert tiny._tokenizer.chat_template is None
    text = tiny._tokenizer.decode(tiny._prompter.prompt_ids(QUESTION))
    assert text == "System:\nBe brief.\n\nUser:\nwhere do polar bears live?\n\nAssistant:\n"
    assert tiny.count_prompt_tokens(QUESTION) == len(tiny._prompter.prompt_ids(QUESTION))


def test_a_template_that_refuses_a_system_role_gets_its_text_in_the_users_turn(tiny):
    tokenizer = tiny._tokenizer
    tokenizer.chat_template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
    )
    try:
        text = tokenizer.decode(tiny._prompter.prompt_ids(QUESTION))
    finally:
        tokenizer.chat_template = None
    assert text == "<user>Be brief.\n\nwhere do polar bears live?"


def test_decode_says_what_an_embedding_stands_for(tiny):
    decoded = tiny.decode("polar bears", max_new_tokens=8, words=3)
    assert decoded.text
    assert [len(row) for row in decoded.words] == [3] * 10
    assert decoded == tiny.decode("polar bears", max_new_tokens=8, words=3)


def test_a_text_that_is_too_long_is_decoded_only_if_it_may_be_cut(tiny):
    long = "word " * 2000
    with pytest.raises(TextTooLongError, match="pass truncate=True"):
        tiny.decode(long)
    assert tiny.decode(long, max_new_tokens=3, truncate=True).words
