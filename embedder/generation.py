"""Token by token through the language model with its KV cache, from any input vectors."""

import copy
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from tokenizers.decoders import DecodeStream
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerFast

from embedder.drafting import Drafter
from embedder.encoder import StopSignal
from embedder.multiplying import fastest_for

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
        ids: All of it as token ids, where the reply probably repeats some of it: then several
            tokens are tried in one forward pass, and what multiplies is what is fastest. Without
            them each token is computed as the base computes it, to the last bit.
    """

    vectors: torch.Tensor
    cache: DynamicCache | None = None
    read: Callable[[DynamicCache], object] = lambda _cache: None
    ids: Sequence[int] = ()


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
    reading = _Reading(lm, cache, guard, stop, is_exact=not prompt.ids)
    logits = reading.read(prompt.vectors)
    if logits is None:
        return
    prompt.read(cache)
    is_refused = False
    if refusal:
        with guard(), torch.inference_mode():
            is_refused, logits = _decided(lm, cache, logits[0], refusal)
    token = choose(logits[-1])
    yield token
    may_be_refusal = refusal and not is_refused and token == refusal.ids[0]
    barred = [refusal.ids[1]] if refusal and may_be_refusal else []
    drafter = Drafter(() if any(cache.is_sliding) else prompt.ids)
    yield from _continued(reading, drafter, token, choose, barred)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Forward passes that fill one cache; arguments as in `generate`."""

    lm: PreTrainedModel
    cache: DynamicCache
    guard: Callable[[], AbstractContextManager[object]]
    stop: StopSignal | None
    is_exact: bool

    def read(self, vectors: torch.Tensor, *, kept: int = 1) -> torch.Tensor | None:
        """Logits `[kept, vocabulary]` after the last ones of `vectors`; None if it is to stop."""
        logits = torch.empty(0)
        for some in vectors.split(PREFILL, dim=1):
            if self.is_stopped:
                return None
            fastest = nullcontext() if self.is_exact else fastest_for(some)
            with self.guard(), torch.inference_mode(), fastest:
                logits = self.lm(
                    inputs_embeds=some,
                    past_key_values=self.cache,
                    use_cache=True,
                    logits_to_keep=kept,
                ).logits[0].float()  # fmt: skip
        return logits

    @property
    def is_stopped(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    def forget(self, tokens: int) -> None:
        """Take the last so many tokens out of the cache."""
        if tokens:
            self.cache.crop(-tokens)


def _continued(
    reading: _Reading,
    drafter: Drafter,
    token: int,
    choose: Callable[[torch.Tensor], int],
    barred: list[int],
) -> Iterator[int]:
    """The ids after the first, `token`; the second is none of `barred`."""
    while True:
        drafter.add(token)
        draft = drafter.draft()
        with torch.inference_mode():
            ids = torch.tensor([[token, *draft]], device=reading.lm.device)
            logits = reading.read(embed(reading.lm, ids), kept=1 + len(draft))
            if logits is None:
                return
            logits[0, barred] = -torch.inf
        barred, agreed = [], 0
        for agreed, following in enumerate(logits):
            token = choose(following)
            yield token
            if reading.is_stopped:
                return
            if draft[agreed : agreed + 1] != [token]:
                break
            drafter.add(token)
        reading.forget(len(draft) - agreed)


def _decided(
    lm: PreTrainedModel, cache: DynamicCache, logits: torch.Tensor, refusal: Refusal
) -> tuple[bool, torch.Tensor]:
    """Whether `refusal` is likely enough, and the logits `[1, vocabulary]` of the first id then."""
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
        return True, logits.masked_fill(others, -torch.inf)[None]
    chances[wanted[0]] = (chances[wanted[0]] - whole).clamp(min=0)
    return False, chances.log()[None]


def noting(choose: Callable[[torch.Tensor], int], chances: list[float]) -> Callable[..., int]:
    """`choose`, with the probability of each chosen token appended to `chances`."""

    def choose_and_note(logits: torch.Tensor) -> int:
        token = choose(logits)
        chances.append(float(logits.softmax(dim=-1)[token]))
        return token

    return choose_and_note


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


def text_pieces(tokenizer: PreTrainedTokenizerFast, ids: Iterator[int]) -> Generator[str]:
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
