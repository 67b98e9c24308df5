"""Training the answering adapter: next-token loss of the replies, nothing else.

Everything about a step follows from its number, so a stopped training goes on where it was, with
any number of processes.
"""

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import Accelerator
from peft import LoraConfig, inject_adapter_in_model
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm
from transformers import PreTrainedModel

from embedder.base import best_dtype, load_base, load_tokenizer
from embedder.base_files import local_base
from embedder.errors import DataError, TrainingError
from embedder.fingerprint import weights_hash
from embedder.tokenizing import Prompter
from embedder.train.answering.example import Example, read_examples
from embedder.train.answering.packing import Packed, pack
from embedder.train.answering.plan import AnsweringPlan
from embedder.train.lora import LORA_TARGETS, lora_parameters
from embedder.train.run import Run

CLIP = 1.0
"""Longest gradient."""


def train_answering(plan: AnsweringPlan) -> Path:
    """Train as `plan` says, or go on with it; returns the folder of the adapter.

    Raises:
        DuetError: The examples or the base cannot be used, the folder is another training's, or
            the loss is no number any more. Nothing is overwritten then.
    """
    examples = read_examples(plan.data)
    steps = plan.steps or len(examples) // plan.batch
    if not steps:
        msg = f"{plan.data} has {len(examples)} examples, a batch takes {plan.batch}"
        raise DataError(msg)
    run = Run(plan.out)
    free = ("out", "save_every", "device")
    settings: dict[str, object] = {k: str(v) for k, v in asdict(plan).items() if k not in free}
    settings["steps"] = str(steps)
    run.check(settings)
    accelerator = Accelerator(cpu=plan.device == "cpu")
    files = local_base(plan.base)
    tokenizer = load_tokenizer(files)
    dtype = plan.dtype or best_dtype(accelerator.device.type)
    lm = load_base(files, str(accelerator.device), dtype)
    if not isinstance(tokenizer.eos_token_id, int):
        msg = "the base's tokenizer names no end-of-text token: set eos_token in its config"
        raise TrainingError(msg)
    trainer = _Trainer(plan, lm, accelerator, run, steps)
    if accelerator.is_main_process:
        run.begin(settings)
    trainer.train(examples, Prompter(tokenizer), tokenizer.eos_token_id)
    target = plan.out / "answering"
    if accelerator.is_main_process:
        write_adapter(target, lm, plan)
        run.curve.draw(run.picture)
    accelerator.wait_for_everyone()
    return target


