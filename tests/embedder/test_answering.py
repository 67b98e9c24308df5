"""The answering adapter: its examples, how they are packed, and its training."""

import json
import random
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from embedder import LLM2VecGen
from embedder.base import load_base, load_tokenizer
from embedder.chat import REFUSAL, grounded_messages
from embedder.errors import CheckpointError, DataError, TrainingError
from embedder.tokenizing import Prompter
from embedder.train.__main__ import main
from embedder.train.answering.example import Asked, Example, cited, read_examples, write_examples
from embedder.train.answering.mixing import Mixer
from embedder.train.answering.packing import pack
from embedder.train.answering.plan import Adapter, AnsweringPlan
from embedder.train.answering.records import KINDS, Record
from embedder.train.answering.rules import ask
from embedder.train.answering.texts import read_texts
from embedder.train.answering.trainer import train_answering
from tests.embedder.conftest import PARITY

ROWS = [
    {
        "source": "qed",
        "is_answerable": True,
        "question": "who wrote the song about the river",
        "answer": "Anna Alder",
        "context": "The River is a song of 1978 . It was written by Anna Alder . It sold well .",
    },
    {
        "source": "medquad",
        "is_answerable": True,
        "question": "What is (are) gout ?",
        "answer": "Gout is a form of arthritis that comes in attacks. It is treated with rest.",
        "context": "Gout is a form of arthritis that comes in attacks. It is treated with rest.",
    },
    {
        "source": "openstax-negative",
        "is_answerable": False,
        "question": "Define osmosis.",
        "answer": "",
        "context": "The cell has a wall. It holds its shape when the pressure falls.",
    },
    {
        "source": "fairytaleqa",
        "context": "A king had three daughters. The youngest of them loved a miller. They lived by "
        "the sea until 1804. Then the king sent them away.",
        "questions": [
            {"question": "Whom did the youngest daughter love?", "answer": "a miller"},
            {"question": "Where did they live until they were sent away?", "answer": "by the sea"},
        ],
    },
]
DOCUMENT = [
    "The city was founded by the river in 1204. A charter is a document that grants rights to a "
    "town. To read the charter, visit the archive on a weekday morning. The wall has seven gates.",
]


@pytest.fixture
def mixer(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return Mixer(read_texts(file), [DOCUMENT] * 3)


def squeezed(text):
    return " ".join(text.split()).lower()


def test_every_answer_stands_in_the_passage_that_it_cites(mixer):
    answered = refused = 0
    for example in islice(mixer.draw(1), 400):
        passages = [squeezed(passage).replace("- ", "") for passage in example.passages]
        for asked in example.asked:
            if asked.refused:
                refused += 1
                continue
            answered += 1
            for part in asked.reply.split(" ["):
                number, _, claim = part.partition("]")
                assert number.isdigit() or not claim
            numbers = [int(n) for n in re.findall(r"\[(\d+)\]", asked.reply)]
            assert all(1 <= number <= len(passages) for number in numbers)
            first = squeezed(asked.reply.partition(" [")[0])
            in_table = any("|" in passage or ":" in passage for passage in passages)
            assert first in passages[numbers[0] - 1] or in_table, (asked, example.passages)
    assert 0.15 < refused / (answered + refused) < 0.5


def test_the_same_seed_draws_the_same_examples(mixer):
    assert list(islice(mixer.draw(3), 20)) == list(islice(mixer.draw(3), 20))
    assert list(islice(mixer.draw(3), 20)) != list(islice(mixer.draw(4), 20))


def test_a_question_about_what_a_record_does_not_tell_is_refused():
    rng = random.Random(0)
    for kind in KINDS:
        record = Record.draw(kind, rng)
        missing = record.missing(rng)
        assert missing.reply == REFUSAL
        told = {
            record.question(a, random.Random(1)) for a in kind.attributes if a.label in record.told
        }
        assert missing.question not in told


def test_tokenized_text_is_read_as_it_was_written(mixer):
    (song,) = [text for text in mixer.told if text.source == "qed"]
    assert song.sentences[1] == "It was written by Anna Alder."
    assert song.told[0].answer == ("Anna Alder",)


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("The old bridge over the river was rebuilt by the town in 1875.", "1875"),
        ("The castle on the hill has seven gates and a deep moat.", "seven"),
        (
            "A ligature is a glyph that joins two letters into one.",
            "a glyph that joins two letters",
        ),
        ("To open the valve, turn the handle slowly to the left.", "turn the handle slowly"),
        ("In 1902, Marie Keller founded the first school of the valley.", "Marie Keller"),
    ],
)
def test_rules_ask_for_what_a_sentence_tells_in_a_few_words(sentence, answer):
    made = {ask(sentence, random.Random(seed)) for seed in range(40)} - {None}
    assert any(found.startswith(answer) for _, found in made)
    assert all(found in sentence for _, found in made)


