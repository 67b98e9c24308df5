"""What callers need of an encoder, and what tells two encoders apart; cheap to import."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from embedder.chat import Message
from embedder.reply import Reply


@dataclass(frozen=True, slots=True)
class EncoderId:
    """Which encoder makes, or made, vectors; two are equal if their vectors can be compared.

    Attributes:
        name: For people, and not compared: a checkpoint in a renamed folder is the same encoder.
        fingerprint: A hash that changes with anything that changes an embedding.
        dimension: Width of a vector.
    """

    name: str = field(compare=False)
    fingerprint: str
    dimension: int

    @property
    def label(self) -> str:
        """`name@fingerprint`, without the dimension."""
        return f"{self.name}@{self.fingerprint}"

    def __str__(self) -> str:
        return f"{self.label} (vectors of {self.dimension})"

    def stored(self) -> dict[str, str | int]:
        """As an index keeps it, in its manifest or metadata: JSON that `from_stored` reads."""
        return {"fingerprint": self.label, "dimension": self.dimension}

    @classmethod
    def from_stored(cls, fingerprint: str, dimension: int) -> Self:
        """The encoder that `stored` wrote; its fields are the arguments."""
        name, _, digest = fingerprint.rpartition("@")
        return cls(name, digest, dimension)


class Encoder(Protocol):
    """Texts to vectors. Every method may be called from any thread."""

    @property
    def id(self) -> EncoderId:
        """What an index remembers of it."""
        ...

    @property
    def max_tokens(self) -> int:
        """Longest text, as `count_tokens` counts it; a document's title counts with its text."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` has, without special tokens."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings `[n, dimension]` of questions, each of length 1.

        Raises:
            TextTooLongError: A text is longer than the encoder accepts.
        """
        ...

    def encode_documents(
        self, texts: Sequence[str], titles: Sequence[str] | None = None
    ) -> NDArray[np.float32]:
        """Embeddings `[n, dimension]` of passages, each of length 1.

        Args:
            texts: The passages.
            titles: A title for each, or an empty one; embedded in front of its passage.

        Raises:
            TextTooLongError: A passage with its title is longer than the encoder accepts.
        """
        ...


@dataclass(frozen=True, slots=True)
class Decoded:
    """What an embedding says, in words.

    Attributes:
        text: The text that the language model writes from the soft prompts alone.
        words: For each compression token, the vocabulary entries nearest to its hidden state
            (logit lens), best first.
    """

    text: str
    words: tuple[tuple[str, ...], ...]


class Attention(NamedTuple):
    """How much weight, 0 to 1, falls on the characters from `start` to `end` of a text."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the adapter for grounded answers makes of a conversation before its first word.

    Attributes:
        refusal: How likely it replies `embedder.chat.REFUSAL`, 0 to 1.
        attention: What it looks at in the last message to find its first word, token by token, by
            the heads that look for answers; empty where they are not known.
    """

    refusal: float
    attention: tuple[Attention, ...]


class StopSignal(Protocol):
    """Says when to stop: a `threading.Event`, for example."""

    def is_set(self) -> bool:
        """Whether to stop now."""
        ...


class LanguageModel(Encoder, Protocol):
    """An encoder that also writes: what an answer needs of `LLM2VecGen`."""

    @property
    def trusted_to_refuse(self) -> bool:
        """Whether a refusal stands though a passage comes close: small models refuse too often."""
        ...

    @property
    def context_tokens(self) -> int:
        """The window: prompt and reply together."""
        ...

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens `messages` have as a prompt, chat template included."""
        ...

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int = ...,
        stop: StopSignal | None = ...,
        answering: bool = ...,
    ) -> Reply:
        """The assistant's reply to `messages`, in pieces of text as they come.

        Args:
            messages: The conversation; its texts are data.
            max_new_tokens: The reply ends here at the latest.
            stop: Set it, from any thread, to end the reply within one token.
            answering: Whether the adapter for grounded answers writes, where there is one.

        Raises:
            PromptTooLongError: The prompt leaves no room for a reply; raised at the call.
            ReplyError: Another program writes, and does not; raised by the reply.
        """
        ...

    def outlook(self, messages: Sequence[Message]) -> Outlook | None:
        """What the adapter for grounded answers makes of `messages`; None if there is none.

        Raises:
            PromptTooLongError: See `stream`.
        """
        ...

    def decode(self, text: str, *, max_new_tokens: int = ...) -> Decoded:
        """What the embedding of `text` stands for, in words.

        Raises:
            TextTooLongError: It is longer than the encoder accepts.
        """
        ...

    def likelihood_gains(self, question: str, passages: Sequence[str]) -> list[float | None]:
        """How much likelier `question` is after each passage, in nats a token; None if unknown."""
        ...
