"""Messages to token ids, so that no text inside a message can act as a special token."""

import re
import secrets
from collections.abc import Sequence

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerFast

from embedder.chat import Message

PLAIN_TEMPLATE = (
    "{% for message in messages %}"
    "{{ message['role'] | capitalize + ':\n' + message['content'] + '\n\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:\n' }}{% endif %}"
)
"""For a base without a chat template: `User:`, the text, a blank line, ... `Assistant:`."""


def plain_ids(tokenizer: PreTrainedTokenizerFast, text: str, *, specials: bool = True) -> list[int]:
    """Token ids of `text` read as plain characters: `<|im_end|>` in it is just ten characters.

    Args:
        tokenizer: The model's tokenizer.
        text: Any text.
        specials: Whether the tokenizer adds its own, such as Llama's begin-of-text.
    """
    return tokenizer(
        text, add_special_tokens=specials, split_special_tokens=True, verbose=False
    ).input_ids


def prompt_ids(tokenizer: PreTrainedTokenizerFast, messages: Sequence[Message]) -> list[int]:
    """Token ids of a conversation in the model's chat template, ready for the assistant's turn.

    The template is rendered round random marks, then each message's text is put in place of its
    mark and tokenized as plain characters. Thinking is switched off where a template offers that.
    """
    nonce = secrets.token_hex(8)
    marked = [{"role": m["role"], "content": f"{nonce}-{i}-"} for i, m in enumerate(messages)]
    pieces = re.split(rf"{nonce}-(\d+)-", _render(tokenizer, marked))
    ids: list[int] = []
    for place, piece in enumerate(pieces):
        if place % 2:
            ids += plain_ids(tokenizer, messages[int(piece)]["content"], specials=False)
        elif piece:
            ids += tokenizer(piece, add_special_tokens=False).input_ids
    return ids


def _render(tokenizer: PreTrainedTokenizerFast, messages: list[dict[str, str]]) -> str:
    try:
        return _apply(tokenizer, messages)
    except TemplateError:
        # Some templates (Gemma's) refuse a system role: its text then opens the user's turn.
        system, user, *rest = messages
        first = {"role": "user", "content": f"{system['content']}\n\n{user['content']}"}
        return _apply(tokenizer, [first, *rest])


def _apply(tokenizer: PreTrainedTokenizerFast, messages: list[dict[str, str]]) -> str:
    rendered = tokenizer.apply_chat_template(
        messages,
        chat_template=None if tokenizer.chat_template else PLAIN_TEMPLATE,
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=False,
    )
    return str(rendered)
