"""The answering adapter: its examples, how they are packed, and its training."""

import json
import random
import re
import shutil
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from embedder import LLM2VecGen
from embedder.base import load_base, load_tokenizer
from embedder.chat import REFUSAL, grounded_messages
from embedder.errors import CheckpointError, DataError, TrainingError
from embedder.generation import Prompt, Refusal, embed, generate
from embedder.likelihood import log_likelihoods
from embedder.lora import ANSWERING
from embedder.tokenizing import Prompter
from embedder.train.__main__ import main
from embedder.train.answering.example import Asked, Example, cited, read_examples, write_examples
from embedder.train.answering.mixing import Mixer
from embedder.train.answering.packing import branch_mask, pack
from embedder.train.answering.plan import Adapter, AnsweringPlan
from embedder.train.answering.records import KINDS, Record
from embedder.train.answering.rules import ask
from embedder.train.answering.texts import read_documents, read_texts
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


def replies(mixer):
    """Of 400 examples: each claim with the passage that it cites."""
    for example in islice(mixer.draw(1), 400):
        for asked in example.asked:
            for claim, number in re.findall(r"(?:^|\][.!?] )(.+?) \[(\d+)\]", asked.reply):
                yield squeezed(claim), squeezed(example.passages[int(number) - 1])


def test_every_answer_from_a_text_stands_word_for_word_in_the_passage_that_it_cites(mixer):
    found = list(replies(replace(mixer, natural=1.0)))
    assert len(found) > 400
    assert [claim for claim, passage in found if claim not in passage.replace("- ", "")] == []


def test_what_a_records_passage_does_not_hold_word_for_word_it_holds_as_a_value(mixer):
    """One reply in eight is a sentence, which a form or a table holds as its value alone."""
    found = list(replies(replace(mixer, natural=0.0)))
    reworded = [pair for pair in found if pair[0] not in pair[1]]
    assert len(reworded) < 0.15 * len(found)
    for claim, passage in reworded:
        figures = re.findall(r"\d+(?:[.,]\d+)*", claim)
        assert [figure for figure in figures if figure not in passage] == [], (claim, passage)


def test_some_questions_are_refused_and_as_many_as_one_wants(mixer):
    def share(mixer):
        asked = [a for example in islice(mixer.draw(1), 400) for a in example.asked]
        return sum(a.refused for a in asked) / len(asked)

    assert 0.1 < share(mixer) < 0.4
    assert share(replace(mixer, vain=1.0)) > share(mixer) + 0.05
    assert share(replace(mixer, vain=0.0)) == 0


SUBJECTS = "chimney garden library staircase cellar window".split()


