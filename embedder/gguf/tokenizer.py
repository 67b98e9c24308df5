"""The tokenizer in a GGUF file, put together as the model's own tokenizer.json has it.

A GGUF file holds the vocabulary and the merges, and only names how text is split before it is
merged (`tokenizer.ggml.pre`). transformers reads SmolLM2's name as GPT-2's (digits stay together),
leaves out Qwen's NFC and Llama 3's `ignore_merges`, and special tokens outside the byte alphabet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)
from transformers import PreTrainedTokenizerFast

from embedder.errors import CheckpointError
from embedder.gguf.file import GgufFile

CONTROL, USER_DEFINED, UNUSED = 3, 4, 5
"""Kinds of tokens in `tokenizer.ggml.token_type`; 1 is a piece of text, 6 a byte."""

END_OF_TURN = (
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>",
    "<|end_of_text|>", "<eos>", "</s>",
)  # fmt: skip
"""Special tokens after which a reply is over, as llama.cpp knows them by name (`special_eog_ids`).

A file has one `eos_token_id`; the models' generation_config.json often name two."""

_SPACE = "\u2581"  # how sentencepiece writes a space


@dataclass(frozen=True, slots=True)
class Splitting:
    """What a byte-level tokenizer.json has beside vocabulary and merges."""

    steps: Callable[[], list[Any]]
    nfc: bool = False
    ignore_merges: bool = False
    bos: bool = False


def _by_regex(regex: str) -> Callable[[], list[Any]]:
    """As Llama 3 and Qwen: their own regular expression, then bytes."""
    return lambda: [
        pre_tokenizers.Split(Regex(regex), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]


def _gpt2() -> list[Any]:
    return [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]


def _digits() -> list[Any]:
    return [pre_tokenizers.Digits(individual_digits=True), *_gpt2()]


_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA3 = Splitting(
    _by_regex(rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}{_REST}"),
    ignore_merges=True,
    bos=True,
)
_QWEN2 = Splitting(
    _by_regex(rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{_REST}"), nfc=True
)
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_TEKKEN = Splitting(
    _by_regex(
        rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*"
        r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
    ignore_merges=True,
    bos=True,
)
SPLITTINGS = {
    "gpt-2": Splitting(_gpt2),
    "smollm": Splitting(_digits),
    "starcoder": Splitting(_digits),
    "llama-bpe": _LLAMA3,
    "llama3": _LLAMA3,
    "llama-v3": _LLAMA3,
    "qwen2": _QWEN2,
    "tekken": _TEKKEN,
}
"""By `tokenizer.ggml.pre`: what is in the tokenizer.json of GPT-2, SmolLM2, StarCoder, Llama 3,
Qwen 2 to 3 and Mistral Nemo."""


def gguf_tokenizer(file: GgufFile) -> PreTrainedTokenizerFast:
    """The tokenizer of `file`, its chat template and special tokens with it.

    Raises:
        CheckpointError: The file has none, or one of a kind that cannot be put together exactly:
            with another split a model would read other tokens than it was trained on, so a
            tokenizer is never guessed.
    """
    tokens, kinds = _vocabulary(file)
    model = file.metadata.get("tokenizer.ggml.model")
    if model == "gpt2":
        tokenizer, bos = _byte_level(file, tokens)
    elif model == "llama":
        tokenizer, bos = _sentencepiece(file, tokens, kinds)
    else:
        msg = (
            f"{file.path}: the tokenizer is of the unknown kind {model!r}: expected 'gpt2' "
            "(byte-level BPE) or 'llama' (sentencepiece); take the model's safetensors instead"
        )
        raise CheckpointError(msg)
    _add_special(tokenizer, tokens, kinds)
    names = {
        f"{name}_token": tokens[place]
        for name, key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding"))
        if (place := _token_id(file, key, len(tokens))) is not None
    }
    bos_token = names.get("bos_token")
    if file.metadata.get("tokenizer.ggml.add_bos_token", bos) and bos_token is not None:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos_token} $A",
            pair=f"{bos_token} $A {bos_token} $B:1",
            special_tokens=[(bos_token, tokens.index(bos_token))],
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        chat_template=file.metadata.get("tokenizer.chat_template"),
        clean_up_tokenization_spaces=False,
        **names,
    )


def stop_tokens(file: GgufFile) -> list[int]:
    """Ids after which a reply is over: what the file names, and ends of turns known by name."""
    tokens, kinds = _vocabulary(file)
    named = [_token_id(file, key, len(tokens)) for key in ("eos", "eot", "eom")]
    known = [
        place
        for place, kind in enumerate(kinds)
        if kind == CONTROL and tokens[place] in END_OF_TURN
    ]
    return sorted({place for place in [*named, *known] if place is not None})


def _vocabulary(file: GgufFile) -> tuple[list[str], list[int]]:
    tokens = file.metadata.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, list) or not tokens:
        msg = f"{file.path} holds no tokenizer: expected the metadata tokenizer.ggml.tokens"
        raise CheckpointError(msg)
    kinds = file.metadata.get("tokenizer.ggml.token_type", [1] * len(tokens))
    # Qwen's table is wider than its vocabulary: llama.cpp fills that up with [PAD151669], ...
    while tokens and kinds[len(tokens) - 1] == UNUSED:
        tokens = tokens[:-1]
    return tokens, kinds[: len(tokens)]


