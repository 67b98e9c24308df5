"""The stages of the bundled model, from text to a checkpoint in the published layout."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import PreTrainedTokenizerFast

from embedder.demo_model.averages import AverageSchedule, TokenAverages, train_averages
from embedder.demo_model.batches import PairBatches
from embedder.demo_model.corpus import (
    Paragraphs,
    QuestionRow,
    read_documents,
    read_questions,
    read_utterances,
)
from embedder.demo_model.examples import ExampleMaker
from embedder.demo_model.joint import JointModel, Shape
from embedder.demo_model.pairs import Pair, make_pairs
from embedder.demo_model.pretrain import Pretraining, Schedule
from embedder.demo_model.teacher import teacher_vectors, token_table
from embedder.demo_model.tokenizer import train_tokenizer
from embedder.published import Checkpoint, Head, write_checkpoint

SHARD = "10MB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to build and from what; the same plan and text give the same model.

    Attributes:
        text: Folder of `*.txt(.xz)` files, see `corpus.read_documents`.
        questions: Files of question rows, see `corpus.read_questions`.
        utterances: Folder of Rasa NLU files, see `corpus.read_utterances`, or None.
        work: Folder for everything in between; a stopped build goes on from there.
        vocabulary: Size of the tokenizer.
        pairs: Number of pairs to embed.
    """

    text: Path
    questions: Sequence[Path]
    utterances: Path | None
    work: Path
    vocabulary: int = 32_768
    pairs: int = 190_000
    shape: Shape = field(default_factory=Shape)
    averages: AverageSchedule = field(default_factory=AverageSchedule)
    schedule: Schedule = field(default_factory=Schedule)
    seed: int = 0


def build(plan: Plan, out: Path) -> None:
    """Make the model and write it to `out` in the published layout, its base in `out/base`."""
    plan.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    documents = read_documents(plan.text)
    rows = [row for file in plan.questions for row in read_questions(file)]
    tokenizer = _tokenizer(plan, documents)
    pairs = _pairs(plan, documents, rows)
    texts = [text for pair in pairs for text in (pair.query, pair.passage)]
    vectors = teacher_vectors(texts, plan.work / "teacher")
    model = JointModel(plan.shape, _averages(plan, tokenizer, pairs, vectors))
    examples = ExampleMaker(documents, rows)
    Pretraining(model, tokenizer, examples, pairs, vectors, plan.work, plan.schedule).run()
    sample = PairBatches(tokenizer, pairs, tokens=8192)
    for ids, lengths in sample.texts(sample.choose(plan.seed)):
        model.give_unit_length(ids, lengths)
    export(model, tokenizer, out)


def export(model: JointModel, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Write the base in bfloat16, and beside it the LLM2Vec-Gen part."""
    base = model.lm.bfloat16()
    base.generation_config.eos_token_id = tokenizer.eos_token_id
    base.generation_config.pad_token_id = tokenizer.pad_token_id
    base.save_pretrained(out / "base", max_shard_size=SHARD)
    tokenizer.save_pretrained(out / "base")
    checkpoint = Checkpoint(
        base="base",
        tokenizer=out,
        special_tokens=tuple(f"<question{i}>" for i in range(1, len(model.rows) + 1)),
        rows=model.rows.detach(),
        reconstruction=_head(model.reconstruction),
        alignment=_head(model.alignment),
        states=len(model.rows),
        max_length=base.config.max_position_embeddings,
        dtype="bfloat16",
        representation=replace(model.representation, mix=model.mix.detach()),
    )
    write_checkpoint(out, checkpoint, tokenizer)


def _head(linear: nn.Linear) -> Head:
    return Head(linear.weight.detach(), linear.bias.detach())


def _tokenizer(plan: Plan, documents: list[Paragraphs]) -> PreTrainedTokenizerFast:
    folder = plan.work / "tokenizer"
    if not folder.exists():
        paragraphs = (paragraph for document in documents for paragraph in document)
        train_tokenizer(paragraphs, plan.vocabulary).save_pretrained(folder)
    return PreTrainedTokenizerFast.from_pretrained(folder)


def _pairs(plan: Plan, documents: list[Paragraphs], rows: list[QuestionRow]) -> list[Pair]:
    """The pairs, in order of length, so that neighbours make a batch without padding."""
    file = plan.work / "pairs.jsonl"
    if not file.exists():
        utterances = read_utterances(plan.utterances) if plan.utterances else []
        pairs = make_pairs(documents, rows, utterances, plan.pairs, plan.seed)
        pairs.sort(key=lambda pair: len(pair.query) + len(pair.passage))
        file.write_text("".join(json.dumps(asdict(pair)) + "\n" for pair in pairs))
    with file.open() as lines:
        return [Pair(**json.loads(line)) for line in lines]


def _averages(
    plan: Plan,
    tokenizer: PreTrainedTokenizerFast,
    pairs: list[Pair],
    vectors: NDArray[np.float16],
) -> TokenAverages:
    file, shape = plan.work / "averages.pt", plan.shape
    widths = (shape.blank, shape.identity, shape.dimension)
    if file.exists():
        model = TokenAverages(torch.ones(len(tokenizer), shape.meaning), *widths)
        model.load_state_dict(torch.load(file, weights_only=True))
        return model
    model = TokenAverages(token_table(tokenizer, shape.meaning), *widths)
    train_averages(model, tokenizer, pairs, vectors, plan.averages)
    torch.save(model.state_dict(), file)
    return model
