"""Reading and writing the published layout, and every way in which it can be wrong."""

import json
import logging
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from embedder import LLM2VecGen
from embedder.errors import CheckpointError
from embedder.published import read_checkpoint, write_checkpoint

CASE = Path(__file__).parents[1] / "parity" / "llama"


@pytest.fixture
def folder(tmp_path):
    """A copy of a good checkpoint, its base beside it, to damage."""
    shutil.copytree(CASE, tmp_path / "model")
    return tmp_path / "model" / "checkpoint"


@pytest.fixture
def printed(caplog, monkeypatch):
    """What would be on the terminal: transformers has a handler of its own, which caplog misses."""
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    return caplog


def load(folder):
    return LLM2VecGen.from_pretrained(folder, device="cpu", dtype="float32")


def change_config(file, **values):
    read = json.loads if file.suffix == ".json" else yaml.safe_load
    file.write_text(json.dumps(read(file.read_text()) | values))  # which YAML reads too


@pytest.mark.parametrize(
    "name",
    [
        "run_config.yml",
        "encoder_decoder_config.json",
        "encoder/adapter_config.json",
        "encoder/adapter_model.safetensors",
        "reconstruction_mlp",
        "alignment_mlp",
    ],
)
@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_missing_or_damaged_file_is_named(folder, name, damage):
    file = folder / name
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(b"\x00{" + file.read_bytes()[:20])
    with pytest.raises(CheckpointError, match=name) as error:
        load(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["reconstruction_mlp", "alignment_mlp"])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_head_that_is_cut_short_is_named(folder, name, share):
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CheckpointError, match=f"{name} is damaged or cut short: .* again$"):
        load(folder)


def test_a_directory_in_place_of_a_file_is_named(folder):
    (folder / "alignment_mlp").unlink()
    (folder / "alignment_mlp").mkdir()
    with pytest.raises(CheckpointError, match="alignment_mlp cannot be read"):
        load(folder)


def test_a_missing_key_is_named(folder):
    (folder / "run_config.yml").write_text("special_tokens: [a]\n")
    with pytest.raises(CheckpointError, match=r"run_config.yml .* model_name_or_path is missing"):
        load(folder)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("max_input_length", "abc", "a whole number, found 'abc'"),
        ("max_input_length", None, "a whole number, found None"),
        ("special_tokens", 5, "a list, found 5"),
        ("special_tokens", "ten tokens", "a list, found 'ten tokens'"),
    ],
)
def test_a_value_of_another_kind_is_named(folder, key, value, expected):
    change_config(folder / "run_config.yml", **{key: value})
    with pytest.raises(CheckpointError, match=f"run_config.yml: expected {key} to be {expected}"):
        load(folder)


def test_max_input_length_must_leave_room_for_text(folder, tiny):
    taken = tiny.max_length - tiny.max_tokens
    change_config(folder / "run_config.yml", max_input_length=taken + 1)
    assert load(folder).max_tokens == 1
    change_config(folder / "run_config.yml", max_input_length=taken)
    with pytest.raises(CheckpointError, match=f"max_input_length over {taken}, .* found {taken}"):
        load(folder)


class Exploit:
    def __reduce__(self):
        return Path.touch, (Path("exploited"),)


def test_a_pickle_with_code_in_it_is_refused_and_not_run(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (folder / "alignment_mlp").write_bytes(pickle.dumps(Exploit(), protocol=2))
    with pytest.raises(CheckpointError, match="alignment_mlp is refused"):
        load(folder)
    torch.save({"state_dict": Exploit()}, folder / "alignment_mlp")
    with pytest.raises(CheckpointError, match="alignment_mlp is refused"):
        load(folder)
    assert not (tmp_path / "exploited").exists()


def test_rows_and_special_tokens_must_be_of_one_checkpoint(folder):
    config = (folder / "run_config.yml").read_text().replace("- <question10>\n", "")
    (folder / "run_config.yml").write_text(config)
    with pytest.raises(CheckpointError, match=r"names 9 special tokens, .* holds 10 vectors"):
        load(folder)


def test_rows_must_have_the_width_of_the_base(folder):
    file = folder / "encoder" / "adapter_model.safetensors"
    save_file({"x.trainable_tokens_delta": torch.zeros(10, 32)}, file)
    with pytest.raises(CheckpointError, match="32 dimensions, the model 64"):
        load(folder)


def test_an_adapter_without_rows_says_so(folder):
    save_file({"x": torch.zeros(1)}, folder / "encoder" / "adapter_model.safetensors")
    with pytest.raises(
        CheckpointError, match=r"expected one matrix named ...trainable_tokens_delta"
    ):
        load(folder)


def test_an_encoding_mode_of_another_kind_says_so(folder):
    (folder / "encoder_decoder_config.json").write_text('{"encoding_mode": "first_token"}')
    with pytest.raises(CheckpointError, match="expected encoding_mode last_K_tokens"):
        load(folder)


def test_a_missing_base_is_named(folder):
    shutil.rmtree(folder.parent / "base")
    with pytest.raises(CheckpointError, match=r"names '../base' as the base model"):
        load(folder)


def test_a_base_without_weights_says_so(folder):
    (folder.parent / "base" / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"the base model in .* cannot be loaded"):
        load(folder)


def test_a_base_without_a_configuration_says_so(folder):
    (folder.parent / "base" / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"base/config\.json is missing: expected"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"vocab_size": 400}, r"lm_head.weight of shape \[400, 64\], found \[500, 64\]"),
        ({"num_hidden_layers": 3}, r"model.layers.2.\S+, found no such weights"),
    ],
)
def test_a_base_whose_weights_do_not_fit_is_one_line(folder, printed, change, expected):
    change_config(folder.parent / "base" / "config.json", **change)
    with pytest.raises(CheckpointError, match=f"does not fit its config.json: expected {expected}"):
        load(folder)
    assert printed.text == ""


