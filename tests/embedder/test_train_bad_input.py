"""What can be wrong with a training's input: a clear error each, and nothing is overwritten."""

import json
import shutil
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from embedder.errors import CheckpointError, DataError, DuetError, TrainingError
from embedder.train.__main__ import main
from embedder.train.pairs import read_pairs, read_questions
from embedder.train.recipe import Asking, Design, Losses, Pace, Plan, Shard
from embedder.train.respond import respond
from embedder.train.trainer import train


@pytest.fixture
def plan(make_base, teacher, answers, tmp_path):
    return Plan(
        data=answers,
        base=str(make_base("llama")),
        teacher=str(teacher),
        out=tmp_path / "run",
        pace=Pace(steps=2, warmup=0, batch=8, learning_rate=0.01),
        device="cpu",
        dtype="float32",
        gradient_checkpointing=False,
    )


def files(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty: expected a JSON object with “question”, “answer” as text in each line"),
        ("\n\n", "is empty"),
        ('{"question": "a", "answer": "b"}\n{"question"', 'line 2: .*, got {"question"'),
        ('\n["a"]\n', "line 2: expected a JSON object with “question”"),
        ('{"query": "a"}\n', "line 1: expected a JSON object with “question”"),
        ('{"question": 3, "answer": "b"}\n', 'line 1: .*, got {"question": 3'),
        ('{"question": " ", "answer": "b"}\n', "line 1: expected a “question” that is not empty"),
        ("[" * 100_000, "line 1: expected a JSON object"),
        ('{"question": "a", "answer": ""}\n', "all 1 answers are empty"),
    ],
)
def test_wrong_rows_are_named_by_their_line(tmp_path, content, message):
    file = tmp_path / "rows.jsonl"
    file.write_text(content)
    with pytest.raises(DataError, match=message) as error:
        read_pairs(file)
    assert "rows.jsonl" in str(error.value)


def test_a_missing_or_damaged_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone.jsonl cannot be read: No such file"):
        read_questions(tmp_path / "gone.jsonl")
    (tmp_path / "x.jsonl.gz").write_bytes(b"plain")
    with pytest.raises(DataError, match=r"x.jsonl.gz is no complete gzip file: Not a gzip"):
        read_questions(tmp_path / "x.jsonl.gz")


def test_hard_negatives_must_be_in_the_data(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text('{"question": "a", "answer": "b"}\n')
    with pytest.raises(
        DataError, match=r"line 1: expected a JSON object with .*“negative_question”"
    ):
        read_pairs(file, hard_negatives=True)


def test_a_question_over_the_limit_is_refused(plan, tmp_path):
    data = tmp_path / "long.jsonl"
    data.write_text(
        '{"question": "a", "answer": "b"}\n' * 8
        + json.dumps({"question": "sea " * 300, "answer": "b"})
    )
    with pytest.raises(DataError, match=r"line 9: the question has .* accepts 54"):
        train(replace(plan, data=data, design=Design(max_length=64)))
    assert not plan.out.exists()


def test_a_file_in_a_folders_place_is_named_and_kept(plan, make_base, questions, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    for wrong in ({"out": file}, {"cache": file}):
        with pytest.raises(TrainingError, match=r"notes.txt.* is a file"):
            train(replace(plan, **wrong))
    with pytest.raises(DataError, match="is a folder: give the name of a file"):
        respond(questions, str(make_base("qwen3")), tmp_path, device="cpu")
    with pytest.raises(CheckpointError, match="device 'gpu' cannot be used here"):
        respond(questions, str(make_base("qwen3")), tmp_path / "out.jsonl", device="gpu")
    with pytest.raises(TrainingError, match="between two snapshots, found 0"):
        replace(plan, save_every=0)
    assert file.read_text() == "mine"


def test_a_batch_larger_than_the_data_is_refused(plan):
    with pytest.raises(DataError, match="has 16 pairs with an answer, a batch takes 32"):
        train(replace(plan, pace=Pace()))


def test_settings_that_make_no_sense_are_refused():
    for make, message in (
        (lambda: Design(tokens=4, states=5), "states <= tokens"),
        (lambda: Losses(margin=1.0), "needs hard negatives"),
        (lambda: Losses(alignment=0.0, reconstruction=0.0), "above 0"),
        (lambda: Design(layers="first"), "expected layers to be last|mix|"),
        (lambda: Losses(alignment=float("nan")), "above 0"),
        (lambda: Losses(contrast=-1.0), "0 or more for contrast, found -1.0"),
        (lambda: Design(lora_rank=-1), "rank of 0"),
        (lambda: Pace(learning_rate=0.0), "learning rate above 0"),
        (lambda: Pace(warmup=-1), "warm-up of 0 or more"),
        (lambda: Asking(batch=0), "found 500 new tokens and a batch of 0"),
        (lambda: Pace(steps=300, schedule_steps=200), "no more steps than the schedule"),
        (lambda: Shard(4, 4), "expected a shard"),
    ):
        with pytest.raises(TrainingError, match=message):
            make()


def test_a_teacher_of_another_dimension_than_the_checkpoint_is_refused(plan):
    checkpoint = Path(__file__).parents[1] / "parity" / "llama"
    base = {"base": str(checkpoint / "base"), "start_from": str(checkpoint / "checkpoint")}
    with pytest.raises(TrainingError, match="its dimension is 64, expected 24"):
        train(replace(plan, **base))
    assert not (plan.out / "settings.json").exists()


def test_a_teacher_that_is_none_is_named(plan, tmp_path, teacher):
    with pytest.raises(CheckpointError, match="there is no folder"):
        train(replace(plan, teacher=str(tmp_path / "nowhere")))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "modules.json").write_text("{")
    with pytest.raises(TrainingError, match=r"the teacher in .*empty cannot be loaded"):
        train(replace(plan, teacher=str(tmp_path / "empty")))
    with pytest.raises(TrainingError, match="only a LLM2Vec teacher takes a second adapter"):
        train(replace(plan, teacher_adapter=str(teacher)))


def test_a_base_without_an_end_of_text_token_is_refused(plan, tmp_path):
    shutil.copytree(plan.base, tmp_path / "base")
    file = tmp_path / "base" / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"eos_token": None}))
    with pytest.raises(TrainingError, match="names no end-of-text token"):
        train(replace(plan, base=str(tmp_path / "base")))


