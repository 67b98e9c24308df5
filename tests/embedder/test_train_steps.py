"""`respond`, the teachers, and the two commands as a user gives them."""

import gzip
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

from embedder import LLM2VecGen
from embedder.base import load_base
from embedder.errors import TrainingError
from embedder.evaluate.__main__ import main as evaluate
from embedder.tokenizing import Prompter
from embedder.train.__main__ import _only, _parser, main
from embedder.train.losses import next_token_loss
from embedder.train.recipe import Asking, Design, Losses, Pace, Plan, Shard
from embedder.train.respond import THOUGHT, respond
from embedder.train.teacher import Teacher

ROOT = Path(__file__).parents[2]
SHORT = Asking(max_new_tokens=6, batch=3)


@pytest.fixture
def questions(tmp_path):
    file = tmp_path / "questions.jsonl.gz"
    rows = [{"question": f"What is {'very ' * i}blue?"} for i in range(7)]
    file.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return file


def rows_of(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_answers_are_the_models_own(make_base, questions, tmp_path):
    base = make_base("qwen3")
    assert respond(questions, str(base), tmp_path / "out.jsonl", SHORT, device="cpu") == 7
    lm = AutoModelForCausalLM.from_pretrained(base).eval()
    tokenizer = AutoTokenizer.from_pretrained(base)
    rows = rows_of(tmp_path / "out.jsonl")
    assert [row["id"] for row in rows] == list(range(1, 8))
    for row in rows:
        prompt = Prompter(tokenizer).prompt_ids([{"role": "user", "content": row["question"]}])
        assert tokenizer.decode(prompt).endswith("<think></think>")  # the template's own switch
        written = lm.generate(
            torch.tensor([prompt]), max_new_tokens=6, do_sample=False, pad_token_id=0
        )
        text = tokenizer.decode(written[0, len(prompt) :], skip_special_tokens=True)
        assert row["answer"] == text.strip()


def test_a_stopped_run_goes_on_and_shards_make_the_whole(make_base, questions, tmp_path):
    base, whole, out = str(make_base("qwen3")), tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    respond(questions, base, whole, SHORT, device="cpu")
    lines = whole.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:3]) + lines[3][:11])  # killed while it wrote
    assert respond(questions, base, out, SHORT, device="cpu") == 4
    assert out.read_bytes() == whole.read_bytes()
    assert respond(questions, base, out, SHORT, device="cpu") == 0
    parts = []
    for index in range(2):
        part = tmp_path / f"part{index}.jsonl"
        respond(questions, base, part, SHORT, Shard(index, 2), device="cpu")
        parts += rows_of(part)
    assert sorted(parts, key=lambda row: row["id"]) == rows_of(whole)


def test_thoughts_are_no_answer():
    assert THOUGHT.sub("", "<think>\nhm\n</think>\n\nBlue.").strip() == "Blue."
    assert THOUGHT.sub("", "Blue. <think>never ended").strip() == "Blue."


@pytest.mark.parametrize("family", ["qwen2", "qwen3", "llama", "mistral", "gemma", "gemma3_text"])
def test_the_reconstruction_loss_is_the_models_own(make_base, family):
    lm = load_base(make_base(family), "cpu", "float32")
    torch.manual_seed(0)
    soft, ids = torch.randn(2, 3, 32), torch.randint(2, 400, (2, 5))
    labels = torch.cat([torch.full((2, 3), -100), ids], dim=1)
    labels[1, 6:] = -100
    inputs = torch.cat([soft, lm.get_input_embeddings()(ids)], dim=1)
    expected = lm(inputs_embeds=inputs, labels=labels).loss
    torch.testing.assert_close(next_token_loss(lm, soft, ids, torch.tensor([5, 3])), expected)


@pytest.fixture
def llm2vec(make_base, tmp_path):
    """Two LoRA adapters on a tiny base, and the base with both in its weights."""
    base = make_base("llama")
    folders, merged = [], AutoModel.from_pretrained(base, dtype=torch.float32)
    for name, rslora in (("mntp", False), ("simcse", True)):
        torch.manual_seed(len(name))
        config = LoraConfig(
            r=4,
            lora_alpha=8,
            target_modules=["q_proj", "down_proj"],
            init_lora_weights=False,
            use_rslora=rslora,
        )
        model = get_peft_model(merged, config)
        model.save_pretrained(tmp_path / name)
        config = tmp_path / name / "adapter_config.json"
        config.write_text(
            json.dumps(json.loads(config.read_text()) | {"base_model_name_or_path": str(base)})
        )
        folders.append(tmp_path / name)
        merged = model.merge_and_unload()
    return folders, merged.eval(), AutoTokenizer.from_pretrained(base)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_a_llm2vec_pair_is_a_teacher(llm2vec, tmp_path, monkeypatch):
    """Bidirectional attention, the mean of the last states, both adapters on."""
    monkeypatch.setattr("embedder.train.llm2vec.best_dtype", lambda _: "float32")
    folders, merged, tokenizer = llm2vec
    teacher = Teacher(str(folders[0]), str(folders[1]), tmp_path / "cache", "cpu")
    texts = ["polar bears", "a longer text about the sea", ""]
    found = teacher.vectors(texts)
    for text, vector in list(zip(texts, found, strict=True))[:2]:
        ids = torch.tensor([tokenizer(text).input_ids])
        everything = torch.zeros(1, 1, ids.shape[1], ids.shape[1])
        with torch.inference_mode():
            hidden = merged(input_ids=ids, attention_mask=everything).last_hidden_state
        np.testing.assert_allclose(vector, hidden[0].mean(dim=0).numpy(), atol=1e-5)
    alone = Teacher(str(folders[0]), None, tmp_path / "cache", "cpu")
    assert alone.digest != teacher.digest
    assert not np.allclose(alone.vectors(texts), found, atol=1e-3)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"use_dora": True}, "a DoRA adapter cannot be a teacher"),
        (None, "adapter_config.json cannot be read"),
        ("weights", "does not fit its base"),
    ],
)
def test_a_damaged_llm2vec_adapter_says_so(llm2vec, tmp_path, change, message):
    file = llm2vec[0][0] / "adapter_config.json"
    if change is None:
        file.write_text("{")
    elif change == "weights":
        (llm2vec[0][0] / "adapter_model.safetensors").write_bytes(b"{")
    else:
        file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(TrainingError, match=message):
        Teacher(str(llm2vec[0][0]), None, tmp_path / "cache", "cpu").vectors(["a"])


