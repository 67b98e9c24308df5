"""What the answering adapter looks at before it replies."""

import json
import shutil

import pytest
import torch
from transformers import DynamicCache

from embedder import BUNDLED_MODEL, LLM2VecGen
from embedder.attention import watched
from embedder.base import load_base
from embedder.chat import grounded_messages
from embedder.errors import CheckpointError, TrainingError
from embedder.train.__main__ import main
from embedder.train.answering.example import Asked, Example, write_examples
from embedder.train.answering.plan import Adapter, AnsweringPlan
from embedder.train.answering.retrieval_heads import find_retrieval_heads
from embedder.train.answering.texts import Text
from embedder.train.answering.trainer import train_answering
from tests.embedder.conftest import PARITY

IDS = torch.tensor([[5, 9, 14, 3, 8, 21, 30, 4, 17, 2]])
SENTENCES = [
    "Brown bears are found in Norway and Spain.",
    "In winter a bear sleeps in a den.",
    "Its favourite food are blueberries.",
    "A cub weighs about 400 grams.",
]
QUESTIONS = ["Where does it sleep?", "What does it like to eat?", "How heavy is a cub?"]


@pytest.mark.parametrize("family", ["llama", "qwen3"])
@pytest.mark.parametrize("token", [1, 3])
def test_what_a_token_attends_to_is_what_the_model_computes(make_base, family, token):
    lm = load_base(make_base(family), "cpu", "float32")
    cache = DynamicCache(config=lm.config)
    with torch.inference_mode():
        lm(input_ids=IDS[:, :6], past_key_values=cache)
        with watched(lm, [(0, 1), (1, 0), (1, 2)], token) as seen:
            lm(input_ids=IDS[:, 6:], past_key_values=cache)
        lm.set_attn_implementation("eager")
        whole = lm(input_ids=IDS, output_attentions=True).attentions
        lm.set_attn_implementation("few_to_many")
        lm(input_ids=IDS)
    assert set(seen) == {(0, 1), (1, 0), (1, 2)}  # and the pass after it is not watched
    for (layer, head), weights in seen.items():
        expected = whole[layer][0, head, 6 + token, : 7 + token]
        torch.testing.assert_close(weights, expected, atol=1e-5, rtol=1e-4)


def test_places_of_tokens_are_those_of_the_last_message(tiny):
    messages = grounded_messages("Où est l’ours ?", ["Ein Bär 🐻 schläft."])
    ids, places = tiny._prompter.located(messages)
    text = messages[-1]["content"]
    assert ids == tiny._prompter.prompt_ids(messages)
    assert (places[0].start, places[-1].end) == (0, len(text))
    pieces = [(text[place.start : place.end], ids[place.token]) for place in places]
    plain = [(piece, token) for piece, token in pieces if piece.isascii()]
    assert len(plain) > 10
    assert all(tiny._tokenizer.decode([token]) == piece for piece, token in plain)


@pytest.mark.parametrize(("question", "answer"), list(enumerate(QUESTIONS, start=1)))
def test_the_bundled_model_looks_at_the_sentence_with_the_answer(bundled, question, answer):
    messages = grounded_messages(answer, [" ".join(SENTENCES)])
    outlook = bundled.outlook(messages)
    content = messages[-1]["content"]
    begins = [content.index(sentence) for sentence in SENTENCES]
    looked = [
        sum(a.weight for a in outlook.attention if begin <= a.start < begin + len(sentence))
        for begin, sentence in zip(begins, SENTENCES, strict=True)
    ]
    assert max(looked) == looked[question]
    assert 0 < sum(looked) <= 1
    again = bundled.outlook(messages).attention  # all of it but one token was read before
    assert [a.weight for a in again] == pytest.approx(
        [a.weight for a in outlook.attention], abs=2e-2
    )


@pytest.fixture
def checkpoint(tmp_path):
    """One with an answering adapter that has hardly learnt anything."""
    shutil.copytree(PARITY / "llama", tmp_path / "llama")
    base = tmp_path / "llama" / "base"
    file = tmp_path / "examples.jsonl.gz"
    write_examples(file, [Example(SENTENCES, [Asked("How heavy is a cub?", "400 grams [4].")])])
    plan = AnsweringPlan(
        file,
        str(base),
        tmp_path / "run",
        Adapter(rank=2, first_layer=1),
        steps=1,
        batch=1,
        device="cpu",
        dtype="float32",
    )
    shutil.copytree(train_answering(plan), tmp_path / "llama" / "checkpoint" / "answering")
    return tmp_path / "llama" / "checkpoint"


def test_heads_are_found_and_noted_with_the_adapter(checkpoint, tmp_path, capsys):
    row = {
        "source": "people",
        "context": " ".join(SENTENCES),
        "questions": [{"question": "How heavy is a cub?", "answer": "400 grams"}],
    }
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps(row) + "\n")
    messages = grounded_messages("How heavy is a cub?", SENTENCES)
    assert LLM2VecGen.from_pretrained(checkpoint, device="cpu").outlook(messages).attention == ()
    assert main(["retrieval-heads", str(file), "--model", str(checkpoint), "--keep", "2"]) == 0
    assert "the best 2 are noted" in capsys.readouterr().out
    config = json.loads((checkpoint / "answering" / "adapter_config.json").read_text())
    assert len(config["retrieval_heads"]) == 2
    assert config["r"] == 2  # the rest is as it was
    attention = LLM2VecGen.from_pretrained(checkpoint, device="cpu").outlook(messages).attention
    assert attention[-1].end == len(messages[-1]["content"])


@pytest.mark.parametrize(
    ("heads", "told"),
    [
        (
            [[0, 99]],
            r"attention head 99 of layer 0, but its base has \d+ heads in each of 2 layers",
        ),
        ([[7, 0]], "attention head 0 of layer 7"),
        ([3], r"expected retrieval_heads to be pairs of a layer and a head, found \[3\]"),
    ],
)
def test_heads_that_the_base_does_not_have_are_refused(checkpoint, heads, told):
    file = checkpoint / "answering" / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "retrieval_heads": heads}))
    with pytest.raises(CheckpointError, match=told):
        LLM2VecGen.from_pretrained(checkpoint, device="cpu")


def test_what_heads_cannot_be_found_in(checkpoint):
    with pytest.raises(TrainingError, match="expected passages of 4 sentences or more"):
        find_retrieval_heads(checkpoint, [Text(SENTENCES, [])], count=1, keep=1)
    with pytest.raises(TrainingError, match="found 0 and 4"):
        find_retrieval_heads(checkpoint, [], count=0, keep=4)
    shutil.rmtree(checkpoint / "answering")
    with pytest.raises(TrainingError, match="has no answering adapter"):
        find_retrieval_heads(checkpoint, [], count=1, keep=1)


def test_the_bundled_model_has_its_heads():
    config = json.loads((BUNDLED_MODEL / "answering" / "adapter_config.json").read_text())
    assert len(config["retrieval_heads"]) == 4