def test_a_run_of_other_settings_is_refused_and_kept(plan, make_base):
    train(plan)
    before = files(plan.out)
    with pytest.raises(TrainingError, match=r"other settings \(base was .*llama.* is .*qwen2"):
        train(replace(plan, base=str(make_base("qwen2"))))
    with pytest.raises(TrainingError, match=r"\(tokens was 10, is 12\)"):
        train(replace(plan, design=Design(tokens=12)))
    assert files(plan.out) == before


def test_a_folder_of_other_files_is_refused(plan):
    plan.out.mkdir()
    (plan.out / "thesis.txt").write_text("mine")
    with pytest.raises(TrainingError, match=r"holds other files \(thesis.txt\)"):
        train(plan)


@pytest.mark.parametrize("name", ["settings.json", "state.pt"])
def test_a_damaged_run_says_so(plan, name):
    train(plan)
    (plan.out / name).write_bytes(b"{")
    with pytest.raises(TrainingError, match=f"{name} is damaged: remove"):
        train(plan)


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_state(plan):
    plan = replace(plan, save_every=1)
    train(plan)
    before = files(plan.out)
    (plan.out / "state.pt").unlink()
    torch.save(
        {**(state := torch.load(_saved(before, plan), weights_only=True)),
         "student": {k: v * float("nan") for k, v in state["student"].items()}},
        plan.out / "state.pt",
    )  # fmt: skip
    with pytest.raises(TrainingError, match=r"step 3: the loss is nan; the run stopped"):
        train(replace(plan, pace=replace(plan.pace, steps=4)))
    after = files(plan.out)
    assert {p for p in before if "model" in p.parts} <= after.keys()
    assert all(after[p] == before[p] for p in before if p.name != "state.pt")


def _saved(before, plan):
    file = plan.out.with_name("copy.pt")
    file.write_bytes(before[plan.out / "state.pt"])
    return file


def test_an_unknown_choice_in_a_checkpoint_is_refused(plan):
    from embedder.published import read_checkpoint

    design = Design(pooling="attention")
    model = train(replace(plan, design=design))
    file = model / "representation.json"
    good = file.read_text()
    file.write_text(good.replace(': "attention"', ': "median"'))
    with pytest.raises(CheckpointError, match="'median' is unknown: expected mean"):
        read_checkpoint(model)
    file.write_text(good.replace('"pooling": "attention"', '"pooling": "last"'))
    with pytest.raises(CheckpointError, match="expected the tensor 'query' exactly where pooling"):
        read_checkpoint(model)
    file.unlink()  # the published package sees no such file either, and refuses the mode
    with pytest.raises(CheckpointError, match=r"found 'duet_last_10_tokens'"):
        read_checkpoint(model)


@pytest.fixture
def questions(tmp_path):
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(json.dumps({"question": f"What is {i}?"}) + "\n" for i in range(5)))
    return file


def test_a_base_without_a_chat_template_is_refused(make_base, questions, tmp_path):
    base = str(make_base("qwen3", template=False))
    with pytest.raises(TrainingError, match=r"has no chat template: .* pass --plain"):
        respond(questions, base, tmp_path / "out.jsonl", device="cpu")
    asking = Asking(max_new_tokens=3, plain=True)
    assert respond(questions, base, tmp_path / "out.jsonl", asking, device="cpu") == 5


def test_a_question_that_leaves_no_room_for_an_answer_is_refused(make_base, questions, tmp_path):
    with questions.open("a") as lines:
        lines.write(json.dumps({"question": "sea " * 900}) + "\n")
    with pytest.raises(DataError, match=r"line 6: .* the model's window of 1,024"):
        respond(questions, str(make_base("qwen3")), tmp_path / "out.jsonl", device="cpu")
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("content", ['{"id": 1, "question": "Other?"}\n', "no JSON\n", "{}\n" * 9])
def test_answers_to_other_questions_are_not_overwritten(make_base, questions, tmp_path, content):
    out = tmp_path / "out.jsonl"
    out.write_text(content)
    with pytest.raises(DuetError, match="holds answers to other questions"):
        respond(questions, str(make_base("qwen3")), out, device="cpu")
    assert out.read_text() == content


def test_the_defaults_of_the_command_line_are_those_of_the_recipe(capsys):
    for command, values in (
        ("train", (Design(), Losses(), Pace())),
        ("respond", (Asking(),)),
    ):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        printed = capsys.readouterr().out
        for kind in values:
            for field in fields(kind):
                assert f"--{field.name.replace('_', '-')}" in printed
                if isinstance(field.default, int | float) and not isinstance(field.default, bool):
                    assert f"({field.default})" in printed, field.name
