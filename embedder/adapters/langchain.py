"""LangChain: one `LLM2VecGen` as `Embeddings` and as a chat model, for other people's chains."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from embedder.chat import Message
from embedder.defaults import MAX_NEW_TOKENS
from embedder.model import LLM2VecGen
from embedder.stopping import until_stop

ROLES: Mapping[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "human": "user",
    "ai": "assistant",
}
"""LangChain's kinds of messages, and what chat templates call them."""


class LLM2VecGenEmbeddings(Embeddings):
    """An `LLM2VecGen` as LangChain `Embeddings`.

    The async methods run the sync ones in a thread, as LangChain does by default. A text that is
    too long is a `TextTooLongError`.
    """

    def __init__(self, model: LLM2VecGen) -> None:
        self.model = model

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embeddings of passages, one list of `model.dimension` numbers each."""
        return self.model.encode_documents(texts).tolist()

    def embed_query(self, text: str) -> list[float]:
        """The embedding of a question, `model.dimension` numbers."""
        return self.model.encode_queries([text])[0].tolist()


class ChatLLM2VecGen(BaseChatModel):
    """The language model of an `LLM2VecGen` as a LangChain chat model.

    Replies stream token by token. It takes system, human and AI messages of text; tools and
    pictures are refused. `max_tokens`, `temperature`, `seed` and `stop` can also be given to a
    call, or bound.

    Attributes:
        model: Writes the replies; encodes elsewhere at the same time.
        max_tokens: A reply ends here at the latest.
        temperature: 0 is greedy.
        seed: Makes a reply at a temperature repeatable.
        answering: Whether the checkpoint's adapter for grounded answers writes, if it has one.
        stop: Texts before which a reply ends.
    """

    model: LLM2VecGen
    max_tokens: int = MAX_NEW_TOKENS
    temperature: float = 0.0
    seed: int | None = None
    answering: bool = False
    stop: list[str] | None = None

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """The reply as it is written; the last chunk is empty and has the usage.

        Raises:
            PromptTooLongError: The messages leave no room for a reply.
            ValueError: A message is of a kind that the model cannot read.
        """
        conversation = [_message(message) for message in messages]
        pieces = self.model.stream(
            conversation,
            max_new_tokens=kwargs.get("max_tokens", self.max_tokens),
            temperature=kwargs.get("temperature", self.temperature),
            seed=kwargs.get("seed", self.seed),
            answering=self.answering,
        )
        text = ""
        for piece in until_stop(pieces, stop or self.stop or []):
            text += piece
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        read, written = self.model.count_prompt_tokens(conversation), self.model.count_tokens(text)
        yield ChatGenerationChunk(
            message=AIMessageChunk(
                content="",
                usage_metadata=UsageMetadata(
                    input_tokens=read, output_tokens=written, total_tokens=read + written
                ),
                response_metadata={"model_name": self.model.name},
                chunk_position="last",
            )
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    @property
    def _llm_type(self) -> str:
        return "llm2vec-gen"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        """What makes a reply another one, for LangChain's caches and traces."""
        fields = self.model_dump(include={"max_tokens", "temperature", "seed", "answering", "stop"})
        return {"model": self.model.id.label, **fields}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = LangSmithParams(
            ls_provider="duet",
            ls_model_name=str(kwargs.get("model", self.model.name)),
            ls_model_type="chat",
            ls_temperature=kwargs.get("temperature", self.temperature),
            ls_max_tokens=kwargs.get("max_tokens", self.max_tokens),
        )
        if stop or self.stop:
            params["ls_stop"] = stop or self.stop
        return params


def _message(message: BaseMessage) -> Message:
    role = ROLES.get(message.type)
    kinds = {block["type"] for block in message.content_blocks}
    if role is None or kinds - {"text"}:
        found = ", ".join(sorted(kinds - {"text"})) or "text"
        msg = (
            f"expected system, human and AI messages of text, found one of kind {message.type} "
            f"with {found}"
        )
        raise ValueError(msg)
    return {"role": role, "content": cast("str", message.text)}
