"""A LoRA checkpoint made with peft: on while encoding, off while generating."""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModel, AutoModelForCausalLM

from embedder import LLM2VecGen
from embedder.errors import CheckpointError

CASE = Path(__file__).parents[1] / "parity" / "llama"
MESSAGES = [{"role": "user", "content": "where do polar bears live?"}]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a checkpoint with LoRA, and peft's own model of it."""
    return make(tmp_path_factory.mktemp("lora") / "model")


def make(folder, **settings):
    shutil.copytree(CASE, folder)
    torch.manual_seed(0)
    config = LoraConfig(
        r=4,
        lora_alpha=32,
        target_modules=["q_proj", "v_proj", "down_proj"],
        init_lora_weights=False,
        trainable_token_indices={"embed_tokens": list(range(480, 490))},
        **settings,
    )
    base = AutoModel.from_pretrained(folder / "base", dtype=torch.float32)
    with warnings.catch_warnings():
        # peft 0.21 asks transformers 5 for an attribute that was renamed.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        peft_model = get_peft_model(base, config)
    peft_model.save_pretrained(folder / "checkpoint" / "encoder")
    return folder / "checkpoint", peft_model.eval()


@pytest.fixture(scope="module")
def model(made):
    return LLM2VecGen.from_pretrained(made[0], device="cpu", dtype="float32")


def test_the_adapter_is_on_while_encoding(made, model):
    assert_encodes_as_peft(made, model)


@pytest.mark.parametrize("settings", [{"use_dora": True}, {"use_rslora": True}])
def test_adapters_of_other_kinds_work_as_in_peft(tmp_path, settings):
    made = make(tmp_path / "model", **settings)
    model = LLM2VecGen.from_pretrained(made[0], device="cpu", dtype="float32")
    assert_encodes_as_peft(made, model)


def assert_encodes_as_peft(made, model):
    ids = torch.tensor([[*model._ids("polar bears"), *range(480, 490)]])
    with torch.inference_mode():
        hidden = made[1](input_ids=ids).last_hidden_state[0, -10:]
    expected = model._head(hidden.mean(dim=0)).numpy()
    np.testing.assert_allclose(
        model.encode(["polar bears"], normalize=False)[0], expected, atol=1e-5
    )


def test_the_adapter_is_off_while_generating_and_on_again_afterwards(made, model):
    embedding = model.encode(["polar bears"])
    plain = AutoModelForCausalLM.from_pretrained(made[0].parent / "base", dtype=torch.float32)
    ids = torch.tensor([model._prompter.prompt_ids(MESSAGES)])
    generated = plain.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=24, do_sample=False
    )[0, ids.shape[1] :]
    stream = model.stream(MESSAGES, max_new_tokens=24)
    pieces = [next(stream)]
    np.testing.assert_array_equal(model.encode(["polar bears"]), embedding)  # between two tokens
    written = "".join([*pieces, *stream])
    assert written == model._tokenizer.decode(generated, skip_special_tokens=True).rstrip("�")
    np.testing.assert_array_equal(model.encode(["polar bears"]), embedding)


def test_the_adapter_changes_the_embedding(made, model):
    without = LLM2VecGen.from_pretrained(CASE / "checkpoint", device="cpu", dtype="float32")
    assert model.id != without.id
    assert not np.allclose(model.encode(["bears"]), without.encode(["bears"]), atol=1e-2)


def test_an_adapter_of_another_base_is_refused(made, tmp_path):
    shutil.copytree(made[0].parent, tmp_path / "model")
    file = tmp_path / "model" / "checkpoint" / "encoder" / "adapter_config.json"
    config = json.loads(file.read_text())
    config["target_modules"] = ["query_key_value"]
    file.write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="LoRA does not fit its base model"):
        LLM2VecGen.from_pretrained(tmp_path / "model" / "checkpoint")


def test_weights_without_a_layer_are_refused(made, tmp_path):
    shutil.copytree(made[0].parent, tmp_path / "model")
    file = tmp_path / "model" / "checkpoint" / "encoder" / "adapter_config.json"
    config = json.loads(file.read_text())
    config["target_modules"] = ["q_proj"]
    file.write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"no layer for layers\.0"):
        LLM2VecGen.from_pretrained(tmp_path / "model" / "checkpoint")
