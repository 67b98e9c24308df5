"""Texts and conversations to token ids, so that no text can act as a special token."""

import re
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from jinja2 import TemplateError
from tokenizers import Encoding, Tokenizer
from transformers import PreTrainedTokenizerFast

from embedder.chat import Message
from embedder.errors import CheckpointError, NotUnicodeError

PLAIN_TEMPLATE = (
    "{% for message in messages %}"
    "{{ message['role'] | capitalize + ':\n' + message['content'] + '\n\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:\n' }}{% endif %}"
)
"""For a base without a chat template: `User:`, the text, a blank line, ... `Assistant:`."""


class Place(NamedTuple):
    """A token of a text: its place among the prompt's, and its characters in the text."""

    token: int
    start: int
    end: int


class Prompter:
    """Token ids of texts, and of conversations whose template alone holds special tokens.

    Texts are read by a tokenizer of their own: whether special tokens are recognised is a switch
    on the tokenizer, not an argument, so threads that share one would read each other's way.

    Raises:
        CheckpointError: The chat template is none.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._template = tokenizer
        self._plain = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        self._plain.encode_special_tokens = True
        self._plain.no_truncation()
        self._plain.no_padding()
        try:
            self._apply([{"role": "user", "content": ""}])
        except TemplateError as error:  # told now, not with the first question
            msg = f"The model's chat template is damaged: {error}"
            raise CheckpointError(msg) from error

    def text_ids(self, text: str, *, specials: bool = True) -> list[int]:
        """Token ids of `text` read as plain characters: `<|im_end|>` in it is ten characters.

        Args:
            text: Any text.
            specials: Whether the tokenizer adds its own, such as Llama's begin-of-text.

        Raises:
            NotUnicodeError: `text` has half of a surrogate pair.
        """
        return self._encoded(text, specials=specials).ids

    def _encoded(self, text: str, *, specials: bool) -> Encoding:
        _check_unicode(text)
        return self._plain.encode(text, add_special_tokens=specials)

    def all_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """As `text_ids` for many texts, on all cores; its errors are the same."""
        for text in texts:
            _check_unicode(text)
        return [encoding.ids for encoding in self._plain.encode_batch_fast(list(texts))]

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of a conversation in the model's template, ready for the assistant's turn.

        The template is rendered round random marks, then each message's text is put in place of
        its mark, as plain characters. Thinking is switched off where a template offers that.
        """
        return self.located(messages)[0]

    def located(self, messages: Sequence[Message]) -> tuple[list[int], list[Place]]:
        """As `prompt_ids`, and where the tokens of the last message's text stand."""
        nonce = secrets.token_hex(8)
        marked = [{"role": m["role"], "content": f"{nonce}-{i}-"} for i, m in enumerate(messages)]
        pieces = re.split(rf"{nonce}-(\d+)-", self._render(marked))
        ids: list[int] = []
        places: list[Place] = []
        for number, piece in enumerate(pieces):
            if number % 2:
                told = self._encoded(messages[int(piece)]["content"], specials=False)
                places = [Place(len(ids) + i, *span) for i, span in enumerate(told.offsets)]
                ids += told.ids
            elif piece:
                ids += self._template(piece, add_special_tokens=False).input_ids
        return ids, places

    def _render(self, messages: list[dict[str, str]]) -> str:
        try:
            return self._apply(messages)
        except TemplateError:
            # Some templates (Gemma's) refuse a system role: its text then opens the user's turn.
            if len(messages) < 2 or messages[0]["role"] != "system":
                raise
            system, user, *rest = messages
            first = {"role": "user", "content": f"{system['content']}\n\n{user['content']}"}
            return self._apply([first, *rest])

    def _apply(self, messages: list[dict[str, str]]) -> str:
        rendered = self._template.apply_chat_template(
            messages,
            chat_template=None if self._template.chat_template else PLAIN_TEMPLATE,
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,
        )
        return str(rendered)


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        nearby = text[max(0, error.start - 20) : error.start + 20]
        msg = (
            f"expected Unicode, found half of a surrogate pair in {nearby!r}: decode the text "
            "from its bytes with errors='replace'"
        )
        raise NotUnicodeError(msg) from error
