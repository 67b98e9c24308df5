"""The stages of the bundled model, from text to a checkpoint in the published layout."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast

from embedder.demo_model.corpus import Document, QuestionRow, read_documents, read_questions
from embedder.demo_model.examples import ExampleMaker
from embedder.demo_model.pairs import Pair, make_pairs
from embedder.demo_model.pretrain import JointModel, Pretraining, Schedule, Shape
from embedder.demo_model.teacher import teacher_vectors, token_table
from embedder.demo_model.tokenizer import train_tokenizer


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to build and from what; the same plan and text give the same model.

    Attributes:
        text: Folder of `*.txt(.xz)` files, see `corpus.read_documents`.
        questions: JSON lines of question rows, or None.
        work: Folder for everything in between; a stopped build goes on from there.
        vocabulary: Size of the tokenizer.
        pairs: Number of pairs to embed.
    """

    text: Path
    questions: Path | None
    work: Path
    vocabulary: int = 8192
    pairs: int = 80_000
    shape: Shape = field(default_factory=Shape)
    schedule: Schedule = field(default_factory=Schedule)
    seed: int = 0


def pretrain(plan: Plan) -> tuple[JointModel, PreTrainedTokenizerFast]:
    """Stages 1 to 3: tokenizer, teacher's vectors, and the base that both answers and embeds."""
    plan.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    documents = read_documents(plan.text)
    rows = read_questions(plan.questions) if plan.questions else []
    tokenizer = _tokenizer(plan, documents)
    pairs = _pairs(plan, documents, rows)
    texts = [text for pair in pairs for text in (pair.query, pair.passage)]
    vectors = teacher_vectors(texts, plan.work / "teacher")
    model = JointModel(plan.shape, _token_table(plan, tokenizer))
    training = Pretraining(
        model, tokenizer, ExampleMaker(documents, rows), pairs, vectors, plan.work, plan.schedule
    )
    training.run()
    return model, tokenizer


def _tokenizer(plan: Plan, documents: list[Document]) -> PreTrainedTokenizerFast:
    folder = plan.work / "tokenizer"
    if not folder.exists():
        paragraphs = (paragraph for document in documents for paragraph in document)
        train_tokenizer(paragraphs, plan.vocabulary).save_pretrained(folder)
    return PreTrainedTokenizerFast.from_pretrained(folder)


def _pairs(plan: Plan, documents: list[Document], rows: list[QuestionRow]) -> list[Pair]:
    """The pairs, in order of length, so that neighbours make a batch without padding."""
    file = plan.work / "pairs.jsonl"
    if not file.exists():
        pairs = make_pairs(documents, rows, plan.pairs, plan.seed)
        pairs.sort(key=lambda pair: len(pair.query) + len(pair.passage))
        file.write_text("".join(json.dumps(asdict(pair)) + "\n" for pair in pairs))
    with file.open() as lines:
        return [Pair(**json.loads(line)) for line in lines]


def _token_table(plan: Plan, tokenizer: PreTrainedTokenizerFast) -> torch.Tensor:
    file = plan.work / "token_table.pt"
    if not file.exists():
        torch.save(token_table(tokenizer, plan.shape.hidden), file)
    return torch.load(file, weights_only=True)
