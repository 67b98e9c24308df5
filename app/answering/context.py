"""Which passages go before the model: whole ones, best first, as many as its window holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from embedder.chat import Message, grounded_messages
from embedder.encoder import LanguageModel
from embedder.errors import PromptTooLongError
from retriever import Hit


@dataclass(frozen=True, slots=True)
class Context:
    """A prompt, and what it was made of.

    Attributes:
        messages: The prompt.
        sources: The passages in it; the model cites the i-th as `[i]`, from 1.
        left_out: Hits that did not fit, best first.
        answer_tokens: How long the answer may get.
    """

    messages: list[Message]
    sources: tuple[Hit, ...]
    left_out: tuple[Hit, ...]
    answer_tokens: int


def build_context(
    question: str, hits: Sequence[Hit], model: LanguageModel, *, max_new_tokens: int
) -> Context:
    """Fill the model's window: a quarter of it at most for the answer, the rest for the prompt.

    A passage that does not fit is left out whole; a shorter one after it may still get in.

    Raises:
        PromptTooLongError: Not even the question alone fits.
    """
    answer_tokens = min(max_new_tokens, model.context_tokens // 4)
    budget = model.context_tokens - answer_tokens
    messages = grounded_messages(question, [])
    alone = model.count_prompt_tokens(messages)
    if alone > budget:
        msg = (
            f"The question makes a prompt of {alone:,} tokens, {model.id.name} has room for "
            f"{budget:,} before its answer. Ask it in fewer words."
        )
        raise PromptTooLongError(msg)
    sources: list[Hit] = []
    left_out: list[Hit] = []
    for hit in hits:
        wider = grounded_messages(question, [source.chunk.content for source in (*sources, hit)])
        if model.count_prompt_tokens(wider) <= budget:
            sources.append(hit)
            messages = wider
        else:
            left_out.append(hit)
    return Context(messages, tuple(sources), tuple(left_out), answer_tokens)