def test_examples_are_written_and_read(tmp_path):
    example = Example(["Rain fell."], [Asked("What fell?", cited("Rain", 1))])
    assert write_examples(tmp_path / "e.jsonl.gz", [example]) == 1
    assert read_examples(tmp_path / "e.jsonl.gz") == [example]
    (tmp_path / "bad.jsonl").write_text('{"passages": ["Rain."]}\n')
    with pytest.raises(DataError, match=r"bad.jsonl, line 1: expected passages and asked"):
        read_examples(tmp_path / "bad.jsonl")
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(DataError, match="is empty"):
        read_examples(tmp_path / "empty.jsonl")


EXAMPLE = Example(
    ["The bear lives by the sea.", "The lease ends on Monday."],
    [
        Asked("Where does the bear live?", cited("by the sea", 1)),
        Asked("When does the lease end?", cited("on Monday", 2)),
        Asked("Who wrote it?", REFUSAL),
    ],
)


@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma"])
def test_a_branch_is_computed_as_its_conversation_would_be_alone(make_base, family):
    folder = make_base(family)
    lm, tokenizer = load_base(folder, "cpu", "float32"), load_tokenizer(folder)
    prompter = Prompter(tokenizer)
    packed = pack(EXAMPLE, prompter, tokenizer.eos_token_id, 1024)
    with torch.inference_mode():
        together = lm(
            input_ids=packed.ids[None],
            attention_mask=packed.mask(lm.dtype),
            position_ids=packed.positions[None],
        ).logits[0, packed.scored]
    alone, targets = [], []
    for asked in EXAMPLE.asked:
        prompt = prompter.prompt_ids(grounded_messages(asked.question, EXAMPLE.passages))
        reply = [*prompter.text_ids(asked.reply, specials=False), tokenizer.eos_token_id]
        with torch.inference_mode():
            logits = lm(input_ids=torch.tensor([prompt + reply])).logits[0]
        alone.append(logits[len(prompt) - 1 : -1])
        targets += reply
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-4, rtol=1e-4)
    assert packed.targets.tolist() == targets


def test_questions_that_do_not_fit_are_left_out(make_base):
    tokenizer = load_tokenizer(make_base("llama"))
    prompter = Prompter(tokenizer)
    whole = pack(EXAMPLE, prompter, 1, 4096)
    fewer = pack(EXAMPLE, prompter, 1, len(whole.ids) - 1)
    assert int(fewer.branch.max()) == 2
    assert pack(EXAMPLE, prompter, 1, 20) is None


@pytest.fixture
def plan(make_base, tmp_path):
    file = tmp_path / "examples.jsonl.gz"
    write_examples(file, [EXAMPLE] * 4)
    return AnsweringPlan(
        data=file,
        base=str(make_base("llama")),
        out=tmp_path / "run",
        adapter=Adapter(rank=4, alpha=8, first_layer=1),
        steps=30,
        batch=2,
        learning_rate=0.02,
        warmup=2,
        device="cpu",
        dtype="float32",
        save_every=5,
    )


