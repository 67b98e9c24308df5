"""Sets of texts with labels, for classification and clustering, and pairs with a similarity."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embedder.errors import DataError
from embedder.evaluate.beir import RetrievalSet, read_retrieval_set
from embedder.jsonl import bad_line, find_file, read_objects

LAYOUT = "train.jsonl and test.jsonl (“text”, “label”), or a retrieval set of classes"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts, and the label of each."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Labelled texts to learn from and to test on.

    Attributes:
        name: The folder's name.
        train: What a classifier learns from.
        test: What it is tested on, and what is clustered; of labels that `train` has.
    """

    name: str
    train: Labelled
    test: Labelled


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of texts with a similarity that people gave them.

    Attributes:
        name: The file's name without its end.
        first: One text of each pair.
        second: The other.
        scores: How similar they are, on any scale.
    """

    name: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    scores: tuple[float, ...]


def read_labelled_set(folder: Path) -> LabelledSet:
    """Read `train.jsonl` and `test.jsonl`, or make them of a retrieval set.

    In a retrieval set of classes (questions of one intent, say) the queries of a class have the
    same relevant passages, and no other query has one of these: passages are then what to learn
    from, queries what to test on, and a label is the id of its class's first passage.

    Raises:
        DataError: The folder holds neither, or less than two labels.
    """
    train, test = (find_file(folder, f"{part}.jsonl") for part in ("train", "test"))
    if train and test:
        found = LabelledSet(folder.resolve().name, _read_labelled(train), _read_labelled(test))
    elif find_file(folder, "corpus.jsonl"):
        found = _from_retrieval_set(read_retrieval_set(folder), folder)
    else:
        msg = f"{folder} has no train.jsonl and test.jsonl: expected {LAYOUT}"
        raise DataError(msg)
    _check(found, folder)
    return found


def read_pairs(file: Path) -> Pairs:
    """Read JSON lines with `sentence1`, `sentence2` and `score`, as mteb's STS sets have them.

    Raises:
        DataError: A line is something else, or all scores are equal.
    """
    pairs: list[tuple[str, str, float]] = []
    for number, line in read_objects(file, ["sentence1", "sentence2"]):
        score = line.get("score")
        if not isinstance(score, int | float) or not math.isfinite(score):
            raise bad_line(file, number, "a number as “score”", str(score))
        pairs.append((str(line["sentence1"]), str(line["sentence2"]), float(score)))
    first, second, scores = zip(*pairs, strict=True)
    if len(set(scores)) == 1:
        msg = f"all pairs of {file} have the score {scores[0]:g}: there is no order to compare with"
        raise DataError(msg)
    return Pairs(file.name.split(".")[0], first, second, scores)


def _read_labelled(file: Path) -> Labelled:
    pairs = [(str(o["text"]), str(o["label"])) for _, o in read_objects(file, ["text", "label"])]
    texts, labels = zip(*pairs, strict=True)
    return Labelled(texts, labels)


def _from_retrieval_set(source: RetrievalSet, folder: Path) -> LabelledSet:
    class_of: dict[str, frozenset[str]] = {}
    test: list[tuple[str, str]] = []
    for query, passages in source.relevant.items():
        members = frozenset(passages)
        if any(class_of.setdefault(passage, members) != members for passage in passages):
            msg = (
                f"{folder} is no set of classes: the relevant passages of query {query} are partly "
                f"those of another; expected {LAYOUT}"
            )
            raise DataError(msg)
        test.append((source.queries[query], min(members)))
    train = [(text, min(class_of[key])) for key, text in source.corpus.items() if key in class_of]
    return LabelledSet(source.name, _labelled(train), _labelled(test))


def _labelled(pairs: Sequence[tuple[str, str]]) -> Labelled:
    return Labelled(tuple(text for text, _ in pairs), tuple(label for _, label in pairs))


def _check(found: LabelledSet, folder: Path) -> None:
    if len(set(found.test.labels)) < 2:
        msg = f"the texts to test on in {folder} all have one label: expected two or more"
        raise DataError(msg)
    if unknown := sorted(set(found.test.labels) - set(found.train.labels)):
        msg = f"in {folder} the label {unknown[0]} is in what to test on, but not in what to learn"
        raise DataError(msg)
