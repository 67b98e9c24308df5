"""`LLM2VecGen`: one language model in memory that encodes, generates, and decodes embeddings."""

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from typing import Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from embedder import generation, instructions
from embedder.attention import watched
from embedder.base import (
    DTYPES,
    best_device,
    encoding_dtype,
    load_base,
    load_tokenizer,
    row_scale,
    usable_device,
)
from embedder.base_files import check_digest, local_base
from embedder.batching import by_length
from embedder.chat import REFUSAL, Message
from embedder.combining import Combiner
from embedder.defaults import DECODED_TOKENS, DECODED_WORDS, MAX_NEW_TOKENS
from embedder.encoder import Attention, Decoded, EncoderId, Outlook, StopSignal
from embedder.errors import CheckpointError, PromptTooLongError, TextTooLongError
from embedder.fingerprint import fingerprint
from embedder.fit import check_fit
from embedder.hub import existing_folder, local_folder
from embedder.likelihood import log_likelihoods, probability
from embedder.lora import ANSWERING, ENCODING, LoraSwitch, add_adapter, to_use
from embedder.prefix_cache import PrefixCache
from embedder.published import Checkpoint, copy_checkpoint, read_checkpoint
from embedder.reply import Reply
from embedder.representation import Representation
from embedder.tokenizing import Place, Prompter

BATCH_TOKENS = {"cpu": 2048, "cuda": 32768, "mps": 8192}
"""Padded tokens of a batch: enough to keep the device busy, and no more memory than that takes."""

READ_SHARE = 1 / 6
"""What is remembered of prompts, in memory of the weights: of the bundled model's, six passages, so
that a second question about those of the first reads little anew. Both modes together are to stay
within 1.15 times the weights."""