def _token_id(file: GgufFile, name: str, count: int) -> int | None:
    place = file.metadata.get(f"tokenizer.ggml.{name}_token_id")
    return place if isinstance(place, int) and place < count else None


def _byte_level(file: GgufFile, tokens: list[str]) -> tuple[Tokenizer, bool]:
    pre = file.metadata.get("tokenizer.ggml.pre")
    splitting = SPLITTINGS.get(str(pre))
    if splitting is None:
        msg = (
            f"{file.path}: the tokenizer splits text in a way that is not known here "
            f"(tokenizer.ggml.pre is {pre!r}): expected one of {', '.join(SPLITTINGS)}; take the "
            "model's safetensors instead"
        )
        raise CheckpointError(msg)
    merges = [tuple(merge.split(" ")) for merge in file.metadata.get("tokenizer.ggml.merges", [])]
    tokenizer = _bpe(file, tokens, merges, ignore_merges=splitting.ignore_merges)
    if splitting.nfc:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(splitting.steps())
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, splitting.bos


def _sentencepiece(file: GgufFile, tokens: list[str], kinds: list[int]) -> tuple[Tokenizer, bool]:
    """As in the tokenizer.json of Llama 2, or of Gemma."""
    gemma = file.architecture.startswith("gemma")
    # llama.cpp writes runs of spaces as such where sentencepiece has a token for them
    tokens = [
        token.replace(" ", _SPACE) if kind == USER_DEFINED and not token.strip(" ") else token
        for token, kind in zip(tokens, kinds, strict=True)
    ]
    scores = file.metadata.get("tokenizer.ggml.scores", [0.0] * len(tokens))
    # The scores of Gemma's own tokens for spaces and newlines are not in the order of its merges.
    order = list(range(len(tokens))) if gemma else [-score for score in scores]
    unknown = _token_id(file, "unknown", len(tokens))
    tokenizer = _bpe(
        file,
        tokens,
        _merges(tokens, order, longest_first=not gemma),
        unk_token=None if unknown is None else tokens[unknown],
        fuse_unk=True,
        byte_fallback=True,
    )
    decoding: list[Any] = [
        decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse(),
    ]  # fmt: skip
    spaces: list[Any] = [normalizers.Replace(" ", _SPACE)]
    if file.metadata.get("tokenizer.ggml.add_space_prefix", not gemma):
        spaces.insert(0, normalizers.Prepend(_SPACE))
        decoding.append(decoders.Strip(content=" ", left=1))
    tokenizer.normalizer = normalizers.Sequence(spaces)
    tokenizer.decoder = decoders.Sequence(decoding)
    return tokenizer, True


def _merges(
    tokens: list[str], order: list[float] | list[int], *, longest_first: bool
) -> list[tuple[str, str]]:
    """Every way to put a token together from two others, the tokens in their order."""
    places = {token: place for place, token in enumerate(tokens)}
    sign = -1 if longest_first else 1
    found = [
        (order[place], sign * cut, token[:cut], token[cut:])
        for token, place in places.items()
        for cut in range(1, len(token))
        if token[:cut] in places and token[cut:] in places
    ]
    found.sort(key=lambda merge: merge[:2])
    return [(left, right) for _, _, left, right in found]


def _bpe(
    file: GgufFile, tokens: list[str], merges: list[Any], **options: str | bool | None
) -> Tokenizer:
    vocabulary = {token: place for place, token in enumerate(tokens)}
    try:
        return Tokenizer(models.BPE(vocab=vocabulary, merges=merges, **options))
    except Exception as error:  # tokenizers raises bare Exceptions
        msg = f"{file.path}: the tokenizer is damaged: {' '.join(str(error).split())[:300]}"
        raise CheckpointError(msg) from error


def _add_special(tokenizer: Tokenizer, tokens: list[str], kinds: list[int]) -> None:
    """Special tokens, and plain ones that are read whole, such as `<think>`."""
    tokenizer.add_special_tokens(
        [
            AddedToken(token, normalized=False, special=True)
            for token, kind in zip(tokens, kinds, strict=True)
            if kind == CONTROL
        ]
    )
    tokenizer.add_tokens(
        [
            AddedToken(token, normalized=False, special=False)
            for token, kind in zip(tokens, kinds, strict=True)
            if kind == USER_DEFINED and token.strip(" ")
        ]
    )