@pytest.fixture
def houses(tmp_path):
    """Ninety texts, of which fifteen each are about the same thing."""

    def row(number, subject):
        return {
            "source": "squad",
            "context": f"The {subject} of house {number} was built in {1800 + number}. It is old.",
            "questions": [{"question": f"When was the {subject} of house {number} built?",
                           "answer": str(1800 + number)}],
        }  # fmt: skip

    rows = [row(n, SUBJECTS[n % len(SUBJECTS)]) for n in range(90)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return Mixer(read_texts(tmp_path / "rows.jsonl"), [DOCUMENT], natural=1.0)


def test_passages_beside_each_other_are_about_related_things(houses):
    """As those are that a search finds; with `related` 0 they are drawn anywhere."""

    def alike(related):
        mixer = replace(houses, related=related)
        several = [e.passages for e in islice(mixer.draw(2), 300) if len(e.passages) == 3]
        named = [{s for s in SUBJECTS for p in passages if s in p} for passages in several]
        return sum(len(found) == 1 for found in named) / len(named)

    assert alike(1.0) > 0.9
    assert alike(0.0) < 0.3


def test_what_only_a_passage_that_is_not_there_answers_is_refused(houses):
    """A search finds passages about the same things that lack the answer."""
    asked = [
        (e.passages, a.question.lower().rstrip("?. "), a.refused)
        for e in islice(replace(houses, vain=1.0).draw(5), 200)
        for a in e.asked
    ]
    near = [
        (passages, question)
        for passages, question, refused in asked
        if refused and any(s in question and s in p for s in SUBJECTS for p in passages)
    ]
    assert len(near) > 100
    for passages, question in near:
        told = " ".join(" ".join(passages).lower().split())
        house = re.search(r"\w+ of house \d+ ", question)
        assert house is None or house[0] not in told


def test_questions_without_an_answer_are_read_beside_those_with_one(tmp_path):
    row = {"source": "squad", "context": "The gate was built in 1204. It is old.",
           "questions": [{"question": "When was the gate built?", "answer": "1204"},
                         {"question": "When was the gate torn down?"}]}  # fmt: skip
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    (text,) = read_texts(tmp_path / "rows.jsonl")
    assert [told.answer for told in text.told] == [("1204",)]
    assert text.vain == ["When was the gate torn down?"]


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


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nothing", "expected a JSON object with “source”, “context” as text"),
        ('{"source": "x", "context": "A text."}', "expected question, answer and is_answerable"),
        ('{"source": "x", "context": "A text.", "questions": [1]}', "expected question, answer"),
    ],
)
def test_rows_that_are_none_are_named(tmp_path, line, message):
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROWS[0]) + "\n" + line + "\n")
    with pytest.raises(DataError, match=rf"rows\.jsonl, line 2: {message}"):
        read_texts(tmp_path / "rows.jsonl")


def test_documents_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "half.txt.xz").write_bytes(b"no archive")
    for name in ("bytes.txt", "half.txt.xz", "none.txt"):
        with pytest.raises(DataError, match=f"{re.escape(name)} cannot be read"):
            list(read_documents(tmp_path / name))


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
            attention_mask=branch_mask(packed.branch[None], lm.dtype),
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
    assert before.outlook(MESSAGES) is None
    assert model.outlook(MESSAGES).refusal == pytest.approx(refusal_by_steps(model), rel=1e-4)
    written = write(load(checkpoint), answering=True)  # by one that has read nothing before
    other = grounded_messages("Where does the bear sleep?", EXAMPLE.passages)
    "".join(model.stream(other, max_new_tokens=3, answering=True))
    assert write(model, answering=True) == written


def refusal_by_steps(model):
    """The probability of each of the refusal's tokens after those before it, as one writes them."""
    pending = list(model._prompter.text_ids(REFUSAL, specials=False))
    found = []

    def choose(logits):
        found.append(float(logits.softmax(dim=-1)[pending[0]]))
        return pending.pop(0)

    ids = torch.tensor([model._prompter.prompt_ids(MESSAGES)])
    steps = len(pending)
    tokens = generate(
        model._lm, Prompt(embed(model._lm, ids)), choose, guard=lambda: model._mode(ANSWERING)
    )
    list(islice(tokens, steps))
    assert len(found) == steps
    return float(np.prod(found))


def test_examples_computed_together_teach_what_they_teach_alone(plan):
    other = Example(EXAMPLE.passages[:1], EXAMPLE.asked[:1])  # shorter, so that one is padded
    write_examples(plan.data, [EXAMPLE, other, EXAMPLE])
    alone = replace(plan, batch=3, steps=4)
    train_answering(alone)
    together = replace(alone, out=plan.out.with_name("together"), at_once=3, workers=2)
    train_answering(together)
    for one, both in zip(curve(alone.out), curve(together.out), strict=True):
        for name in ("loss", "right", "gradient", "tokens"):
            assert both[name] == pytest.approx(one[name], rel=1e-3)