def test_vectors_that_are_no_numbers_are_refused(tmp_path, teacher, monkeypatch):
    monkeypatch.setattr(
        "embedder.train.teacher._load_sentence_transformer",
        lambda *_: lambda texts: np.full((len(texts), 4), np.nan, dtype=np.float32),
    )
    with pytest.raises(TrainingError, match="vectors that are not finite"):
        Teacher(str(teacher), None, tmp_path / "cache", "cpu").vectors(["a"])
    assert not (tmp_path / "cache").exists()


def commands():
    """The `python -m embedder.train` commands of the README, in order, as arguments."""
    section = (ROOT / "README.md").read_text().partition("## Your own embedder")[2]
    block = re.search(r"```console\n(.*?)```", section, re.DOTALL)[1].replace("\\\n", " ")
    lines = [line.removeprefix("$ ") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines]


def write_beir_folder(folder, rows):
    """Each row's answer is a passage, and the one that its question asks for."""
    folder.mkdir()
    for name, key in (("corpus", "answer"), ("queries", "question")):
        texts = [{"_id": str(i), "text": row[key]} for i, row in enumerate(rows)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(text) + "\n" for text in texts))
    (folder / "qrels.tsv").write_text("".join(f"{i}\t{i}\t1\n" for i in range(len(rows))))


def test_the_readmes_three_commands_make_an_embedder(
    make_base, teacher, answers, tmp_path, monkeypatch, capsys
):
    """Word for word, with a tiny base and teacher, and fewer steps and tokens than a real one."""
    monkeypatch.chdir(tmp_path)
    Path("questions.jsonl").write_text(answers.read_text())
    write_beir_folder(Path("my-beir-folder"), rows_of(answers))
    names = {
        "Qwen/Qwen3-0.6B": str(make_base("qwen3")),
        "sentence-transformers/all-MiniLM-L6-v2": str(teacher),
    }
    less = {
        "respond": ["--max-new-tokens", "5", "--device", "cpu"],
        "train": ["--steps", "2", "--batch", "4", "--device", "cpu"],
    }
    mains = {"embedder.train": main, "embedder.evaluate": evaluate}
    for _python, _m, module, *arguments in commands():
        arguments = [names.get(word, word) for word in arguments]
        assert mains[module]([*arguments, *less.get(arguments[0], [])]) == 0
    assert LLM2VecGen.from_pretrained("my-embedder/model", device="cpu").dimension == 24
    printed = capsys.readouterr().out
    assert "the checkpoint is in my-embedder/model" in printed
    assert re.search(r"my-beir-folder +nDCG@10 +0\.\d+ ", printed)


def test_errors_are_one_line_and_an_exit_code(tmp_path, capsys):
    command = ["train", str(tmp_path / "gone.jsonl"), "--base", "x/y", "--teacher", "x/y"]
    assert main([*command, "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_ctrl_c_says_how_to_go_on(monkeypatch, capsys, tmp_path):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("embedder.train.respond.respond", stop)
    assert main(["respond", "q.jsonl", "--base", "x", "--out", str(tmp_path / "a.jsonl")]) == 130
    assert "goes on where it was" in capsys.readouterr().err


def test_the_command_lines_defaults_are_the_librarys():
    train = ["train", "a.jsonl", "--base", "x", "--teacher", "y", "--out", "z"]
    arguments = _parser().parse_args(train)
    assert [_only(kind, arguments) for kind in (Design, Losses, Pace)] == [
        Design(),
        Losses(),
        Pace(),
    ]
    assert arguments.save_every == Plan(Path("a"), "x", "y", Path("z")).save_every
    arguments = _parser().parse_args(["respond", "q.jsonl", "--base", "x", "--out", "a.jsonl"])
    assert _only(Asking, arguments) == Asking()


@pytest.mark.parametrize("shard", ["4/4", "x", "1/", "-1/4"])
def test_a_shard_that_is_none_is_refused(shard, capsys):
    with pytest.raises(SystemExit):
        main(["respond", "q.jsonl", "--base", "x", "--out", "a.jsonl", f"--shard={shard}"])
    assert "expected I/N" in capsys.readouterr().err


def test_help_comes_before_torch():
    code = (
        "import sys; from embedder.train.__main__ import main\n"
        "try: main(['train', '--help'])\n"
        "finally: print('torch' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "--pooling" in result.stdout
    assert result.stdout.endswith("False\n")
