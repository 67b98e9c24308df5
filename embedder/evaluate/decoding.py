"""What embeddings say: every text of a file decoded, and its logit lens."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from embedder.defaults import DECODED_TOKENS, DECODED_WORDS
from embedder.errors import DataError
from embedder.evaluate.report import printable
from embedder.jsonl import read_lines, read_objects
from embedder.model import LLM2VecGen

SHOWN = 160
"""Characters of a text that the report shows."""


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A text, and what its embedding stands for.

    Attributes:
        text: As it was embedded, without the instruction.
        decoded: What the language model writes from the soft prompts alone.
        words: For each compression token the nearest vocabulary entries, best first.
    """

    text: str
    decoded: str
    words: tuple[tuple[str, ...], ...]

    def as_json(self) -> dict[str, object]:
        """The three fields."""
        return asdict(self)

    def __rich__(self) -> RenderableType:
        """The text, what it decodes to, and a line of words for each compression token."""
        text = printable(" ".join(self.text.split()))
        lines = [Text(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…", style="bold")]
        decoded = Text("decoded  ", style="dim").append(printable(self.decoded), style="not dim")
        lines.append(decoded)
        for place, words in enumerate(self.words, start=1):
            token = Text(f"token {place:<3}", style="dim")
            lines.append(
                token.append(" · ".join(printable(word) for word in words), style="not dim")
            )
        return Group(lines[0], *(Padding(line, (0, 0, 0, 2)) for line in lines[1:]), Text())


def read_texts(file: Path) -> list[str]:
    """The `text` of every line of a `.jsonl(.gz)` file, or the lines of any other.

    Raises:
        DataError: The file cannot be read or holds no text.
    """
    if ".jsonl" in file.suffixes:
        return [str(found["text"]) for _, found in read_objects(file, ["text"])]
    texts = [line for _, line in read_lines(file)]
    if not texts:
        msg = f"{file} is empty: expected one text in each line"
        raise DataError(msg)
    return texts


def decode_texts(
    model: LLM2VecGen,
    texts: list[str],
    *,
    instruction: str,
    max_new_tokens: int = DECODED_TOKENS,
    words: int = DECODED_WORDS,
) -> Iterator[DecodedText]:
    """Decode one text after the other, cut where it is too long; see `LLM2VecGen.decode`."""
    for text in texts:
        decoded = model.decode(
            text,
            instruction=instruction,
            max_new_tokens=max_new_tokens,
            words=words,
            truncate=True,
        )
        yield DecodedText(text, decoded.text, decoded.words)