class LLM2VecGen:
    """An LLM2Vec-Gen encoder and the chat model that it is made of.

    The language model is loaded once and never changed: encoding feeds it the text's input vectors
    followed by the special rows, generation feeds it text alone. LoRA adapters, the encoder's and
    the one for grounded answers, are switched on for one forward pass at a time. All methods may be
    called from several threads; a lock is held for one forward pass at a time, so encoding goes on
    between the tokens of a reply. Whatever takes a text raises `NotUnicodeError` for half of a
    surrogate pair.

    Attributes:
        id: Its name (the hub id, or a folder's last two names), a hash, and the dimension: what an
            index remembers of it.
        name: That name.
        dimension: Width of an embedding.
        max_length: Longest input of `encode` in tokens, special tokens included.
        max_tokens: Longest text for `encode_queries` and `encode_documents`, as `count_tokens`
            counts it; a document's title counts with its text.
        context_tokens: The language model's window: prompt and reply together.
        instructions: What `encode_queries` and `encode_documents` put in front of a text.
        trusted_to_refuse: False; see `embedder.encoder.LanguageModel`.
    """

    trusted_to_refuse = False

    def __init__(
        self,
        name: str,
        checkpoint: Checkpoint,
        lm: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
    ) -> None:
        """Put loaded parts together; most callers want `from_pretrained`."""
        check_fit(name, checkpoint, lm)
        self.name = name
        self._folder = checkpoint.tokenizer
        self._lm = lm
        self._tokenizer = tokenizer
        self._prompter = Prompter(tokenizer)
        self._rows = (checkpoint.rows * row_scale(lm)).to(lm.device, lm.dtype)
        self._states = checkpoint.states
        self._representation = checkpoint.representation
        self._reconstruction = checkpoint.reconstruction
        self._head = checkpoint.head
        if checkpoint.lora is not None:
            add_adapter(lm.base_model, checkpoint.lora, ENCODING)
        if checkpoint.answering is not None:
            add_adapter(lm, checkpoint.answering.lora, ANSWERING)
        to_use(lm)
        self._adapter = LoraSwitch(lm)
        self._answering = None if checkpoint.answering is None else ANSWERING
        self._retrieval_heads = checkpoint.answering.retrieval_heads if checkpoint.answering else ()
        self._refusal = self._prompter.text_ids(REFUSAL, specials=False)
        weights = sum(parameter.nbytes for parameter in lm.parameters())
        self._alone = "", 0.0
        """A question, and its log-likelihood after no passage."""
        self._read = PrefixCache(lm.config, int(READ_SHARE * weights))
        self._batch_tokens = BATCH_TOKENS.get(lm.device.type, BATCH_TOKENS["cpu"])
        self._lock = threading.Lock()
        self._pool = Combiner(self._pool_all)
        self._stop_ids = generation.stop_ids(lm, tokenizer)
        self.dimension = len(checkpoint.alignment.bias)
        self.max_length = checkpoint.max_length
        self.context_tokens = int(lm.config.get_text_config().max_position_embeddings)
        self.instructions = checkpoint.representation.instructions
        overhead = max(len(self._ids(text)) for text in self.instructions)
        # Tokens may merge differently where instruction, title and text meet: one to spare at each.
        taken = len(self._rows) + overhead + 2
        if self.max_length <= taken:
            msg = (
                f"checkpoint {name}: expected a max_input_length over {taken}, which the special "
                f"tokens and the instructions take, found {self.max_length}"
            )
            raise CheckpointError(msg)
        self.max_tokens = self.max_length - taken
        self.id = EncoderId(name, fingerprint(checkpoint, lm, tokenizer), self.dimension)

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path,
        *,
        device: str | None = None,
        dtype: str | None = None,
        revision: str | None = None,
    ) -> Self:
        """Load a checkpoint in the published layout, and its base model.

        Args:
            source: A folder, or a hub id such as `McGill-NLP/LLM2Vec-Gen-Qwen3-06B`.
            device: `cpu`, `cuda`, `cuda:1`, `mps`; by default the fastest that is there.
            dtype: `float32` or `bfloat16`; by default what the device runs best.
            revision: Branch, tag or commit of a hub id.

        Raises:
            CheckpointError: Something is missing, damaged or unsupported; the text names it.
        """
        device = usable_device(device) if device else best_device()
        if dtype is not None and dtype not in DTYPES:
            msg = f"dtype {dtype!r} is unknown: expected one of {', '.join(DTYPES)}"
            raise CheckpointError(msg)
        folder = local_folder(source, revision)
        checkpoint = read_checkpoint(folder)
        dtype = dtype or encoding_dtype(device, checkpoint.rows.shape[1])
        base = local_base(checkpoint.base)
        if checkpoint.base_sha256 is not None:
            check_digest(base, checkpoint.base_sha256)
        lm = load_base(base, device, dtype)
        name = "/".join(folder.parts[-2:]) if existing_folder(source) else str(source)
        return cls(name, checkpoint, lm, load_tokenizer(checkpoint.tokenizer))

    def save(self, folder: str | Path) -> None:
        """Copy the checkpoint to `folder`, so that `from_pretrained` reads it there.

        The base stays where it is, and is named by its path, unless it lies in the checkpoint.
        """
        copy_checkpoint(self._folder, Path(folder))

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings `[n, dimension]` of questions, L2-normalised; see `encode`."""
        return self.encode(texts, instruction=self.instructions.query)

    def encode_documents(
        self, texts: Sequence[str], titles: Sequence[str] | None = None
    ) -> NDArray[np.float32]:
        """Embeddings `[n, dimension]` of passages, L2-normalised; see `encode`.

        Args:
            texts: The passages.
            titles: A title for each, or an empty one; embedded in front of its passage.
        """
        titled = zip(texts, titles or [""] * len(texts), strict=True)
        return self.encode(
            [instructions.with_title(text, title) for text, title in titled],
            instruction=self.instructions.document,
        )

    def encode(
        self,
        texts: Sequence[str],
        *,
        instruction: str = "",
        normalize: bool = True,
        truncate: bool = False,
        max_length: int | None = None,
    ) -> NDArray[np.float32]:
        """Embeddings `[n, dimension]` of `texts`, in their order, float32.

        Args:
            texts: What to embed; an empty list gives `[0, dimension]`.
            instruction: Put in front of every text.
            normalize: Whether to scale each embedding to length 1.
            truncate: Whether to cut what is too long, as the published package does: the end of the
                text is lost, the special tokens stay.
            max_length: Longest input in tokens, special tokens included; by default the model's.

        Raises:
            TextTooLongError: A text is too long and `truncate` is False; nothing is embedded.
        """
        states = self.pooled(
            texts, instruction=instruction, truncate=truncate, max_length=max_length
        )
        vectors = self._head(torch.from_numpy(states)).numpy()
        if normalize:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def pooled(
        self,
        texts: Sequence[str],
        *,
        instruction: str = "",
        truncate: bool = False,
        max_length: int | None = None,
    ) -> NDArray[np.float32]:
        """The states `[n, width]` of which the heads make embeddings; arguments as in `encode`.

        A head can be trained on them without the base (`python -m embedder.train heads`).
        """
        limit = (max_length or self.max_length) - len(self._rows)
        if limit < 1:
            msg = f"max_length {max_length} leaves no room beside {len(self._rows)} special tokens"
            raise ValueError(msg)
        ids = [self._ids(instruction + text) for text in texts]
        if not truncate:
            self._check_lengths([len(sequence) for sequence in ids], limit)
        return self._pool([sequence[:limit] for sequence in ids])

    def _pool_all(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        found = np.empty((len(ids), self._head.weight.shape[1]), dtype=np.float32)
        for batch in by_length([len(sequence) for sequence in ids], self._batch_tokens):
            states = self._compression_states([ids[i] for i in batch])
            found[batch] = self._representation.pool(states).numpy()
        return found

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` has, without special tokens."""
        return len(self._prompter.text_ids(text, specials=False))

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens `messages` have as a prompt, chat template included."""
        return len(self._prompter.prompt_ids(messages))

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int = MAX_NEW_TOKENS,
        temperature: float = 0.0,
        seed: int | None = None,
        stop: StopSignal | None = None,
        answering: bool = False,
    ) -> Reply:
        """Write the assistant's reply to `messages`, in pieces of text as they come.

        Args:
            messages: The conversation; its texts are data, special tokens in them are plain text.
            max_new_tokens: The reply ends here at the latest.
            temperature: 0 is greedy.
            seed: Makes a reply at a temperature repeatable.
            stop: Set it, from any thread, to end the reply within one token.
            answering: Whether the checkpoint's answering adapter writes, if it has one: for the
                conversations of `embedder.chat.grounded_messages`. Else the plain base does.

        Raises:
            PromptTooLongError: The prompt leaves no room for a reply; raised at the call.
        """
        ids = self._prompt_ids(messages)
        room = self.context_tokens - len(ids)
        adapter = self._answering if answering else None
        chances: list[float] = []
        tokens = generation.generate(
            self._lm,
            self._prompt(ids, adapter),
            generation.noting(generation.chooser(temperature, seed), chances),
            guard=partial(self._mode, adapter),
            stop=stop,
            refusal=generation.Refusal(self._refusal) if adapter else None,
        )
        return self._reply(tokens, min(max_new_tokens, room), chances)

    def _reply(self, tokens: Iterator[int], longest: int, chances: list[float]) -> Reply:
        reply = takewhile(lambda token: token not in self._stop_ids, tokens)
        pieces = generation.text_pieces(self._tokenizer, islice(reply, longest))
        return Reply(pieces, chances)

    def outlook(self, messages: Sequence[Message]) -> Outlook | None:
        """What the answering adapter makes of `messages` before it replies; None without one.

        One forward pass, remembered, so that a reply begins sooner. How likely it is
        `embedder.chat.REFUSAL` is no less clear than that reply itself.

        Raises:
            PromptTooLongError: The prompt leaves no room for a reply.
        """
        if self._answering is None:
            return None
        ids, places = self._located(messages)
        prompt = self._prompt(ids, self._answering)
        last = prompt.vectors.shape[1] - 1
        with (
            self._mode(self._answering),
            watched(self._lm, self._retrieval_heads, last) as seen,
        ):
            refusal = probability(self._lm, prompt, self._refusal)
        if not seen:
            return Outlook(refusal, ())
        weights = torch.stack(list(seen.values())).mean(dim=0)[-len(ids) :].tolist()
        before = len(ids) - len(weights)  # a sliding window does not reach back so far
        attention = [
            Attention(start, end, weights[place - before])
            for place, start, end in places
            if place >= before
        ]
        return Outlook(refusal, tuple(attention))

    def likelihood_gains(self, question: str, passages: Sequence[str]) -> list[float | None]:
        """How much likelier the plain base finds `question` after each passage than after none.

        Returns:
            Nats a token; None if the question is empty, or both do not fit into the window.
        """
        asked = self._prompter.text_ids(f" {question}", specials=False)
        read = [self._before_question(passage) for passage in passages]
        fits = [i for i, ids in enumerate(read) if len(ids) + len(asked) <= self.context_tokens]
        gains: list[float | None] = [None] * len(passages)
        if not question.strip() or not fits:
            return gains
        alone = self._alone
        if alone[0] != question:  # many passages are read for one question
            bare = self._before_question("(none)")
            alone = self._alone = question, self._log_likelihoods([bare], asked)[0]
        lengths = [len(read[i]) + len(asked) for i in fits]
        # Small batches: what the short ones are padded with would cost more than a pass each.
        for batch in by_length(lengths, self._batch_tokens // 4):
            told = [fits[i] for i in batch]
            found = self._log_likelihoods([read[i] for i in told], asked)
            for i, likelihood in zip(told, found, strict=True):
                gains[i] = likelihood - alone[1]
        return gains

    def _before_question(self, passage: str) -> list[int]:
        return self._prompter.text_ids(f"Passage: {passage}\n\nQuestion:", specials=True)

    def _log_likelihoods(self, befores: Sequence[Sequence[int]], ids: Sequence[int]) -> list[float]:
        with self._mode(None):
            return log_likelihoods(self._lm, befores, ids)

    def _prompt(self, ids: Sequence[int], adapter: str | None) -> generation.Prompt:
        """What of `ids` is to be read, and what was read of them before with that adapter."""
        if adapter is None:  # the plain base's replies are to be its own, to the last bit
            return generation.Prompt(self._embedded(ids))
        cache, done = self._read.begin(ids)
        keep = partial(self._read.keep, ids)
        return generation.Prompt(self._embedded(ids[done:]), cache, keep, ids)

    def _embedded(self, ids: Sequence[int]) -> torch.Tensor:
        return generation.embed(self._lm, torch.tensor([ids], device=self._lm.device))

    def _prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        return self._located(messages)[0]

    def _located(self, messages: Sequence[Message]) -> tuple[list[int], list[Place]]:
        ids, places = self._prompter.located(messages)
        if len(ids) >= self.context_tokens:
            msg = (
                f"the prompt has {len(ids):,} tokens, but the model's window is "
                f"{self.context_tokens:,}: ask about less text at once"
            )
            raise PromptTooLongError(msg)
        return ids, places

    def decode(
        self,
        text: str,
        *,
        instruction: str = "",
        max_new_tokens: int = DECODED_TOKENS,
        words: int = DECODED_WORDS,
        truncate: bool = False,
    ) -> Decoded:
        """What the embedding of `text` stands for, in words.

        Args:
            text: A text to embed.
            instruction: Put in front of it.
            max_new_tokens: Longest text to write from the soft prompts.
            words: Vocabulary entries for each compression token.
            truncate: Whether to cut what is too long; see `encode`.

        Raises:
            TextTooLongError: The text is too long and `truncate` is False.
        """
        limit = self.max_length - len(self._rows)
        ids = self._ids(instruction + text)
        if not truncate:
            self._check_lengths([len(ids)], limit)
        states = self._compression_states([ids[:limit]], decoding=True)
        soft = self._reconstruction(states).to(self._lm.device, self._lm.dtype)
        tokens = generation.generate(
            self._lm,
            generation.Prompt(soft),
            generation.chooser(0.0, None),
            guard=partial(self._mode, None),
        )
        written = takewhile(
            lambda token: token not in self._stop_ids, islice(tokens, max_new_tokens)
        )
        return Decoded(
            text="".join(generation.text_pieces(self._tokenizer, written)),
            words=self._lens(states[0], words),
        )

    def _ids(self, text: str) -> list[int]:
        return self._prompter.text_ids(text)

    def _check_lengths(self, lengths: Sequence[int], limit: int) -> None:
        place = max(range(len(lengths)), key=lengths.__getitem__, default=None)
        if place is not None and lengths[place] > limit:
            msg = (
                f"text {place + 1} of {len(lengths)} has {lengths[place]:,} tokens with its "
                f"instruction, but the encoder accepts {limit:,}: split it, or pass truncate=True "
                "to lose its end"
            )
            raise TextTooLongError(msg)

    @torch.inference_mode()
    def _compression_states(
        self, batch: Sequence[Sequence[int]], *, decoding: bool = False
    ) -> torch.Tensor:
        """What is pooled of each sequence, `[batch, states, width]`, float32.

        Where embeddings are read from the text itself, its compression states, which decoding
        needs, are those of the plain base.
        """
        plain = decoding and self._representation.reads_text
        representation = Representation() if plain else self._representation
        lengths = torch.tensor([len(ids) for ids in batch])
        padded = torch.zeros(len(batch), int(lengths.max()), dtype=torch.long)
        for place, ids in enumerate(batch):
            padded[place, : len(ids)] = torch.tensor(ids, dtype=torch.long)
        ids = padded.to(self._lm.device)
        text = generation.embed(self._lm, ids)
        with self._mode(None if plain else ENCODING):
            return representation.compress(
                self._lm.base_model, text, ids, lengths.to(text.device), self._rows, self._states
            ).cpu()

    def _lens(self, states: torch.Tensor, words: int) -> tuple[tuple[str, ...], ...]:
        vectors = states.to(self._lm.device, self._lm.dtype)
        head = cast("nn.Module", self._lm.get_output_embeddings())
        with torch.inference_mode():
            best = head(vectors).topk(words, dim=-1).indices.tolist()
        return tuple(tuple(str(self._tokenizer.decode([i])).strip() for i in ids) for ids in best)

    @contextmanager
    def _mode(self, adapter: str | None) -> Generator[None]:
        """The base for one forward pass, with that adapter on, or none."""
        with self._lock:
            self._adapter.use(adapter)
            yield
