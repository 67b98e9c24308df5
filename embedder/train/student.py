"""What is trained: special rows, two heads, and where chosen a pooling query, a layer mix, LoRA."""

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, cast

import torch
from torch import nn
from torch.nn.functional import cosine_similarity, mse_loss
from transformers import PreTrainedModel

from embedder.base import row_scale
from embedder.choices import OWN_TEXT
from embedder.errors import TrainingError
from embedder.fingerprint import weights_hash
from embedder.generation import embed
from embedder.lora import ENCODING, LoraSwitch
from embedder.published import Checkpoint, Head, Lora
from embedder.representation import Instructions, Representation
from embedder.train.batch import Batch, Side, Tokens
from embedder.train.lora import add_lora, lora_config, lora_parameters, saved_config
from embedder.train.losses import contrastive_loss, margin_loss, next_token_loss
from embedder.train.recipe import Design, Losses


class Student(nn.Module):
    """A frozen base with its trainable parts; calling it gives a batch's losses.

    The base is not a submodule: it is never saved and never synchronised between processes.
    """

    def __init__(
        self,
        lm: PreTrainedModel,
        design: Design,
        losses: Losses,
        dimension: int,
        seed: int,
        words: Sequence[int] = (),
    ) -> None:
        """Start from random values, the special rows from words where some are given.

        Args:
            lm: The base, in evaluation mode, its weights frozen.
            design: What to add to it.
            losses: What to train for.
            dimension: Width of the teacher's vectors.
            seed: Of the random values.
            words: Token ids of the words that the rows start as.

        Raises:
            TrainingError: The base has not all the layers that are to be read, or no LoRA fits it.
        """
        super().__init__()
        hidden = int(lm.config.get_text_config().hidden_size)
        layers = int(lm.config.get_text_config().num_hidden_layers)
        if not Representation(layers=design.layers).fits(layers):
            msg = f"expected layers up to {layers}, which the base has, found {design.layers}"
            raise TrainingError(msg)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.rows = nn.Parameter(
                _rows_of(lm, design.tokens, words) if words else _random_rows(lm, design.tokens)
            )
            width = Representation(design.pooling, design.layers).width(hidden)
            own = design.pooling in OWN_TEXT
            self.reconstruction = nn.Linear(hidden if own else width, hidden)
            self.alignment = nn.Linear(width if own else hidden, dimension)
            self.query = _optional(hidden, wanted=design.pooling == "attention")
            self.mix = _optional(layers + 1, wanted=design.layers == "mix")
            table = cast("nn.Embedding", lm.get_input_embeddings()).weight
            self.idf: torch.Tensor | None
            self.register_buffer(
                "idf",
                table.new_ones(len(table), dtype=torch.float32)
                if design.pooling == "idf"
                else None,
            )
            self._lora = lora_config(design)
            if self._lora is not None:
                add_lora(lm, self._lora)
        self._design = design
        self._losses = losses
        self._scale = row_scale(lm)
        self._base = [lm]  # in a list, so that it is no submodule
        self._switch = LoraSwitch(lm.base_model)
        self._switch.use(ENCODING)
        self.lora = nn.ParameterDict(
            {name.replace(".", "/"): p for name, p in lora_parameters(lm.base_model)}
        )
        self.to(lm.device)

    @property
    def lm(self) -> PreTrainedModel:
        """The frozen base."""
        return self._base[0]

    @property
    def heads(self) -> list[nn.Parameter]:
        """The two linear maps."""
        return [*self.reconstruction.parameters(), *self.alignment.parameters()]

    @property
    def others(self) -> list[nn.Parameter]:
        """All that is trained but the heads."""
        heads = {id(parameter) for parameter in self.heads}
        return [p for p in self.parameters() if id(p) not in heads]

    @property
    def representation(self) -> Representation:
        """The choices, with the tensors as they are now."""
        design = self._design
        return Representation(
            design.pooling,
            design.layers,
            design.attention,
            Instructions(design.query_instruction, design.document_instruction),
            self.query,
            self.mix,
            self.idf,
        )

    def start_from(self, checkpoint: Checkpoint) -> None:
        """Take over the rows, heads and LoRA of `checkpoint`; where it has none, ours is new.

        Raises:
            TrainingError: They are of other sizes or other choices.
        """
        expected = self._shape(self.checkpoint(checkpoint.base, checkpoint.dtype))
        found = self._shape(checkpoint)
        if found["LoRA"] is None:  # a new one changes nothing yet
            del expected["LoRA"]
        for name, value in expected.items():
            if found[name] != value:
                msg = (
                    f"the checkpoint to start from does not fit: its {name} is {found[name]}, "
                    f"expected {value}"
                )
                raise TrainingError(msg)
        with torch.no_grad():
            self.rows.copy_(checkpoint.rows)
            for layer, head in (
                (self.reconstruction, checkpoint.reconstruction),
                (self.alignment, checkpoint.alignment),
            ):
                layer.weight.copy_(head.weight)
                layer.bias.copy_(head.bias)
            for name, tensor in checkpoint.representation.tensors.items():
                getattr(self, name).copy_(tensor)
            for name, tensor in checkpoint.lora.weights.items() if checkpoint.lora else ():
                self.lora[name.replace(".", "/")].copy_(tensor)

    def checkpoint(self, base: str, dtype: str) -> Checkpoint:
        """The trained parts as they are now, to be written."""
        design = self._design
        weights = {name.replace("/", "."): _copy(p) for name, p in self.lora.items()}
        return Checkpoint(
            base=base,
            tokenizer=Path(),
            special_tokens=tuple(f"<question{i}>" for i in range(1, design.tokens + 1)),
            rows=_copy(self.rows),
            reconstruction=Head(_copy(self.reconstruction.weight), _copy(self.reconstruction.bias)),
            alignment=Head(_copy(self.alignment.weight), _copy(self.alignment.bias)),
            states=design.states,
            max_length=design.max_length,
            dtype=dtype,
            base_weights=weights_hash(self.lm),
            lora=Lora(saved_config(self._lora), weights) if self._lora is not None else None,
            representation=replace(
                self.representation,
                **{name: _copy(t) for name, t in self.representation.tensors.items()},
            ),
        )

    def enable_gradient_checkpointing(self) -> None:
        """Keep only each layer's input, and compute the layer again in the backward pass."""
        # transformers 5.23 renamed it
        new: Any = getattr(self.lm, "activation_checkpointing_enable", None)
        enable = new or self.lm.gradient_checkpointing_enable
        enable({"use_reentrant": False, "context_fn": self._recompute_contexts})

    def train(self, mode: bool = True) -> Self:
        """As `nn.Module.train`, the base included: layers checkpoint only in training mode."""
        self.lm.train(mode)
        return super().train(mode)

    def compress(self, texts: Tokens) -> torch.Tensor:
        """Compression states of `texts`, `[batch, states, hidden]`, float32."""
        self._switch.use(ENCODING)
        vectors = embed(self.lm, texts.ids)
        return self.representation.compress(
            self.lm.base_model,
            vectors,
            texts.ids,
            texts.lengths,
            self.rows * self._scale,
            self._design.states,
        )

    def vectors(self, states: torch.Tensor) -> torch.Tensor:
        """Embeddings `[batch, dimension]`, not normalised."""
        pooled = self.representation.pool(states)
        own = self._design.pooling in OWN_TEXT
        return self.alignment(pooled if own else self.reconstruction(pooled))

    def forward(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Each loss by name, without its weight, `loss` with all weights, and `cosine`."""
        weights = self._losses
        own = self._design.pooling in OWN_TEXT
        if own and not weights.embeds:
            loss = self._reconstruct(self.frozen_states(batch.pairs.question), batch.pairs.answer)
            return {"loss": weights.reconstruction * loss, "reconstruction": loss}
        states = self.compress(batch.pairs.question)
        question = self.vectors(states)
        found = {
            "alignment": mse_loss(question, batch.pairs.teacher),
            "cosine": cosine_similarity(question.detach(), batch.pairs.teacher).mean(),
        }
        if weights.reconstruction > 0:
            states = self.frozen_states(batch.pairs.question) if own else states
            found["reconstruction"] = self._reconstruct(states, batch.pairs.answer)
        echo = self._echo(batch.pairs, "echo", found)
        negative_echo = None
        if batch.negatives is not None:
            negative = self.vectors(self.compress(batch.negatives.question))
            found["negative_alignment"] = mse_loss(negative, batch.negatives.teacher)
            negative_echo = self._echo(batch.negatives, "negative_echo", found)
            if weights.margin > 0:
                found["margin"] = margin_loss(question, negative, weights.margin_distance)
        if weights.contrast > 0:
            answers, others = echo, negative_echo
            if weights.contrast_with == "teacher":
                answers = batch.pairs.teacher
                others = batch.negatives.teacher if batch.negatives else None
            assert answers is not None
            found["contrast"] = contrastive_loss(question, answers, others, weights.scale)
        self._switch.use(ENCODING)
        return {"loss": self._total(found), **found}

    def _total(self, found: dict[str, torch.Tensor]) -> torch.Tensor:
        weights = self._losses
        factors = {
            "alignment": weights.alignment,
            "negative_alignment": weights.alignment,
            "reconstruction": weights.reconstruction,
            "echo": weights.echo * weights.alignment,
            "negative_echo": weights.echo * weights.alignment,
            "margin": weights.margin,
            "contrast": weights.contrast,
        }
        parts = [factors[name] * loss for name, loss in found.items() if name in factors]
        return torch.stack(parts).sum()

    def _echo(self, side: Side, name: str, found: dict[str, torch.Tensor]) -> torch.Tensor | None:
        """The student's vectors of the answers; their alignment joins the losses."""
        if side.echo is None:
            return None
        vectors = self.vectors(self.compress(side.echo))
        found[name] = mse_loss(vectors, side.teacher)
        return vectors

    def _reconstruct(self, states: torch.Tensor, answer: Tokens | None) -> torch.Tensor:
        """The base writes the answer as the plain model that it is while it generates."""
        assert answer is not None
        soft = self.reconstruction(states)
        self._switch.use(None)
        return next_token_loss(self.lm, soft, answer.ids, answer.lengths)

    def frozen_states(self, texts: Tokens) -> torch.Tensor:
        """Compression states without LoRA: the text once without gradient, the rows after it."""
        self._switch.use(None)
        self.lm.eval()  # a layer that is computed again in the backward pass has no cache
        base, count = self.lm.base_model, len(self.rows)
        with torch.no_grad():
            cache = base(inputs_embeds=embed(self.lm, texts.ids), use_cache=True).past_key_values
        places = torch.arange(texts.ids.shape[1] + count, device=texts.ids.device)
        seen = (places < texts.lengths[:, None]) | (places >= texts.ids.shape[1])
        rows = (self.rows * self._scale).to(self.lm.dtype).expand(len(texts.ids), -1, -1)
        outputs = base(
            inputs_embeds=rows,
            attention_mask=seen.long(),
            position_ids=texts.lengths[:, None] + places[:count],
            past_key_values=cache,
            use_cache=True,
        )
        self.lm.train(self.training)
        return outputs.last_hidden_state[:, count - self._design.states :].float()

    def _recompute_contexts(
        self,
    ) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        """A layer is computed again with the LoRA on or off, as it was the first time."""
        return nullcontext(), self._switched(self._switch.active)

    @contextmanager
    def _switched(self, active: str | None) -> Generator[None]:
        before = self._switch.active
        self._switch.use(active)
        try:
            yield
        finally:
            self._switch.use(before)

    def _shape(self, checkpoint: Checkpoint) -> dict[str, object]:
        return {
            "special tokens' shape": tuple(checkpoint.rows.shape),
            "reconstruction head's shape": tuple(checkpoint.reconstruction.weight.shape),
            "dimension": len(checkpoint.alignment.bias),
            "number of states": checkpoint.states,
            "representation": checkpoint.representation.names,
            "LoRA": {n: tuple(t.shape) for n, t in checkpoint.lora.weights.items()}
            if checkpoint.lora
            else None,
        }


def _random_rows(lm: PreTrainedModel, count: int) -> torch.Tensor:
    """Like the base's own vectors: normal with their mean and spread in each dimension."""
    table = cast("nn.Embedding", lm.get_input_embeddings()).weight.detach().float()
    rows = table.mean(dim=0) + table.std(dim=0) * torch.randn(count, table.shape[1]).to(table)
    return rows.clone()


def _rows_of(lm: PreTrainedModel, count: int, words: Sequence[int]) -> torch.Tensor:
    """The base's own vectors of `words`, from the first again where there are too few."""
    table = cast("nn.Embedding", lm.get_input_embeddings()).weight.detach().float()
    return table[[words[i % len(words)] for i in range(count)]].clone()


def _optional(size: int, *, wanted: bool) -> nn.Parameter | None:
    """Zeros: attention over the states and the mix of the layers both start as plain means."""
    return nn.Parameter(torch.zeros(size)) if wanted else None


def _copy(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().float().cpu().clone()
