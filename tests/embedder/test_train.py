"""Training: families, representation choices, resuming, the files it leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from embedder import LLM2VecGen
from embedder.base import load_base
from embedder.errors import TrainingError
from embedder.published import read_checkpoint
from embedder.representation import Representation, _level
from embedder.train.batch import Tokens
from embedder.train.recipe import Design, Losses, Pace, Plan
from embedder.train.student import Student
from embedder.train.trainer import train

QUICK = Pace(steps=20, schedule_steps=1000, warmup=0, batch=8, learning_rate=0.01)


@pytest.fixture
def plan(make_base, teacher, answers, tmp_path):
    return Plan(
        data=answers,
        base=str(make_base("llama")),
        teacher=str(teacher),
        out=tmp_path / "run",
        pace=QUICK,
        device="cpu",
        dtype="float32",
        gradient_checkpointing=False,
    )


def curve(out):
    return [json.loads(line) for line in (out / "curve.jsonl").read_text().splitlines()]


def load(folder):
    return LLM2VecGen.from_pretrained(folder, device="cpu", dtype="float32")


@pytest.mark.parametrize("family", ["qwen2", "qwen3", "llama", "mistral", "gemma"])
def test_every_family_trains_saves_loads_and_encodes(plan, make_base, family):
    plan = replace(plan, base=str(make_base(family)), gradient_checkpointing=True)
    model = load(train(plan))
    points = curve(plan.out)
    assert [point["step"] for point in points] == list(range(1, 21))
    for loss in ("loss", "reconstruction", "alignment"):
        first, last = (np.mean([p[loss] for p in part]) for part in (points[:4], points[-4:]))
        assert last < first, loss
    vectors = model.encode(["bear and sea", "type"])
    assert vectors.shape == (2, 24)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert model.decode("bear", max_new_tokens=4).words


@pytest.mark.parametrize(
    "design",
    [
        Design(pooling="attention", layers="mix", attention="bidirectional"),
        Design(pooling="last", tokens=6, states=3),
        Design(lora_rank=2, lora_dropout=0.0),
        Design(lora_rank=2, attention="bidirectional"),
        Design(layers="0+2"),
        Design(pooling="text", layers="0+1", lora_rank=2, lora_dropout=0.0),
        Design(pooling="idf", layers="0+1"),
    ],
    ids=lambda design: f"{design.pooling}-{design.layers}-{design.attention}-{design.lora_rank}",
)
@pytest.mark.parametrize("checkpointing", [False, True])
def test_a_representation_is_saved_and_obeyed(plan, design, checkpointing):
    steps = replace(QUICK, steps=6)
    plan = replace(plan, design=design, pace=steps, gradient_checkpointing=checkpointing)
    model = load(train(plan))
    points = curve(plan.out)
    assert points[-1]["loss"] < points[0]["loss"]
    checkpoint = read_checkpoint(plan.out / "model")
    names = {"pooling": design.pooling, "layers": design.layers, "attention": design.attention}
    assert checkpoint.representation.names == {**Representation().names, **names}
    assert (checkpoint.lora is not None) == bool(design.lora_rank)
    state = torch.load(plan.out / "state.pt", weights_only=True)["student"]
    torch.testing.assert_close(checkpoint.rows, state["rows"])
    for name, tensor in checkpoint.representation.tensors.items():
        torch.testing.assert_close(tensor, state[name])
        assert tensor.abs().max() > 0  # it was trained
    # The LoRA's dropout was once on in a loaded model: the same text had a new vector every time.
    one = model.encode(["bear and sea", "a much longer text about the sea and its stones"])
    np.testing.assert_allclose(model.encode(["bear and sea"])[0], one[0], atol=1e-5)
    plain = replace(checkpoint, representation=type(checkpoint.representation)())
    if not (checkpoint.representation.published or checkpoint.representation.side_by_side):
        lm = load_base(Path(plan.base), "cpu", "float32")
        other = LLM2VecGen("plain", plain, lm, model._tokenizer)
        assert not np.allclose(other.encode(["bear and sea"]), one[:1], atol=1e-3)
        assert other.id != model.id


def test_layers_side_by_side_are_those_of_the_whole_model(make_base):
    """Twice: hooks that stayed on the layers once made the second call read other ones."""
    lm = load_base(make_base("qwen3"), "cpu", "float32")
    ids = torch.tensor([[5, 6, 7, 8]])
    vectors, lengths = lm.get_input_embeddings()(ids), torch.tensor([4])
    whole = lm.base_model(input_ids=ids, output_hidden_states=True).hidden_states
    expected = torch.cat([_level(whole[layer][:, 1:]) for layer in (0, 1)], dim=-1).mean(dim=1)
    text = Representation(pooling="text", layers="0+1")
    for _ in range(2):
        found = text.compress(lm.base_model, vectors, ids, lengths, torch.zeros(1, 32), 1)
        torch.testing.assert_close(text.pool(found), expected)


def test_rare_tokens_weigh_more(make_base):
    lm = load_base(make_base("qwen3"), "cpu", "float32")
    ids = torch.tensor([[5, 6, 7, 9]])
    vectors, lengths = lm.get_input_embeddings()(ids), torch.tensor([3])  # the last is padding
    idf = torch.zeros(lm.config.vocab_size)
    idf[torch.tensor([5, 6, 7, 9])] = torch.tensor([4.0, 3.0, 1.0, 7.0])
    rare = Representation(pooling="idf", layers="0+1", idf=idf)
    found = rare.pool(rare.compress(lm.base_model, vectors, ids, lengths, torch.zeros(1, 32), 1))
    whole = lm.base_model(input_ids=ids, output_hidden_states=True).hidden_states
    states = torch.cat([_level(whole[layer][0]) for layer in (0, 1)], dim=-1)
    torch.testing.assert_close(found[0], 0.75 * states[1] + 0.25 * states[2])


def test_the_model_computes_what_the_student_was_trained_for(plan, answers):
    """The `cosine` of one more step is that of the saved model's vectors to the teacher's."""
    from sentence_transformers import SentenceTransformer

    design = Design(pooling="attention", layers="mix", attention="bidirectional", lora_rank=2)
    design = replace(design, lora_dropout=0.0)
    steps = replace(QUICK, steps=3, batch=16)
    plan = replace(plan, design=design, pace=steps)
    model = load(train(plan))
    rows = [json.loads(line) for line in answers.read_text().splitlines()]
    found = model.encode([row["question"] for row in rows])
    wanted = SentenceTransformer(plan.teacher, device="cpu").encode([r["answer"] for r in rows])
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    train(replace(plan, pace=replace(steps, steps=4)))
    assert curve(plan.out)[3]["cosine"] == pytest.approx((found * wanted).sum(1).mean(), abs=1e-5)


@pytest.mark.parametrize("contrast_with", ["echo", "teacher"])
def test_the_supervised_recipe_lowers_its_loss(plan, contrast_with):
    losses = Losses(
        echo=1.0,
        contrast=1.0,
        contrast_with=contrast_with,
        hard_negatives=True,
        margin=1.0,
        margin_distance=2.0,
    )
    train(replace(plan, losses=losses))
    points = curve(plan.out)
    first, last = (np.mean([p["loss"] for p in part]) for part in (points[:4], points[-4:]))
    assert last < first
    assert {"echo", "contrast", "negative_alignment", "margin"} <= points[0].keys()


def test_a_killed_run_goes_on_to_the_same_loss(plan):
    plan = replace(plan, design=Design(lora_rank=2), save_every=4)  # its dropout draws numbers
    train(replace(plan, out=plan.out.with_name("unbroken")))
    arguments = ["train", plan.data, "--base", plan.base, "--teacher", plan.teacher]
    arguments += ["--out", plan.out, "--steps", "20", "--schedule-steps", "1000", "--warmup", "0"]
    arguments += ["--batch", "8", "--learning-rate", "0.01", "--lora-rank", "2", "--device", "cpu"]
    arguments += ["--dtype", "float32", "--save-every", "4", "--no-gradient-checkpointing"]
    process = subprocess.Popen(
        [sys.executable, "-m", "embedder.train", *map(str, arguments)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )
    while process.poll() is None and not (plan.out / "state.pt").exists():
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (plan.out / "model").exists()
    train(plan)
    broken, unbroken = curve(plan.out), curve(plan.out.with_name("unbroken"))
    for name in ("step", "loss", "cosine", "gradient", "learning_rate"):
        found, expected = ([point[name] for point in points] for points in (broken, unbroken))
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_two_processes_train_as_one_does(plan):
    """Batches are shared out, and in-batch negatives are those of both."""
    plan = replace(plan, losses=Losses(reconstruction=0, contrast=1.0))
    plan = replace(plan, pace=replace(QUICK, steps=3))
    train(plan)
    two = plan.out.with_name("two")
    arguments = ["train", plan.data, "--base", plan.base, "--teacher", plan.teacher, "--out", two]
    arguments += ["--steps", "3", "--schedule-steps", "1000", "--warmup", "0", "--batch", "8"]
    arguments += ["--learning-rate", "0.01", "--reconstruction", "0", "--contrast", "1"]
    arguments += ["--device", "cpu", "--dtype", "float32"]
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m"]
    done = subprocess.run(
        [sys.executable, *launch, "embedder.train", *map(str, arguments)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert "Warning" not in done.stderr
    assert json.loads((two / "settings.json").read_text())["processes"] == 2
    for name in ("loss", "alignment", "contrast", "gradient"):
        found, expected = ([p[name] for p in curve(out)] for out in (two, plan.out))
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_finished_run_is_left_as_it_is_and_a_longer_one_goes_on(plan):
    short = replace(plan, pace=replace(QUICK, steps=4))
    train(short)
    before = curve(plan.out)
    train(short)
    assert curve(plan.out) == before
    train(replace(plan, pace=replace(QUICK, steps=6)))
    assert curve(plan.out)[:4] == before
    assert len(curve(plan.out)) == 6


def test_no_steps_write_the_start_to_compare_with(plan):
    model = train(replace(plan, pace=replace(QUICK, steps=0)))
    start = load(model).encode(["bear and sea"])
    assert not (plan.out / "curve.svg").exists()
    train(replace(plan, pace=replace(QUICK, steps=2)))
    other = replace(plan, out=plan.out.with_name("at once"), pace=replace(QUICK, steps=2))
    assert not np.allclose(load(train(other)).encode(["bear and sea"]), start, atol=1e-3)
    assert [p["loss"] for p in curve(plan.out)] == [p["loss"] for p in curve(other.out)]


def test_the_teacher_is_asked_once(plan, monkeypatch):
    plan = replace(plan, pace=replace(QUICK, steps=1), cache=plan.out.with_name("cache"))
    train(plan)
    monkeypatch.setattr(
        "embedder.train.teacher._load_sentence_transformer", lambda *_: pytest.fail("asked again")
    )
    train(replace(plan, out=plan.out.with_name("second")))


def test_the_picture_shows_every_curve(plan):
    from xml.etree import ElementTree

    train(replace(plan, pace=replace(QUICK, steps=3)))
    picture = ElementTree.fromstring((plan.out / "curve.svg").read_text())
    texts = {node.text for node in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert {"loss", "reconstruction", "alignment", "cosine", "learning rate"} <= texts


def test_one_can_start_from_a_checkpoint(plan):
    train(plan)
    last = curve(plan.out)[-1]["loss"]
    second = replace(plan, start_from=str(plan.out / "model"), out=plan.out.with_name("second"))
    train(replace(second, pace=replace(QUICK, steps=1, seed=7)))
    assert curve(second.out)[0]["loss"] < last + 0.5


def test_published_rates():
    pace = Pace()
    assert pace.rate(100, "qwen3") == 3e-4
    assert pace.rate(100, "llama") == 5e-4
    assert pace.rate(50, "llama") == 2.5e-4
    assert pace.rate(20_000, "llama") == 0


@pytest.mark.parametrize(
    "design",
    [Design(), Design(layers="0+2"), Design(pooling="text", layers="0+1")],
    ids=["published", "side by side", "text"],
)
def test_heads_in_closed_form_are_near_the_teacher_without_a_step(plan, design, answers):
    from sentence_transformers import SentenceTransformer

    rows = [json.loads(line) for line in answers.read_text().splitlines()]
    wanted = SentenceTransformer(plan.teacher, device="cpu").encode([r["answer"] for r in rows])

    def cosine(closed_form):
        pace = Pace(steps=0, batch=8, closed_form=closed_form)
        out = plan.out.with_name(f"closed{closed_form}")
        model = load(train(replace(plan, design=design, pace=pace, out=out)))
        found = model.encode([row["question"] for row in rows], normalize=False)
        norms = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
        return float(np.mean((found * wanted).sum(axis=1) / norms))

    assert cosine(16) > cosine(0) + 0.3


def test_what_decoding_is_trained_on_is_what_a_loaded_model_decodes(plan, make_base):
    """The student reads the text once without a gradient, the model reads text and rows at once."""
    lm = load_base(make_base("llama"), "cpu", "float32")
    design = Design(pooling="text", layers="0+1", tokens=4, states=3)
    student = Student(lm, design, Losses(), 24, seed=0, words=[5, 6])
    assert torch.equal(student.rows[0], student.rows[2])  # words over and over
    texts = Tokens.of([[5, 6, 7], [8, 9, 10, 11, 12]])
    vectors = lm.get_input_embeddings()(texts.ids)
    expected = Representation().compress(
        lm.base_model, vectors, texts.ids, texts.lengths, student.rows, 3
    )
    torch.testing.assert_close(student.frozen_states(texts), expected, atol=1e-5, rtol=1e-4)


def test_decoding_alone_can_be_trained(plan):
    """As the bundled model was: embeddings in closed form, then only what `decode` reads."""
    design = Design(pooling="text", layers="0+1")
    first = train(replace(plan, design=design, pace=Pace(steps=0, batch=8, closed_form=16)))
    second = replace(
        plan,
        design=design,
        out=plan.out.with_name("second"),
        start_from=str(first),
        losses=Losses(alignment=0),
        pace=replace(QUICK, steps=30),
    )
    trained = load(train(second))
    points = curve(second.out)
    assert points[-1]["reconstruction"] < points[0]["reconstruction"]
    before = load(first)
    np.testing.assert_array_equal(trained.encode(["bear"]), before.encode(["bear"]))
    assert trained.id == before.id  # what was indexed stays of use


def test_layers_that_the_base_has_not_are_refused(plan):
    with pytest.raises(TrainingError, match=r"expected layers up to 2, .* found 0\+3"):
        train(replace(plan, design=Design(layers="0+3")))


def test_evenness_makes_the_directions_of_embeddings_more_alike(plan, answers):
    texts = [json.loads(line)["question"] for line in answers.read_text().splitlines()]

    def spread(evenness):
        pace = Pace(steps=0, batch=8, closed_form=16, evenness=evenness)
        out = plan.out.with_name(f"even{evenness}")
        vectors = load(train(replace(plan, pace=pace, out=out))).encode(texts, normalize=False)
        values = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False)[:8]
        return values[0] / values[-1]

    assert spread(1.0) < 0.5 * spread(0.0)
