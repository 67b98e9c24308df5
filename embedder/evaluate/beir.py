"""Retrieval sets in BEIR's layout: corpus.jsonl, queries.jsonl and qrels.tsv, gzipped or not."""

from dataclasses import dataclass
from pathlib import Path

from embedder.errors import DataError
from embedder.jsonl import bad_line, find_file, read_lines, read_objects

LAYOUT = "corpus.jsonl, queries.jsonl and qrels.tsv (or qrels/test.tsv), each plain or .gz"
COLUMNS = "query-id, corpus-id and a whole number, divided by tabs"


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """A corpus, queries, and which passage answers which query.

    Attributes:
        name: The folder's name.
        corpus: Passages by id: title and text, as they are embedded.
        queries: Queries by id; each has a relevant passage.
        relevant: For each of these queries, its relevant passages by id with their grade above 0.
            A passage may be missing from the corpus; it then counts as not found.
    """

    name: str
    corpus: dict[str, str]
    queries: dict[str, str]
    relevant: dict[str, dict[str, int]]


def read_retrieval_set(folder: Path, limit: int | None = None) -> RetrievalSet:
    """Read a folder in BEIR's layout.

    As BEIR does it, a passage is its title, a space and its text. Queries that nothing answers are
    left out: no ranking of the corpus is better for them than another.

    Args:
        folder: Holds the three files.
        limit: Only the first so many of the queries that have an answer.

    Raises:
        DataError: A file is missing, empty, or of another layout; the text names the line.
    """
    corpus_file, queries_file, qrels_file = _files(folder)
    corpus = _read_texts(corpus_file)
    judged = _read_qrels(qrels_file)
    if not any(passage in corpus for passages in judged.values() for passage in passages):
        msg = f"{qrels_file} names no passage of {corpus_file} as relevant: expected {COLUMNS}"
        raise DataError(msg)
    queries = {key: text for key, text in _read_texts(queries_file).items() if key in judged}
    if not queries:
        msg = f"no query of {queries_file} has a relevant passage in {qrels_file}: the ids differ"
        raise DataError(msg)
    queries = dict(list(queries.items())[:limit])
    name = folder.resolve().name
    return RetrievalSet(name, corpus, queries, {key: judged[key] for key in queries})


def _files(folder: Path) -> tuple[Path, Path, Path]:
    if not folder.is_dir():
        msg = f"there is no folder {folder}: expected one with {LAYOUT}"
        raise DataError(msg)
    corpus = find_file(folder, "corpus.jsonl")
    queries = find_file(folder, "queries.jsonl")
    qrels = find_file(folder, "qrels.tsv", "qrels/test.tsv")
    if corpus and queries and qrels:
        return corpus, queries, qrels
    found = {"corpus.jsonl": corpus, "queries.jsonl": queries, "qrels.tsv": qrels}
    missing = ", ".join(name for name, file in found.items() if file is None)
    msg = f"{folder} has no {missing}: expected {LAYOUT}"
    raise DataError(msg)


def _read_texts(file: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    for number, found in read_objects(file, ["_id", "text"]):
        key, title = str(found["_id"]), found.get("title") or ""
        if not isinstance(title, str):
            raise bad_line(file, number, "a “title” that is text", str(title))
        if key in texts:
            raise bad_line(file, number, "an “_id” of its own", f"{key} once more")
        texts[key] = f"{title} {found['text']}".strip()
    return texts


def _read_qrels(file: Path) -> dict[str, dict[str, int]]:
    """The grades above 0; a header in the first line is optional."""
    judged: dict[str, dict[str, int]] = {}
    for number, line in read_lines(file):
        fields = line.split("\t")
        if len(fields) != 3 or not _is_whole(fields[2]):
            if number == 1 and len(fields) == 3:
                continue
            raise bad_line(file, number, COLUMNS, line)
        query, passage, grade = fields
        if int(grade) > 0:
            judged.setdefault(query, {})[passage] = int(grade)
    return judged


def _is_whole(text: str) -> bool:
    return text.strip().lstrip("-").isdecimal()
