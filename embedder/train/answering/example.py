"""Training examples: numbered passages, and questions about them with the reply to each."""

import gzip
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from embedder.chat import REFUSAL
from embedder.errors import DataError


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what the model is to reply."""

    question: str
    reply: str

    @property
    def refused(self) -> bool:
        """Whether the passages do not hold the answer."""
        return self.reply == REFUSAL


@dataclass(frozen=True, slots=True)
class Example:
    """Passages, and questions that are each a conversation of its own about all of them."""

    passages: list[str]
    asked: list[Asked]


def cited(text: str, number: int) -> str:
    """A reply's sentence or phrase with the number of its passage in it, as in `24 months [1].`."""
    text = text.strip()
    end = text[-1:] if text[-1:] in ".!?" else "."
    return f"{text.rstrip('.!? ')} [{number}]{end}"


def write_examples(file: Path, examples: Iterable[Example]) -> int:
    """Write gzipped JSON lines; returns how many."""
    count = 0
    with gzip.open(file, "wt", encoding="utf-8", compresslevel=6) as lines:
        for example in examples:
            lines.write(json.dumps(asdict(example), ensure_ascii=False) + "\n")
            count += 1
    return count


def read_examples(file: Path) -> list[Example]:
    """Read what `write_examples` wrote.

    Raises:
        DataError: The file cannot be read, or a line is no example.
    """
    opener = gzip.open if file.suffix == ".gz" else open
    examples: list[Example] = []
    try:
        with opener(file, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    row = json.loads(line)
                    asked = [Asked(str(a["question"]), str(a["reply"])) for a in row["asked"]]
                    examples.append(Example([str(p) for p in row["passages"]], asked))
                except (ValueError, KeyError, TypeError) as error:
                    msg = (
                        f"{file}, line {number}: expected passages and asked (question, reply), "
                        f"found {line[:80]!r}"
                    )
                    raise DataError(msg) from error
    except (OSError, UnicodeDecodeError, EOFError) as error:
        msg = f"{file} cannot be read: {error}"
        raise DataError(msg) from error
    if not examples:
        msg = f"{file} is empty: expected an example in each line"
        raise DataError(msg)
    return examples
