"""A model whose answers another server writes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.generation.events import without_thoughts
from app.generation.server import GenerationServer
from embedder.chat import SYSTEM, Message
from embedder.defaults import DECODED_TOKENS, MAX_NEW_TOKENS
from embedder.encoder import Decoded, EncoderId, LanguageModel, Outlook, StopSignal
from embedder.reply import Reply

WINDOW = 4096
"""Tokens of prompt and answer. A server does not say how many it takes; Ollama takes so many by
default, and cuts what is longer without a word. They are counted as the encoder counts them: the
bundled one's vocabulary is small, so it counts more than a large model's does."""

INSTRUCTIONS = (
    f"{SYSTEM} Each sentence is compared with its passage, and is thrown away if it does not stand "
    "there: keep to the passage's own words, names and figures, and write one sentence for each "
    "thing that you take from a passage. Begin with the answer, and write nothing before or after "
    "it, nothing about these rules, and no headings."
)
"""What a general chat model is told. `SYSTEM` alone is enough for an adapter that was trained on
it; the rest says to others what that one has learnt."""


class RemoteWriter:
    """Answers come from a server; the local model does all the rest (a `LanguageModel`).

    It embeds, finds, and judges what is near: only the question and the passages of an answer's
    prompt leave this machine.

    Args:
        local: Encodes.
        server: Writes.

    Attributes:
        local, server: As given.
        trusted_to_refuse: True: such models are larger than those that refuse too often.
        context_tokens: `WINDOW`.
    """

    trusted_to_refuse = True
    context_tokens = WINDOW

    def __init__(self, local: LanguageModel, server: GenerationServer) -> None:
        self.local = local
        self.server = server

    @property
    def id(self) -> EncoderId:
        """The local model's: an index is made with that."""
        return self.local.id

    @property
    def max_tokens(self) -> int:
        """The local model's."""
        return self.local.max_tokens

    def count_tokens(self, text: str) -> int:
        """The local model's."""
        return self.local.count_tokens(text)

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The local model's."""
        return self.local.encode_queries(texts)

    def encode_documents(
        self, texts: Sequence[str], titles: Sequence[str] | None = None
    ) -> NDArray[np.float32]:
        """The local model's."""
        return self.local.encode_documents(texts, titles)

    def decode(self, text: str, *, max_new_tokens: int = DECODED_TOKENS) -> Decoded:
        """The local model's."""
        return self.local.decode(text, max_new_tokens=max_new_tokens)

    def likelihood_gains(self, question: str, passages: Sequence[str]) -> list[float | None]:
        """The local model's."""
        return self.local.likelihood_gains(question, passages)

    def outlook(self, messages: Sequence[Message]) -> Outlook | None:
        """None: a server does not tell. So all passages are read at once, as larger models can."""
        return None

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens `messages` have with what a chat model is told, in local tokens."""
        return self.local.count_prompt_tokens(_instructed(messages))

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int = MAX_NEW_TOKENS,
        stop: StopSignal | None = None,
        answering: bool = False,
    ) -> Reply:
        """The server's reply.

        Args:
            messages: The conversation; it is sent to the server.
            max_new_tokens: The reply ends here at the latest.
            stop: Set it, from any thread, to end the reply and close the connection at once.
            answering: Whether the server is told what the adapter for grounded answers knows.

        Raises:
            GenerationError: While it is iterated: the server does not write, or breaks off.
        """
        told = _instructed(messages) if answering else messages
        reply = self.server.stream(told, max_new_tokens=max_new_tokens, stop=stop)
        return Reply(without_thoughts(reply), [])


def local(model: LanguageModel) -> LanguageModel:
    """The model with which nothing leaves this machine: `model` itself, or what it wraps."""
    return model.local if isinstance(model, RemoteWriter) else model


def _instructed(messages: Sequence[Message]) -> list[Message]:
    """`messages` with `INSTRUCTIONS` in place of `SYSTEM`."""
    told: Message = {"role": "system", "content": INSTRUCTIONS}
    return [told, *(message for message in messages if message["content"] != SYSTEM)]
