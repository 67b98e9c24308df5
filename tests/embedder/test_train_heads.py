"""Training a checkpoint's alignment head on questions and passages."""

import json

import numpy as np
import pytest
import torch

from embedder import LLM2VecGen
from embedder.errors import TrainingError
from embedder.published import Head
from embedder.train.__main__ import main
from embedder.train.heads.directions import narrowed, widened
from embedder.train.heads.plan import HeadPlan
from embedder.train.recipe import Design, Pace, Plan
from embedder.train.trainer import train

WORDS = "bear sea type lease pump rose soil ice paper key moon door glass river stone bread".split()


@pytest.fixture(scope="module", params=["mean", "text"], ids=["published", "text"])
def start(request, make_base, teacher, answers, tmp_path_factory):
    """A checkpoint with random heads."""
    design = Design(pooling=request.param, layers="last" if request.param == "mean" else "0+1")
    out = tmp_path_factory.mktemp("heads") / "run"
    base, pace = str(make_base("llama")), Pace(steps=0, batch=8)
    plan = Plan(
        answers, base, str(teacher), out, design=design, pace=pace, device="cpu", dtype="float32"
    )
    return train(plan)


@pytest.fixture
def pairs(tmp_path):
    rows = [
        {"question": f"Where is the {word}?", "answer": f"It is known that a {word} stands here."}
        for word in WORDS
    ]
    rows += [
        {"question": f"{word} please", "group": place // 2} for place, word in enumerate(WORDS)
    ]
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def found(folder):
    """The share of questions whose own passage is the nearest."""
    model = LLM2VecGen.from_pretrained(folder, device="cpu", dtype="float32")
    questions = model.encode_queries([f"Where is the {word}?" for word in WORDS])
    passages = model.encode_documents([f"It is known that a {word} stands here." for word in WORDS])
    return float(np.mean((questions @ passages.T).argmax(axis=1) == np.arange(len(WORDS))))


def test_questions_learn_to_find_their_passages(start, pairs, tmp_path, capsys):
    out = tmp_path / "run"
    command = ["heads", str(pairs), "--model", str(start), "--out", str(out), "--steps", "60"]
    command += ["--batch", "16", "--together", "2", "--learning-rate", "1e-3", "--keep", "0"]
    assert main([*command, "--add", "8", "--dimension", "20"]) == 0
    assert str(out / "model") in capsys.readouterr().out
    assert found(out / "model") > max(0.8, found(start))
    before, after = (
        LLM2VecGen.from_pretrained(f, device="cpu", dtype="float32") for f in (start, out / "model")
    )
    assert after.dimension == 20
    assert after.id != before.id  # what was indexed is to be embedded anew
    assert after.decode("a bear") == before.decode("a bear")
    points = [json.loads(line) for line in (out / "curve.jsonl").read_text().splitlines()]
    first, last = (points[place]["pairs"] + 0.5 * points[place]["groups"] for place in (0, -1))
    assert last < first
    assert (out / "curve.svg").exists()


@pytest.fixture
def trained(start, pairs, tmp_path):
    """The model after a few steps with some options."""

    def run(*options):
        out = tmp_path / "".join(options)
        command = ["heads", str(pairs), "--model", str(start), "--out", str(out), "--steps", "20"]
        command += ["--batch", "16", "--learning-rate", "0.01", "--keep", "0", *options]
        assert main(command) == 0
        return LLM2VecGen.from_pretrained(out / "model", device="cpu", dtype="float32")

    return run


def test_questions_of_a_group_come_near_to_each_other(trained):
    def margin(weight):
        vectors = trained("--groups", weight).encode_queries([f"{word} please" for word in WORDS])
        cosines = vectors @ vectors.T
        return float(np.mean(np.diag(cosines, 1)[::2]) - np.mean(cosines))

    assert margin("20") > margin("0")


def test_a_weight_on_staying_keeps_the_embeddings(start, trained):
    before = LLM2VecGen.from_pretrained(start, device="cpu", dtype="float32").encode(WORDS)

    def moved(weight):
        after = trained("--keep", weight).encode(WORDS)
        return float(np.mean(1 - (before * after).sum(axis=1)))

    assert moved("100") < 0.5 * moved("0")


def test_states_of_their_own_tell_apart_what_a_head_does_not():
    states = torch.randn(200, 12, generator=torch.Generator().manual_seed(0))
    states[:, 6:] *= 0.1
    head = Head(torch.eye(12)[:2], torch.zeros(2))
    wide = widened(head, states, 8)
    assert wide.weight.shape == (10, 12)
    torch.testing.assert_close(wide.weight[:2], head.weight)
    added = wide(states)[:, 2:]
    spread = added.var(dim=0)
    assert spread.max() / spread.min() < 1.1  # each direction as spread as the others
    torch.testing.assert_close(added.norm(dim=1).mean(), head(states).norm(dim=1).mean())
    assert widened(head, states, 0) is head


def test_dropped_directions_are_those_that_matter_least():
    states = torch.randn(200, 12, generator=torch.Generator().manual_seed(0))
    states[:, 4:] *= 0.01
    head = Head(torch.eye(12), torch.zeros(12))
    cosines = [
        torch.nn.functional.normalize(h(states), dim=1) for h in (head, narrowed(head, states, 4))
    ]
    torch.testing.assert_close(
        cosines[1] @ cosines[1].T, cosines[0] @ cosines[0].T, atol=0.02, rtol=0
    )
    assert narrowed(head, states, 12) is narrowed(head, states, 0) is head


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ('{"question": "a", "answer": "b"}\n', "has 1 pairs, a batch takes 16"),
        ('{"question": "a", "group": "b"}\n', "expected rows with a “question” and an “answer”"),
        ('{"answer": "b"}\n', "line 1: expected a JSON object with “question” as text"),
    ],
)
def test_data_that_teach_nothing_are_named(start, tmp_path, rows, expected, capsys):
    file, out = tmp_path / "pairs.jsonl", tmp_path / "run"
    file.write_text(rows)
    command = ["heads", str(file), "--model", str(start), "--out", str(out), "--batch", "16"]
    assert main(command) == 2
    assert expected in capsys.readouterr().err
    assert not out.exists()


def test_nothing_is_written_over(start, pairs, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["heads", str(pairs), "--model", str(start), "--out", str(tmp_path)]) == 2
    assert "holds other files" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [{"steps": 0}, {"batch": 1}, {"add": -1}, {"keep": -1.0}, {"learning_rate": 0.0}]
)
def test_a_plan_that_makes_no_sense_is_refused(tmp_path, wrong):
    with pytest.raises(TrainingError, match="found"):
        HeadPlan(tmp_path, "model", tmp_path, **wrong)