def write_adapter(folder: Path, lm: PreTrainedModel, plan: AnsweringPlan) -> None:
    """Write the adapter as peft would, its weights in bfloat16."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "base_model_name_or_path": plan.base,
        "base_weights": weights_hash(lm),
        "bias": "none",
        "inference_mode": True,
        "layers_pattern": "layers",
        "layers_to_transform": list(
            range(plan.adapter.first_layer, int(lm.config.get_text_config().num_hidden_layers))
        ),
        "lora_alpha": plan.adapter.alpha,
        "lora_dropout": 0.0,
        "peft_type": "LORA",
        "r": plan.adapter.rank,
        "target_modules": sorted(LORA_TARGETS),
        "task_type": "CAUSAL_LM",
    }
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")
    weights = {
        f"base_model.model.{name}": p.detach().cpu().bfloat16().contiguous()
        for name, p in lora_parameters(lm)
    }
    save_file(weights, folder / "adapter_model.safetensors")


def read_adapter(folder: Path, lm: PreTrainedModel) -> None:
    """Set the LoRA of `lm` to the weights that `write_adapter` wrote.

    Raises:
        TrainingError: There is none in `folder`, or it has another shape.
    """
    file = folder / "adapter_model.safetensors"
    try:
        saved = load_file(file)
    except (OSError, SafetensorError) as error:
        msg = f"{file} cannot be read: expected an answering adapter to start from ({error})"
        raise TrainingError(msg) from error
    wanted = {f"base_model.model.{name}": p for name, p in lora_parameters(lm)}
    shapes = {name: p.shape for name, p in wanted.items()}
    if {name: p.shape for name, p in saved.items()} != shapes:
        msg = f"{file} has another shape than the LoRA to train: check the rank, the first layer"
        raise TrainingError(msg)
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(saved[name])


class _Trainer:
    def __init__(
        self,
        plan: AnsweringPlan,
        lm: PreTrainedModel,
        accelerator: Accelerator,
        run: Run,
        steps: int,
    ) -> None:
        self._plan = plan
        self._lm = lm
        self._accelerator = accelerator
        self._run = run
        self._steps = steps
        torch.manual_seed(plan.seed)
        layers = range(plan.adapter.first_layer, int(lm.config.get_text_config().num_hidden_layers))
        inject_adapter_in_model(
            LoraConfig(
                r=plan.adapter.rank,
                lora_alpha=plan.adapter.alpha,
                target_modules=list(LORA_TARGETS),
                layers_to_transform=list(layers),
                layers_pattern="layers",
            ),
            lm,
        )
        if plan.start_from is not None:
            read_adapter(plan.start_from, lm)
        self._working = [p for _, p in lora_parameters(lm)]
        # Updates are too small for bfloat16: they are added up in float32, and the base computes
        # with a copy in its own type, which is two to three times as fast as mixing types.
        self._masters = [nn.Parameter(p.detach().float().clone()) for p in self._working]
        for parameter in self._working:
            parameter.data = parameter.data.to(lm.dtype)
        self._optimizer = torch.optim.AdamW(self._masters, lr=0.0, weight_decay=0.0)
        self._done = 0
        state = run.load_snapshot()
        if state is not None:
            with torch.no_grad():
                for master, saved in zip(self._masters, state["masters"], strict=True):
                    master.copy_(saved)
            self._optimizer.load_state_dict(state["optimizer"])
            self._done = int(state["steps"])
        self._copy_masters()

    def train(self, examples: Sequence[Example], prompter: Prompter, end: int) -> None:
        main = self._accelerator.is_main_process
        if main:
            self._run.curve.keep(self._done)
        steps = range(self._done, self._steps)
        bar = tqdm(
            steps, desc="answering", initial=self._done, total=self._steps,
            disable=None if main else True,
        )  # fmt: skip
        for step in bar:
            began = time.perf_counter()
            mine = list(self._mine(examples, step))
            packed = [p for e in mine if (p := pack(e, prompter, end, self._plan.longest))]
            point = self._step(step, packed)
            if main:
                self._run.curve.add({**point, "seconds": time.perf_counter() - began})
                bar.set_postfix(loss=f"{point['loss']:.3f}")
                if (step + 1) % self._plan.save_every == 0 or step + 1 == self._steps:
                    self._save(step + 1)

    def _mine(self, examples: Sequence[Example], step: int) -> Iterator[Example]:
        """This process's part of a step: as much text as the others', so that none waits."""
        batch, processes = self._plan.batch, self._accelerator.num_processes
        chosen = [examples[(step * batch + place) % len(examples)] for place in range(batch)]
        chosen.sort(key=lambda e: sum(map(len, e.passages)), reverse=True)
        for place, example in enumerate(chosen):
            turn, owner = divmod(place, processes)
            if (processes - 1 - owner if turn % 2 else owner) == self._accelerator.process_index:
                yield example

    def _step(self, step: int, packed: Sequence[Packed]) -> dict[str, float]:
        total = torch.zeros(3)
        for sequence in packed:
            loss, right = self._loss(sequence)
            (loss / self._plan.batch).backward()
            total += torch.tensor([loss.item(), right.item(), len(sequence.ids)])
        gradients = torch.cat([
            (p.grad if p.grad is not None else torch.zeros_like(p)).float().flatten()
            for p in self._working
        ])  # fmt: skip
        if self._accelerator.num_processes > 1:
            gradients = cast("torch.Tensor", self._accelerator.reduce(gradients, reduction="sum"))
            total = cast("torch.Tensor", self._accelerator.reduce(total, reduction="sum"))
        norm = float(gradients.norm())
        mean = float(total[0]) / self._plan.batch
        if not (math.isfinite(norm) and math.isfinite(mean)):
            msg = (
                f"step {step + 1}: the loss is {mean}, its gradient {norm}; the run stopped before "
                f"it used that, its last state stays in {self._run.folder}. Try a smaller "
                "--learning-rate, or --dtype float32"
            )
            raise TrainingError(msg)
        rate = self._rate(step)
        self._update(gradients * min(1.0, CLIP / (norm + 1e-6)), rate)
        return {
            "step": step + 1,
            "loss": mean,
            "right": float(total[1]) / self._plan.batch,
            "gradient": norm,
            "learning_rate": rate,
            "tokens": float(total[2]),
        }

    def _update(self, gradients: torch.Tensor, rate: float) -> None:
        """Move the masters by their part of `gradients`, `[parameters]`, and copy them."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        place = 0
        for master, working in zip(self._masters, self._working, strict=True):
            count = master.numel()
            master.grad = gradients[place : place + count].view_as(master)
            working.grad = None
            place += count
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self._copy_masters()

    def _loss(self, packed: Packed) -> tuple[torch.Tensor, torch.Tensor]:
        """Weighted mean loss of the replies' tokens, and the share that is foreseen rightly."""
        lm: Any = self._lm
        device = lm.device
        mask = packed.mask(lm.dtype).to(device)
        kinds = set(getattr(lm.config.get_text_config(), "layer_types", None) or [])
        attention: Any = mask if kinds <= {"full_attention"} else dict.fromkeys(kinds, mask)
        hidden = lm.base_model(
            input_ids=packed.ids[None].to(device),
            attention_mask=attention,
            position_ids=packed.positions[None].to(device),
            use_cache=False,
        ).last_hidden_state[0, packed.scored]
        logits = lm.get_output_embeddings()(hidden).float()
        targets, weights = packed.targets.to(device), packed.weights.to(device)
        losses = cross_entropy(logits, targets, reduction="none")
        right = (logits.argmax(dim=-1) == targets).float().mean()
        return (losses * weights).sum() / weights.sum(), right

    def _rate(self, step: int) -> float:
        plan = self._plan
        if step < plan.warmup:
            return plan.learning_rate * (step + 1) / plan.warmup
        share = (step - plan.warmup) / max(1, self._steps - plan.warmup)
        return plan.learning_rate * (0.1 + 0.45 * (1 + math.cos(math.pi * share)))

    def _copy_masters(self) -> None:
        with torch.no_grad():
            for master, working in zip(self._masters, self._working, strict=True):
                working.copy_(master)

    def _save(self, steps: int) -> None:
        self._run.save_snapshot(
            {
                "masters": [m.detach() for m in self._masters],
                "optimizer": self._optimizer.state_dict(),
                "steps": steps,
            }
        )
