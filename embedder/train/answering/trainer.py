"""Training the answering adapter: next-token loss of the replies, nothing else.

Everything about a step follows from its number, so a stopped training goes on where it was, with
any number of processes.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import Accelerator
from peft import LoraConfig, inject_adapter_in_model
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm
from transformers import PreTrainedModel

from embedder.base import best_dtype, load_base, load_tokenizer
from embedder.base_files import local_base
from embedder.errors import DataError, TrainingError
from embedder.fingerprint import weights_hash
from embedder.tokenizing import Prompter
from embedder.train.answering.example import Example, read_examples
from embedder.train.answering.packing import Packed, Stack, branch_mask, pack
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
    free = ("out", "save_every", "device", "at_once", "workers")
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
        steps = _Steps(
            self._plan,
            examples,
            partial(pack, prompter=prompter, end=end, longest=self._plan.longest),
            range(self._done, self._steps),
            (self._accelerator.process_index, self._accelerator.num_processes),
        )
        loader = DataLoader(steps, batch_size=None, num_workers=self._plan.workers)
        bar = tqdm(
            loader, desc="answering", initial=self._done, total=self._steps,
            disable=None if main else True,
        )  # fmt: skip
        began = time.perf_counter()
        for step, stacks in enumerate(bar, start=self._done):
            point = self._step(step, stacks)
            if main:
                self._run.curve.add({**point, "seconds": time.perf_counter() - began})
                bar.set_postfix(loss=f"{point['loss']:.3f}")
                if (step + 1) % self._plan.save_every == 0 or step + 1 == self._steps:
                    self._save(step + 1)
            began = time.perf_counter()

    def _step(self, step: int, stacks: Sequence[Stack]) -> dict[str, float]:
        total = torch.zeros(3)
        for stack in stacks:
            loss, right = self._loss(stack)
            (loss / self._plan.batch).backward()
            total += torch.tensor([loss.item(), right.item(), stack.tokens])
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

    def _loss(self, stack: Stack) -> tuple[torch.Tensor, torch.Tensor]:
        """Weighted mean loss of the replies' tokens, and the share that is foreseen rightly.

        Both are sums over the examples of the stack.
        """
        lm: Any = self._lm
        device = lm.device
        mask = branch_mask(stack.branch.to(device), lm.dtype)
        kinds = set(getattr(lm.config.get_text_config(), "layer_types", None) or [])
        attention: Any = mask if kinds <= {"full_attention"} else dict.fromkeys(kinds, mask)
        hidden = lm.base_model(
            input_ids=stack.ids.to(device),
            attention_mask=attention,
            position_ids=stack.positions.to(device),
            use_cache=False,
        ).last_hidden_state
        logits = lm.get_output_embeddings()(hidden.flatten(0, 1)[stack.scored.to(device)]).float()
        targets = stack.targets.to(device)
        losses = cross_entropy(logits, targets, reduction="none")
        right = (logits.argmax(dim=-1) == targets).float()
        return (losses * stack.weights.to(device)).sum(), (right * stack.shares.to(device)).sum()

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


class _Steps(Dataset[list[Stack]]):
    """What each step of this process computes, by its place from the first step on."""

    def __init__(
        self,
        plan: AnsweringPlan,
        examples: Sequence[Example],
        pack: Callable[[Example], Packed | None],
        steps: range,
        process: tuple[int, int],
    ) -> None:
        """Remember what a step is made from.

        Args:
            plan: How many examples are a step, and computed together.
            examples: Taken in their order, from the first again after the last.
            pack: Makes an example a sequence; None where it is too long.
            steps: Those to do.
            process: The index of this process, and how many there are.
        """
        self._plan = plan
        self._examples = examples
        self._pack = pack
        self._steps = steps
        self._process = process

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, place: int) -> list[Stack]:
        mine = list(self._mine(self._steps[place]))
        packed = [p for example in mine if (p := self._pack(example))]
        together = self._plan.at_once
        packed.sort(key=lambda p: len(p.ids))
        return [
            Stack.of(packed[start : start + together]) for start in range(0, len(packed), together)
        ]

    def _mine(self, step: int) -> Iterator[Example]:
        """This process's part of a step: as much text as the others', so that none waits."""
        index, processes = self._process
        batch, examples = self._plan.batch, self._examples
        chosen = [examples[(step * batch + place) % len(examples)] for place in range(batch)]
        chosen.sort(key=lambda e: sum(map(len, e.passages)), reverse=True)
        for place, example in enumerate(chosen):
            turn, owner = divmod(place, processes)
            if (processes - 1 - owner if turn % 2 else owner) == index:
                yield example
