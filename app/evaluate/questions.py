"""Questions whose answers are known, asked through the whole application."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import cast

from app.answering import Answer, ask
from app.evaluate.measures import exact_match, holds, token_f1
from embedder.encoder import Encoder, LanguageModel
from embedder.evaluate.measures import bootstrap_mean
from embedder.evaluate.tasks import Result
from embedder.jsonl import bad_line, read_objects
from retriever import Chunk, Index, Retriever, document_id

EXPECTED = (
    "a JSON object with “question” as text, “answers” as a list of texts, “is_answerable” as true "
    "or false, and “file” or “context” as text where it is"
)
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and what is right.

    Attributes:
        text: What is asked.
        source: The document that answers it: its path, or the end of it; empty if none does.
        pages: Where the answer stands, if the document has pages and they are known.
        answers: Accepted ones: one of them must stand in the answer.
    """

    text: str
    source: str
    pages: tuple[int, ...]
    answers: tuple[str, ...]


def read_questions(file: Path) -> tuple[list[Question], list[str]]:
    """The questions of `file`, and the contexts that they come with, in order and each once.

    Each line is an object with question, answers, is_answerable, and either file (a path, or its
    end) with pages if it has some, or the context itself. A question that is not answerable needs
    neither.

    Raises:
        DataError: A line is something else; it is named.
    """
    questions: list[Question] = []
    contexts: dict[str, None] = {}
    for number, row in read_objects(file, ["question"]):
        answers, pages = row.get("answers"), row.get("pages") or []
        if not (_is_list_of(answers, str) and _is_list_of(pages, int)):
            raise bad_line(file, number, EXPECTED, str(row))
        context, source = row.get("context"), row.get("file")
        answerable = bool(row.get("is_answerable"))
        if isinstance(context, str):
            contexts.setdefault(context)
            source = source_of(context)
        elif answerable and not isinstance(source, str):
            raise bad_line(file, number, EXPECTED, str(row))
        questions.append(
            Question(
                str(row["question"]),
                str(source) if answerable else "",
                tuple(cast("list[int]", pages)),
                tuple(cast("list[str]", answers)),
            )
        )
    return questions, list(contexts)


def source_of(context: str) -> str:
    """The path under which a context is indexed."""
    return f"/contexts/{hashlib.blake2b(context.encode(), digest_size=8).hexdigest()}.txt"


def index_contexts(contexts: Sequence[str], encoder: Encoder, index: Index) -> None:
    """Index each context as a document of one passage."""
    for start in range(0, len(contexts), _BATCH):
        some = contexts[start : start + _BATCH]
        vectors = encoder.encode_documents(some)
        chunks = ([_chunk(context)] for context in some)
        index.replace_documents(
            [(chunk, vectors[row : row + 1]) for row, chunk in enumerate(chunks)]
        )


def ask_all(
    questions: Sequence[Question],
    retriever: Retriever[LanguageModel],
    told: Callable[[Question, Answer], object] = lambda _question, _answer: None,
) -> Iterator[tuple[Question, Answer]]:
    """Ask each question; `told` hears of each answer at once."""
    for question in questions:
        answer = ask(question.text, retriever)
        told(question, answer)
        yield question, answer


def result(name: str, system: str, answered: Sequence[tuple[Question, Answer]]) -> Result:
    """What is measured of the answers, each with its interval."""
    values: dict[str, list[float]] = {}
    for question, answer in answered:
        for measure, value in measures(question, answer).items():
            values.setdefault(measure, []).append(value)
    sizes = {"questions": len(answered), "answerable": sum(bool(q.source) for q, _ in answered)}
    found = {measure: bootstrap_mean(each) for measure, each in values.items()}
    return Result("answers", name, sizes, system, found)


def measures(question: Question, answer: Answer) -> dict[str, float]:
    """By name, 0 to 1; which ones depends on whether it is answerable, and was answered."""
    written = len(answer.sentences) + len(answer.rejected)
    unsupported = {"sentences not supported": len(answer.rejected) / written} if written else {}
    if not question.source:
        return {"unanswerable, refused": float(answer.kind == "refused"), **unsupported}
    right = [c for c in answer.citations if _is_right(c.chunk, question)]
    answered = answer.kind != "refused"
    words = " ".join(sentence.text for sentence in answer.sentences)
    shown = words or " ".join(quote.quote for quote in answer.quotes)
    counted: dict[str, float] = {
        "right document found": any(_is_of(h.chunk, question.source) for h in answer.sources),
        "right answer, right place": answered and bool(right) and holds(shown, question.answers),
        "answerable, yet refused": not answered,
        "written by the model": answer.kind == "generated",
    }
    if answered:
        counted["citation precision"] = len(right) / max(1, len(answer.citations))
        counted["citation recall"] = bool(right)
    if answer.kind == "generated":
        counted["written: token F1"] = token_f1(words, question.answers)
        counted["written: exact match"] = exact_match(words, question.answers)
    return {name: float(value) for name, value in counted.items()} | unsupported


def _is_right(chunk: Chunk, question: Question) -> bool:
    on_page = not question.pages or chunk.page in question.pages
    return on_page and _is_of(chunk, question.source)


def _is_of(chunk: Chunk, source: str) -> bool:
    wanted = PurePosixPath(source).parts
    return PurePosixPath(chunk.source).parts[-len(wanted) :] == wanted


def _is_list_of(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, kind) for each in cast("list[object]", value)
    )


def _chunk(context: str) -> Chunk:
    source = source_of(context)
    return Chunk(
        text=context, document_id=document_id(source), source=source, title="", headings=(),
        page=None, page_label=None, start=0, end=len(context), version="1", modified_ns=0,
        size=len(context), media_type="text/plain", language=None, position=0,
    )  # fmt: skip
