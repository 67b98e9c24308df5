"""With all adapters off the bundled model writes what its base writes, token for token.

Checked in three states of the model: as it was loaded, after it encoded, and after it answered with
the answering adapter. For a hundred prompts with replies by the base, both models' logits at every
token of the reply are the same bits, so greedy replies are the same, too; that `stream` itself
writes them is shown on every tenth prompt, as a token at a time takes a minute or more for all.
"""

import pytest
import torch

from embedder import BUNDLED_MODEL
from embedder.base import load_base
from embedder.base_files import local_base
from embedder.chat import grounded_messages
from embedder.published import read_checkpoint

SUBJECTS = (
    "snow|a lease|the sea|iron|bread|Rome|a docstring|rain|the moon|a bicycle|tea|copper|a novel|"
    "the heart|glass|a bridge|salt|jazz|an index|the Nile|a password|wool|chess|a volcano|honey"
).split("|")
TEMPLATES = (
    "Define {} in three words.",
    "Name one use of {}.",
    "Is {} older than paper? Yes or no.",
    "Give one word that rhymes with the last word of: {}",
)
PROMPTS = [template.format(subject) for template in TEMPLATES for subject in SUBJECTS]
STREAMED = PROMPTS[::10]
NEW_TOKENS = 24
BATCH = 25


def messages(prompt):
    return [{"role": "user", "content": prompt}]


def encode(model):
    model.encode_documents(["Polar bears live in the Arctic."])


def answer(model):
    "".join(model.stream(messages("Where do polar bears live?"), answering=True, max_new_tokens=2))


@pytest.fixture(scope="module")
def base(bundled):
    """The base alone, as transformers has it."""
    folder = local_base(read_checkpoint(BUNDLED_MODEL).base)
    return load_base(folder, "cpu", str(bundled._lm.dtype).removeprefix("torch."))


@pytest.fixture(scope="module")
def conversations(bundled, base):
    """Batches of prompts with the base's greedy replies, padded on the left, and their masks."""
    made = []
    for start in range(0, len(PROMPTS), BATCH):
        rows = [bundled._prompter.prompt_ids(messages(p)) for p in PROMPTS[start : start + BATCH]]
        longest = max(map(len, rows))
        ids = torch.tensor([[0] * (longest - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
        replies = base.generate(
            ids,
            attention_mask=mask,
            do_sample=False,
            min_new_tokens=NEW_TOKENS,  # a row that has ended goes on
            max_new_tokens=NEW_TOKENS,
            pad_token_id=0,
        )
        made.append((replies, torch.cat([mask, mask.new_ones(len(rows), NEW_TOKENS)], dim=1)))
    return made


@torch.inference_mode()
def logits(lm, ids, mask):
    """At the places of a reply."""
    return lm(
        input_ids=ids, attention_mask=mask, use_cache=False, logits_to_keep=NEW_TOKENS + 1
    ).logits


def greedy(base, ids, stop_ids):
    """The plain loop: every token is the likeliest one."""
    cache, written, pending = None, [], torch.tensor([ids])
    while len(written) < NEW_TOKENS:
        with torch.inference_mode():
            result = base(input_ids=pending, past_key_values=cache, use_cache=True)
        cache, token = result.past_key_values, int(result.logits[0, -1].argmax())
        if token in stop_ids:
            break
        written.append(token)
        pending = torch.tensor([[token]])
    return written


def test_every_logit_is_the_bases_whatever_adapter_was_on_before(bundled, base, conversations):
    assert len(set(PROMPTS)) == 100
    for before, (ids, mask) in zip(
        [lambda _: None, encode, answer, encode], conversations, strict=True
    ):
        before(bundled)
        with bundled._mode(None):
            ours = logits(bundled._lm, ids, mask)
        assert torch.equal(ours, logits(base, ids, mask))


def test_greedy_text_is_the_bases_whatever_adapter_was_on_before(bundled, base):
    for number, prompt in enumerate(STREAMED):
        (encode, answer)[number % 2](bundled)
        ids = bundled._prompter.prompt_ids(messages(prompt))
        written = greedy(base, ids, bundled._stop_ids)
        expected = bundled._tokenizer.decode(written, skip_special_tokens=True).rstrip("�")
        text = "".join(bundled.stream(messages(prompt), max_new_tokens=NEW_TOKENS))
        assert text == expected, prompt


def test_the_answering_adapter_does_change_what_is_written(bundled):
    """Else the tests above would show nothing."""
    prompts = [grounded_messages(prompt, [prompt, "Rain falls."]) for prompt in PROMPTS[:3]]
    plain = ["".join(bundled.stream(p, max_new_tokens=8)) for p in prompts]
    answers = ["".join(bundled.stream(p, answering=True, max_new_tokens=8)) for p in prompts]
    assert answers != plain
