"""Token by token through the language model with its KV cache, from any input vectors."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from tokenizers.decoders import DecodeStream
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerFast

from embedder.encoder import StopSignal

PREFILL = 512
"""Prompt tokens a forward pass: a stop request waits for one such pass at most."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reply that counts as a whole: it is written where it is likelier than all others together.

    Greedy choice alone would take its first id where that is likelier than each single other one.

    Attributes:
        ids: Two or more.
    """

    ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a reply follows.

    Attributes:
        vectors: Input vectors that are still to be read, `[1, length, hidden]`, at least one.
        cache: What was read before them, if anything.
        read: Called with the cache when it has read all of the prompt, and perhaps more.
    """

    vectors: torch.Tensor
    cache: DynamicCache | None = None
    read: Callable[[DynamicCache], object] = lambda _cache: None


def generate(
    lm: PreTrainedModel,
    prompt: Prompt,
    choose: Callable[[torch.Tensor], int],
    *,
    guard: Callable[[], AbstractContextManager[object]],
    stop: StopSignal | None = None,
    refusal: Refusal | None = None,
) -> Iterator[int]:
    """Token ids that follow `prompt`, without end.

    Args:
        lm: A causal language model.
        prompt: At least one vector.
        choose: Picks the next id from logits `[vocabulary]`.
        guard: Entered round every forward pass, and left between them.
        stop: Checked before every forward pass; when set, the ids end.
        refusal: What the ids begin with where it is likely enough as a whole, and else do not.
    """
    cache = DynamicCache(config=lm.config) if prompt.cache is None else prompt.cache
    pending = list(prompt.vectors.split(PREFILL, dim=1))
    logits = torch.empty(0)
    former: int | None = None
    refused = False
    while True:
        for vectors in pending:
            if stop is not None and stop.is_set():
                return
            with guard(), torch.inference_mode():
                logits = lm(
                    inputs_embeds=vectors, past_key_values=cache, use_cache=True, logits_to_keep=1
                ).logits[0, -1]
        logits = logits.float()
        if former is None:
            prompt.read(cache)
        if refusal and former is None:
            with guard(), torch.inference_mode():
                refused, logits = _decided(lm, cache, logits, refusal)
        elif refusal and not refused:
            if former == refusal.ids[0]:
                second = torch.tensor(refusal.ids[1], device=logits.device)
                logits = logits.index_fill(0, second, -torch.inf)
            refusal = None
        former = choose(logits)
        yield former
        with torch.inference_mode():
            pending = [embed(lm, torch.tensor([[former]], device=prompt.vectors.device))]


def _decided(
    lm: PreTrainedModel, cache: DynamicCache, logits: torch.Tensor, refusal: Refusal
) -> tuple[bool, torch.Tensor]:
    """Whether `refusal` is likely enough, and the logits of the first id given that."""
    wanted = list(refusal.ids)
    ahead = copy.deepcopy(cache) if any(cache.is_sliding) else cache
    ids = torch.tensor([wanted[:-1]], device=logits.device)
    following = lm(
        inputs_embeds=embed(lm, ids), past_key_values=ahead, use_cache=True
    ).logits[0].float().log_softmax(dim=-1)  # fmt: skip
    if ahead is cache:
        cache.crop(-len(ids[0]))
    chances = logits.softmax(dim=-1)
    rest = following[range(len(wanted) - 1), wanted[1:]].sum().exp()
    whole = chances[wanted[0]] * rest
    if whole > 0.5:
        others = torch.ones_like(logits, dtype=torch.bool)
        others[wanted[0]] = False
        return True, logits.masked_fill(others, -torch.inf)
    chances[wanted[0]] = (chances[wanted[0]] - whole).clamp(min=0)
    return False, chances.log()


def noting(choose: Callable[[torch.Tensor], int], chances: list[float]) -> Callable[..., int]:
    """`choose`, with the probability of each chosen token appended to `chances`."""

    def choose_and_note(logits: torch.Tensor) -> int:
        token = choose(logits)
        chances.append(float(logits.softmax(dim=-1)[token]))
        return token

    return choose_and_note


def probability(lm: PreTrainedModel, prompt: Prompt, reply: Sequence[int]) -> float:
    """How likely `lm` replies to `prompt` with exactly these token ids, one or more."""
    ids = torch.tensor([reply[:-1]], device=prompt.vectors.device, dtype=torch.long)
    cache = DynamicCache(config=lm.config) if prompt.cache is None else prompt.cache
    with torch.inference_mode():
        vectors = torch.cat([prompt.vectors, embed(lm, ids)], dim=1)
        logits = lm(
            inputs_embeds=vectors,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=len(reply),
        ).logits[0]
        found = logits.float().log_softmax(dim=-1)[range(len(reply)), list(reply)]
    prompt.read(cache)
    return float(found.sum().exp())


def log_likelihoods(
    lm: PreTrainedModel, befores: Sequence[Sequence[int]], ids: Sequence[int]
) -> list[float]:
    """Mean log-probability of `ids` after each of `befores`, in nats a token.

    Args:
        lm: A causal language model.
        befores: Token ids, each of one at least.
        ids: One at least.
    """
    longest = max(map(len, befores))
    # Padded on the left, so that all end alike; the mask and the positions leave the padding out.
    rows = [[ids[0]] * (longest - len(before)) + [*before, *ids] for before in befores]
    mask = torch.ones(len(rows), len(rows[0]), dtype=torch.long, device=lm.device)
    for row, before in zip(mask, befores, strict=True):
        row[: longest - len(before)] = 0
    with torch.inference_mode():
        logits = lm(
            input_ids=torch.tensor(rows, device=lm.device),
            attention_mask=mask,
            position_ids=(mask.cumsum(dim=1) - 1).clamp(min=0),
            use_cache=False,
            logits_to_keep=len(ids) + 1,
        ).logits[:, :-1]
        wanted = torch.tensor(ids, device=lm.device).expand(len(rows), -1)[..., None]
        found = logits.float().log_softmax(dim=-1).gather(2, wanted)[..., 0]
    return found.mean(dim=1).tolist()


def embed(lm: PreTrainedModel, ids: torch.Tensor) -> torch.Tensor:
    """Input vectors `[batch, length, hidden]` of token ids `[batch, length]`."""
    return lm.get_input_embeddings()(ids)


def chooser(temperature: float, seed: int | None) -> Callable[[torch.Tensor], int]:
    """Greedy at temperature 0, else a draw from the softmax; `seed` makes the draws repeatable."""
    if temperature == 0:
        return lambda logits: int(logits.argmax())
    generator = torch.Generator()
    generator.seed() if seed is None else generator.manual_seed(seed)

    def draw(logits: torch.Tensor) -> int:
        probabilities = torch.softmax(logits.cpu() / temperature, dim=-1)
        return int(torch.multinomial(probabilities, 1, generator=generator))

    return draw


def text_pieces(tokenizer: PreTrainedTokenizerFast, ids: Iterator[int]) -> Iterator[str]:
    """The text of `ids` as it grows; a piece never ends inside a character."""
    decoder = DecodeStream(skip_special_tokens=True)
    for token in ids:
        piece = decoder.step(tokenizer.backend_tokenizer, token)
        if piece:
            yield piece


def stop_ids(lm: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> frozenset[int]:
    """Ids that end a reply: what the generation config names, and the tokenizer's end of text."""
    named: int | list[int] | None = getattr(lm.generation_config, "eos_token_id", None)
    ids = named if isinstance(named, list) else [named]
    return frozenset(i for i in [*ids, tokenizer.eos_token_id] if isinstance(i, int))
