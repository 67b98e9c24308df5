"""Families beyond the parity cases: the special rows act as rows of the embedding table would."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from embedder.base import row_scale

SIZES = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
}


@pytest.mark.parametrize("family", ["gemma", "gemma2", "gemma3_text", "qwen3", "llama"])
def test_rows_fed_as_input_vectors_equal_rows_of_the_table(family):
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **SIZES)
    lm = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    table = lm.get_input_embeddings()
    text, special = torch.tensor([[5, 6, 7]]), torch.tensor([[60, 61]])
    rows = table.weight[special] * row_scale(lm)
    with torch.inference_mode():
        by_id = lm.base_model(input_ids=torch.cat([text, special], dim=1)).last_hidden_state
        by_vector = lm.base_model(
            inputs_embeds=torch.cat([table(text), rows], dim=1)
        ).last_hidden_state
    torch.testing.assert_close(by_vector, by_id, atol=1e-5, rtol=0)