def test_a_training_may_go_on_from_an_adapter(plan):
    plan = replace(plan, base=str(PARITY / "llama" / "base"))
    former = replace(plan, out=plan.out.with_name("first"))
    more = replace(plan, start_from=train_answering(former), steps=2, learning_rate=1e-6)
    train_answering(more)
    before, after = curve(former.out), curve(more.out)
    assert after[0]["loss"] == pytest.approx(before[-1]["loss"], abs=0.2)
    assert after[0]["loss"] < before[0]["loss"] - 0.4
    other = replace(more, out=plan.out.with_name("other"), adapter=Adapter(rank=2, first_layer=1))
    with pytest.raises(TrainingError, match="another shape than the LoRA to train"):
        train_answering(other)
    with pytest.raises(TrainingError, match="expected an answering adapter to start from"):
        train_answering(replace(other, start_from=plan.out.with_name("nothing")))
    assert not other.out.exists()


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


def test_fewer_examples_than_a_batch_are_refused(plan):
    with pytest.raises(DataError, match="has 4 examples, a batch takes 5"):
        train_answering(replace(plan, steps=0, batch=5))
    assert not plan.out.exists()


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


def test_a_refusal_is_written_where_it_is_likelier_than_all_else(bundled):
    passages = ["The pump is warranted for 24 months.", "Tomatoes need full sun."]
    for question, refused in (
        ("How long is the pump warranted?", False),
        ("Who painted the ceiling of the chapel?", True),
    ):
        messages = grounded_messages(question, passages)
        reply = "".join(bundled.stream(messages, max_new_tokens=20, answering=True))
        assert (bundled.outlook(messages).refusal > 0.5) is refused
        assert (reply == REFUSAL) is refused, reply


def test_a_reply_does_not_begin_with_a_refusal_that_is_less_likely_than_all_else(make_base):
    """Though each of its tokens is the likeliest single one."""
    folder = make_base("llama")
    lm, tokenizer = load_base(folder, "cpu", "float32"), load_tokenizer(folder)
    prompt = embed(lm, torch.tensor([tokenizer("The bear lives").input_ids]))

    def write(**options):
        choose = lambda logits: int(logits.argmax())  # noqa: E731
        return list(islice(generate(lm, Prompt(prompt), choose, guard=nullcontext, **options), 6))

    plain = write()
    assert write(refusal=Refusal(plain[:3]))[:2] != plain[:2]
    other = [token for token in range(5) if token not in plain][:2]
    assert write(refusal=Refusal(other)) == plain  # and what is no part of it stays as it is


def test_a_passage_makes_a_question_likelier_that_it_has_to_do_with(bundled):
    passage = "The warranty of the pump lasts 24 months. Damage by frost is excluded."
    (related,) = bundled.likelihood_gains("How long is the pump warranted?", [passage])
    (other,) = bundled.likelihood_gains("Who painted the ceiling of the chapel?", [passage])
    assert related > 0.5 > other
    assert bundled.likelihood_gains("", [passage]) == [None]
    assert bundled.likelihood_gains("word " * 9_000, [passage]) == [None]
    assert bundled.likelihood_gains("Why?", []) == []
    alone = bundled.likelihood_gains("Why?", ["x"])
    bundled.outlook(grounded_messages("Why?", ["x"]))  # with the adapter for answers
    assert bundled.likelihood_gains("Why?", ["x"]) == alone


@pytest.mark.parametrize("family", ["qwen3", "llama", "gemma2"])
def test_passages_read_together_are_read_as_each_alone(make_base, family):
    lm = load_base(make_base(family), "cpu", "float32")
    befores = [[5, 6, 7], [8], [9, 10, 11, 12, 13, 14, 15, 16], [5, 6]]
    alone = [log_likelihoods(lm, [before], [20, 21])[0] for before in befores]
    assert log_likelihoods(lm, befores, [20, 21]) == pytest.approx(alone, abs=1e-5)
    logits = lm(torch.tensor([[8, 20, 21]])).logits[0].log_softmax(-1)
    assert alone[1] == pytest.approx(float(logits[0, 20] + logits[1, 21]) / 2, abs=1e-5)