def load(checkpoint):
    return LLM2VecGen.from_pretrained(checkpoint, device="cpu", dtype="float32")


def curve(out):
    return [json.loads(line) for line in (out / "curve.jsonl").read_text().splitlines()]


MESSAGES = grounded_messages("Where does the bear live?", EXAMPLE.passages)


def test_an_adapter_is_trained_written_and_switched_on_for_answers_alone(plan, tmp_path):
    shutil.copytree(PARITY / "llama", tmp_path / "llama")
    checkpoint = tmp_path / "llama" / "checkpoint"
    folder = train_answering(replace(plan, base=str(tmp_path / "llama" / "base")))
    points = curve(plan.out)
    assert points[-1]["loss"] < points[0]["loss"] - 0.5
    config = json.loads((folder / "adapter_config.json").read_text())
    assert config["layers_to_transform"] == [1]
    before = load(checkpoint)
    shutil.copytree(folder, checkpoint / "answering")
    model = load(checkpoint)
    assert model.id == before.id  # embeddings stay what they are

    def write(writer, **options):
        return "".join(writer.stream(MESSAGES, max_new_tokens=12, **options))

    plain = write(before)
    assert write(before, answering=True) == plain  # no adapter there: the base answers
    assert write(model) == plain
    assert write(model, answering=True) != plain
    assert write(model) == plain
    np.testing.assert_array_equal(model.encode(["bear"]), before.encode(["bear"]))


def test_an_adapter_of_another_base_is_refused(plan, tmp_path):
    folder = train_answering(replace(plan, steps=1))
    shutil.copytree(PARITY / "llama", tmp_path / "llama")
    checkpoint = tmp_path / "llama" / "checkpoint"
    shutil.copytree(folder, checkpoint / "answering")
    with pytest.raises(
        CheckpointError, match=r"answering adapter of .* was trained on another base"
    ):
        load(checkpoint)
    (checkpoint / "answering" / "adapter_model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"answering/adapter_model\.safetensors is miss"):
        load(checkpoint)


def test_a_killed_training_goes_on_where_it_was(plan):
    whole = replace(plan, out=plan.out.with_name("whole"))
    train_answering(whole)
    options = ["--rank", "4", "--alpha", "8", "--first-layer", "1", "--steps", "30", "--batch", "2"]
    options += ["--learning-rate", "0.02", "--warmup", "2", "--device", "cpu", "--dtype", "float32"]
    command = [sys.executable, "-m", "embedder.train", "answering", str(plan.data)]
    command += ["--base", plan.base, "--out", str(plan.out), "--save-every", "5", *options]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (plan.out / "state.pt").exists():
        time.sleep(0.01)
    process.kill()
    process.wait()
    train_answering(plan)
    found, expected = curve(plan.out), curve(whole.out)
    assert [point["step"] for point in found] == list(range(1, 31))
    assert [p["loss"] for p in found] == pytest.approx([p["loss"] for p in expected], abs=1e-4)


def test_a_folder_of_another_training_is_refused(plan):
    train_answering(replace(plan, steps=2))
    with pytest.raises(TrainingError, match="rank"):
        train_answering(replace(plan, steps=2, adapter=Adapter(rank=2, first_layer=1)))


def test_the_command_makes_examples(tmp_path, mixer, capsys):
    (tmp_path / "text.txt").write_text("\n".join(DOCUMENT) + "\n\n")
    rows, out = tmp_path / "rows.jsonl", tmp_path / "examples.jsonl.gz"
    arguments = ["examples", rows, "--documents", tmp_path / "text.txt", "--out", out]
    assert main([*map(str, arguments), "--count", "5"]) == 0
    assert len(read_examples(out)) == 5
    assert "5 examples" in capsys.readouterr().out
