"""Does the reference package read a checkpoint that we trained, and compute our embeddings?

Not a test, and not run by the project's checks: it needs an environment of its own, with
`llm2vec-gen==0.1.3` (installed `--no-deps`), torch 2.13.0, transformers 4.56.2 and peft 0.18.0.
First with this project's Python, then with the other one:

    python tests/embedder/check_reference_reads_ours.py make FOLDER
    REFERENCE/bin/python tests/embedder/check_reference_reads_ours.py compare FOLDER

`make` trains a few steps on the bases of `tests/parity`, in float32, once plain and once with LoRA;
`compare` prints the largest difference, and fails above 1e-5.
"""

import json
import os
import sys
from pathlib import Path

PARITY = Path(__file__).parents[1] / "parity"
CASES = {"qwen3": 0, "qwen2": 0, "llama": 0, "mistral": 0, "qwen3-lora": 4}
TEXTS = [
    "where do polar bears live",
    "x",
    "白熊はどこに住んでいますか",
    "the sea and the ice " * 12,
]


def make(folder):
    import numpy as np
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer

    from embedder import LLM2VecGen
    from embedder.train.recipe import Design, Pace, Plan
    from embedder.train.trainer import train

    folder.mkdir(parents=True)
    tokenizer = Tokenizer.from_file(str(PARITY / "qwen3" / "base" / "tokenizer.json"))
    module = StaticEmbedding(tokenizer, embedding_weights=torch.randn(500, 24))
    SentenceTransformer(modules=[module], device="cpu").save(str(folder / "teacher"))
    rows = [{"question": f"{text} {i}", "answer": f"{i} is {text}"} for i, text in enumerate(TEXTS)]
    data = folder / "answers.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for case, rank in CASES.items():
        plan = Plan(
            data=data,
            base=str(PARITY / case.removesuffix("-lora") / "base"),
            teacher=str(folder / "teacher"),
            out=folder / case,
            design=Design(lora_rank=rank),
            pace=Pace(steps=5, warmup=0, batch=4, learning_rate=0.01),
            device="cpu",
            dtype="float32",
        )
        model = LLM2VecGen.from_pretrained(train(plan), device="cpu", dtype="float32")
        np.save(folder / f"{case}.npy", model.encode(TEXTS, normalize=False))


def compare(folder):
    import numpy as np
    from llm2vec_gen import LLM2VecGenModel

    worst = 0.0
    for case in CASES:
        os.chdir(folder / case / "model")  # run_config.yml names the base relative to that
        model = LLM2VecGenModel.from_pretrained(".")
        model.model.eval()
        found = model.encode(TEXTS).float().cpu().numpy()
        difference = float(np.abs(found - np.load(folder / f"{case}.npy")).max())
        sys.stdout.write(f"{case}: {difference:.1e}\n")
        worst = max(worst, difference)
    return 0 if worst <= 1e-5 else 1


if __name__ == "__main__":
    _, step, where = sys.argv
    sys.exit({"make": make, "compare": compare}[step](Path(where).resolve()))
