"""What the training tests share: tiny bases with random weights, a teacher, data; no network."""

import json
from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

PARITY = Path(__file__).parents[1] / "parity"
SIZES = {
    "vocab_size": 500,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 1024,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": 1,
}
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
    "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}"
)
WORDS = "bear sea ice type writer meet monday lease rain stone".split()


@pytest.fixture(scope="session")
def make_base(tmp_path_factory):
    """Folder of a tiny base of a family, random weights, made once each."""
    made = {}

    def make(family, *, template=True):
        if (family, template) not in made:
            folder = tmp_path_factory.mktemp("base") / family
            torch.manual_seed(0)
            config = AutoConfig.for_model(family, **SIZES)
            if hasattr(config, "query_pre_attn_scalar"):  # Gemma: as in all but its largest models
                config.query_pre_attn_scalar = config.head_dim
            AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(folder)
            tokenizer = AutoTokenizer.from_pretrained(PARITY / "qwen3" / "base")
            tokenizer.chat_template = TEMPLATE if template else None
            tokenizer.save_pretrained(folder)
            made[family, template] = folder
        return made[family, template]

    return make


@pytest.fixture(scope="session")
def teacher(tmp_path_factory):
    """Folder of a SentenceTransformer of 24 dimensions: the mean of random token vectors."""
    folder = tmp_path_factory.mktemp("teacher") / "static"
    tokenizer = Tokenizer.from_file(str(PARITY / "qwen3" / "base" / "tokenizer.json"))
    torch.manual_seed(1)
    module = StaticEmbedding(tokenizer, embedding_weights=torch.randn(500, 24))
    SentenceTransformer(modules=[module], device="cpu").save(str(folder))
    return folder


@pytest.fixture(scope="session")
def answers(tmp_path_factory):
    """JSON lines of 16 questions with answers and negatives."""
    file = tmp_path_factory.mktemp("data") / "answers.jsonl"
    rows = []
    for i in range(16):
        one, two = WORDS[i % 10], WORDS[(i * 3 + 1) % 10]
        rows.append(
            {
                "question": f"What of {one} and {two}?",
                "answer": f"The {one} is by the {two}, number {i}.",
                "negative_question": f"What of {two}?",
                "negative_answer": f"Nothing of {two} {i}.",
            }
        )
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file
