"""Losses and gradients of one step, computed with the reference package.

Not a test, and not run by the project's checks: it needs an environment of its own, with
`llm2vec-gen==0.1.3` (installed `--no-deps`), torch 2.13.0, transformers 4.56.2 and peft 0.18.0:

    python tests/embedder/golden/make_golden.py

It writes `one_step.json` (rows, settings, losses) and `one_step.safetensors` (the teacher's
vectors, gradients) beside itself. The package's own trainer leaves `compute_loss` to a script, so
the losses are put together here from its functions, as its training script does it. Its
collator ends answers with Llama's end-of-text token; the tokenizer's own is renamed to that.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import torch
from llm2vec_gen.dataset import CustomCollator, DataSample
from llm2vec_gen.losses import compute_contrastive_loss, compute_margin_loss, compute_mse_loss
from llm2vec_gen.models import EncoderDecoderModel
from safetensors.torch import save_file
from transformers import AutoTokenizer

HERE = Path(__file__).parent
CASE = HERE.parents[1] / "parity" / "qwen3"
ROWS = [
    (
        "Where do polar bears live?",
        "In the Arctic, on the sea ice.",
        "Where do penguins live?",
        "In the south.",
    ),
    (
        "who patented the typewriter",
        "Christopher Latham Sholes, in 1868; it changed writing.",
        "who patented the phone",
        "Bell.",
    ),
    (
        "Name a colour.",
        "Blue.",
        "Name a number.",
        "Seven, or any other number that you like better.",
    ),
]
UNSUPERVISED = {"reconstruction": 1.0, "alignment": 1.0}
SUPERVISED = UNSUPERVISED | {"echo": 1.0, "margin": 1.0, "margin_distance": 2.0, "contrast": 0.5}


def main():
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(CASE, folder, dirs_exist_ok=True)
        for file in Path(folder).rglob("*.json"):
            file.write_text(file.read_text().replace("<eos>", "<|end_of_text|>"))
        os.chdir(Path(folder) / "checkpoint")
        torch.manual_seed(0)
        tensors = {
            "teacher": torch.randn(len(ROWS), 64),
            "negative_teacher": torch.randn(len(ROWS), 64),
        }
        golden = {"rows": ROWS}
        for name, weights in (("unsupervised", UNSUPERVISED), ("supervised", SUPERVISED)):
            losses, gradients = one_step(weights, tensors)
            golden[name] = {"weights": weights, "losses": losses}
            tensors |= {f"{name}.{key}": value for key, value in gradients.items()}
    (HERE / "one_step.json").write_text(json.dumps(golden, indent=2) + "\n")
    save_file(tensors, HERE / "one_step.safetensors")


def one_step(weights, teacher):
    model = EncoderDecoderModel.from_pretrained(".", causal_lm_decoder=True, is_trainable=True)
    model.decoder_model.requires_grad_(False)
    model.eval()  # without dropout there is nothing else that this changes
    tokenizer = AutoTokenizer.from_pretrained(".")
    collator = CustomCollator(
        tokenizer, tokenizer.additional_special_tokens, padding="longest", max_length=512
    )
    batch = collator(
        [
            DataSample(i, q, a, negative_question=nq, negative_answer=na)
            for i, (q, a, nq, na) in enumerate(ROWS)
        ]
    )

    def run(query, answer, labels):
        states, outputs = model(
            query_input_ids=batch[f"{query}_input_ids"],
            query_attention_mask=batch[f"{query}_attention_mask"],
            answer_input_ids=batch[f"{answer}_input_ids"],
            answer_attention_mask=batch[f"{answer}_attention_mask"],
            labels=batch[labels],
        )
        return states.mean(dim=1), outputs["loss"]

    question, reconstruction = run("query", "answer", "labels")
    losses = {
        "reconstruction": reconstruction,
        "alignment": compute_mse_loss(question, teacher["teacher"], 1.0)[1],
    }
    total = weights["reconstruction"] * losses["reconstruction"]
    total = total + weights["alignment"] * losses["alignment"]
    if "echo" in weights:
        echo, _ = run("repeat_answer", "answer", "labels")
        negative, _ = run("negative_query", "negative_answer", "negative_labels")
        negative_echo, _ = run("negative_repeat_answer", "negative_answer", "negative_labels")
        losses["echo"] = compute_mse_loss(echo, teacher["teacher"], 1.0)[1]
        losses["negative_alignment"] = compute_mse_loss(negative, teacher["negative_teacher"], 1.0)[
            1
        ]
        losses["negative_echo"] = compute_mse_loss(negative_echo, teacher["negative_teacher"], 1.0)[
            1
        ]
        losses["margin"] = compute_margin_loss(question, negative, weights["margin_distance"])
        losses["contrast"] = compute_contrastive_loss(
            question, echo, negative_echo, scale=20.0, function="cosine"
        )
        total = total + weights["alignment"] * losses["negative_alignment"]
        total = total + weights["echo"] * (losses["echo"] + losses["negative_echo"])
        total = total + weights["margin"] * losses["margin"]
        total = total + weights["contrast"] * losses["contrast"]
    total.backward()
    named = dict(model.named_parameters())
    rows = next(p for n, p in named.items() if "trainable_tokens_delta" in n)
    gradients = {
        "rows": rows.grad,
        "reconstruction.weight": named["reconstruction_mlp.projection.weight"].grad,
        "reconstruction.bias": named["reconstruction_mlp.projection.bias"].grad,
        "alignment.weight": named["alignment_mlp.projection.weight"].grad,
        "alignment.bias": named["alignment_mlp.projection.bias"].grad,
    }
    values = {name: float(loss) for name, loss in {"loss": total, **losses}.items()}
    return values, {name: gradient.clone().contiguous() for name, gradient in gradients.items()}


if __name__ == "__main__":
    main()
