"""A model in a folder to GGUF as llama.cpp converts it: names by its table, values by its rules."""

import json

import gguf
import numpy as np
from transformers import AutoModelForCausalLM

ARCHITECTURES = {"gemma2": "gemma2", "gemma3_text": "gemma3"}


def to_gguf(folder, path, *, pre="gpt-2", kind="F32", template=None, metadata=None, factors=None):
    """Convert the base in `folder`, its byte-level tokenizer with it; returns `path`.

    Args:
        folder: A base as safetensors.
        path: The file to write.
        pre: `tokenizer.ggml.pre`.
        kind: Quantization of the matrices; rows that do not fill its blocks stay float32.
        template: Chat template.
        metadata: Further strings.
        factors: What Llama 3 divides its rotary frequencies by.
    """
    lm = AutoModelForCausalLM.from_pretrained(folder)
    config = lm.config
    architecture = ARCHITECTURES.get(config.model_type, config.model_type)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    rope = config.rope_parameters
    writer.add_rope_freq_base(rope.get("full_attention", rope)["rope_theta"])
    if architecture.startswith("gemma"):
        writer.add_sliding_window(config.sliding_window)
    if architecture == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    for key, value in (metadata or {}).items():
        writer.add_string(key, value)
    _write_tokenizer(writer, folder, pre, template, config.vocab_size)
    architectures = {name: number for number, name in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(architectures[architecture], config.num_hidden_layers)
    for name, tensor in lm.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        _write_tensor(
            writer, names.get_name(name, (".weight", ".bias")), tensor.numpy(), config, kind
        )
    if factors is not None:
        writer.add_tensor("rope_freqs.weight", factors)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _write_tokenizer(writer, folder, pre, template, size):
    spec = json.loads((folder / "tokenizer.json").read_text())
    special = {token["content"] for token in spec["added_tokens"]}
    vocabulary = {place: token for token, place in spec["model"]["vocab"].items()}
    tokens = [vocabulary.get(place, f"[PAD{place}]") for place in range(size)]
    kind = gguf.TokenType
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(
        [
            kind.UNUSED if place not in vocabulary
            else kind.CONTROL if token in special else kind.NORMAL
            for place, token in enumerate(tokens)
        ]
    )  # fmt: skip
    writer.add_token_merges([" ".join(merge) for merge in spec["model"]["merges"]])
    writer.add_eos_token_id(_place(vocabulary, "<eos>"))
    writer.add_pad_token_id(_place(vocabulary, "<pad>"))
    if template is not None:
        writer.add_chat_template(template)


def _place(vocabulary, token):
    return next(place for place, found in vocabulary.items() if found == token)


def _write_tensor(writer, name, values, config, kind):
    if config.model_type == "llama" and name.split(".")[-2] in ("attn_q", "attn_k"):
        heads = config.num_attention_heads if "attn_q" in name else config.num_key_value_heads
        pairs = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
        values = pairs.swapaxes(1, 2).reshape(values.shape)  # LlamaModel.permute in llama.cpp
    if config.model_type.startswith("gemma") and name.endswith("norm.weight"):
        values = values + 1
    number = gguf.GGMLQuantizationType[kind]
    values = np.ascontiguousarray(values, dtype=np.float32)
    if values.ndim == 2 and values.shape[1] % gguf.GGML_QUANT_SIZES[number][0] == 0:
        writer.add_tensor(name, gguf.quants.quantize(values, number), raw_dtype=number)
    else:
        writer.add_tensor(name, values)