def test_weights_that_a_base_does_not_use_are_told_in_one_line(folder, printed):
    change_config(folder.parent / "base" / "config.json", num_hidden_layers=1)
    load(folder)
    assert [record.levelname for record in printed.records] == ["WARNING"]
    assert "leaves out 9 weights that its config.json does not name" in printed.text


@pytest.mark.parametrize("window", [0, -1])
def test_a_base_without_a_window_says_so(folder, window):
    change_config(folder.parent / "base" / "config.json", max_position_embeddings=window)
    with pytest.raises(CheckpointError, match=f"max_position_embeddings .* found {window}"):
        load(folder)


def test_an_unsupported_family_says_what_is_supported(folder):
    config = {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]}
    (folder.parent / "base" / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        CheckpointError, match=r"unsupported family: .* Qwen, Llama, Mistral or Gemma"
    ):
        load(folder)


def test_a_damaged_tokenizer_says_so(folder):
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"the tokenizer in .* cannot be loaded"):
        load(folder)


def test_a_damaged_chat_template_says_so_at_once(folder):
    (folder / "chat_template.jinja").write_text("{% if %}{{ ")
    with pytest.raises(CheckpointError, match="chat template is damaged: Expected an expression"):
        load(folder)


def test_a_bottomless_file_is_damaged(folder):
    (folder / "encoder_decoder_config.json").write_text("[" * 200_000)
    with pytest.raises(CheckpointError, match=r"encoder_decoder_config\.json is damaged"):
        load(folder)


@pytest.mark.parametrize("source", ["no/such/folder", "nowhere", "../nowhere"])
def test_a_folder_that_is_not_there_says_so(source):
    with pytest.raises(CheckpointError, match=f"there is no folder {source}"):
        load(source)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x" * 300, "File name too long"),
        ("~nobody-at-all/model", "home directory"),
        pytest.param(
            "closed/model",
            "Permission denied",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may open every folder"),
        ),
    ],
)
def test_a_folder_that_cannot_be_opened_says_why(tmp_path, monkeypatch, source, reason):
    monkeypatch.chdir(tmp_path)
    Path("closed").mkdir(mode=0)
    with pytest.raises(CheckpointError, match=f"{source} cannot be opened .*{reason}.*: expected"):
        load(source)


def test_a_base_that_cannot_be_opened_says_why(folder):
    change_config(folder / "run_config.yml", model_name_or_path="x" * 300)
    with pytest.raises(CheckpointError, match=r"xxx cannot be opened \(File name too long\)"):
        load(folder)


def test_a_file_is_not_taken_for_a_hub_id(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ok").mkdir()
    Path("ok/duck.md").touch()
    with pytest.raises(CheckpointError, match=r"^ok/duck.md is a file: expected a folder"):
        load("ok/duck.md")


def test_a_tilde_stands_for_the_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert load("~/checkpoint").name == "model/checkpoint"


def test_an_unknown_dtype_lists_the_known():
    with pytest.raises(
        CheckpointError, match="'int4' is unknown: expected one of float32, bfloat16"
    ):
        LLM2VecGen.from_pretrained(CASE / "checkpoint", dtype="int4")


def test_a_device_that_is_not_there_says_so():
    with pytest.raises(CheckpointError, match="device 'cuda:7' cannot be used here"):
        LLM2VecGen.from_pretrained(CASE / "checkpoint", device="cuda:7")


def test_a_missing_bundled_model_says_where_it_comes_from(monkeypatch, tmp_path):
    monkeypatch.setattr("embedder.hub.BUNDLED_MODEL", tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="it comes with a clone of the repository"):
        load(tmp_path / "nowhere")


def test_what_is_written_reads_back_equal(tiny, tmp_path):
    checkpoint = read_checkpoint(CASE / "checkpoint")
    write_checkpoint(tmp_path / "copy", checkpoint, tiny._tokenizer)
    adapter = load_file(tmp_path / "copy" / "encoder" / "adapter_model.safetensors")
    assert [tuple(t.shape) for t in adapter.values()] == [(10, 64)]
    config = json.loads((tmp_path / "copy" / "encoder" / "adapter_config.json").read_text())
    assert config["token_indices"] == list(range(480, 490))
    copy = load(tmp_path / "copy")
    np.testing.assert_array_equal(copy.encode(["disk"]), tiny.encode(["disk"]))


def test_the_fingerprint_is_of_the_content_not_of_the_place_or_the_precision(tiny, folder):
    same = LLM2VecGen.from_pretrained(folder, device="cpu", dtype="bfloat16")
    assert same.id == tiny.id
    file = folder / "encoder" / "adapter_model.safetensors"
    weights = load_file(file)
    weights["base_model.model.embed_tokens.trainable_tokens_delta"][3, 5] += 0.5
    save_file(weights, file)
    assert load(folder).id != tiny.id


def test_the_name_is_what_people_would_call_the_folder(tiny):
    assert tiny.name == tiny.id.name == "llama/checkpoint"
