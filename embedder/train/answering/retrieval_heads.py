"""Which attention heads look at the answer in a passage, before the first word of the reply.

Some heads of any language model copy: they look at what is to be written next (Wu et al.,
"Retrieval Head Mechanistically Explains Long-Context Factuality", arXiv 2404.15574). Where they
look while a passage is read tells which of its sentences answers the question, at no cost.
"""

import json
import random
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import torch
from transformers import PreTrainedModel

from embedder.attention import Head, watched
from embedder.base import best_device, encoding_dtype, load_base, load_tokenizer
from embedder.base_files import local_base
from embedder.chat import grounded_messages
from embedder.errors import TrainingError
from embedder.lora import ANSWERING, LoraSwitch, add_adapter
from embedder.published import read_checkpoint
from embedder.tokenizing import Prompter
from embedder.train.answering.texts import Text, Told

_FEWEST, _LONGEST = 4, 3000
"""Sentences of a passage, so that there is something to choose from, and its characters."""

Case = tuple[Text, Told]


def find_retrieval_heads(
    folder: Path, texts: Sequence[Text], *, count: int, keep: int, seed: int = 0
) -> dict[Head, float]:
    """Find the heads of a checkpoint's answering adapter, and note the best ones in its folder.

    Args:
        folder: The checkpoint.
        texts: Passages with questions.
        count: Questions to try, drawn at random.
        keep: Heads to note.
        seed: Of the draw.

    Returns:
        For each head, best first: for which share of the questions the sentence that it looks at
        most is the one that holds the answer.

    Raises:
        CheckpointError: The checkpoint cannot be loaded.
        TrainingError: It has no answering adapter, or there is no question to try, or nothing to
            note.
    """
    if min(count, keep) < 1:
        msg = f"expected a question to try and a head to note or more, found {count} and {keep}"
        raise TrainingError(msg)
    checkpoint = read_checkpoint(folder)
    if checkpoint.answering is None:
        msg = f"{folder} has no answering adapter: expected a folder answering/ in it"
        raise TrainingError(msg)
    cases = _cases(texts, count, seed)
    device = best_device()
    dtype = encoding_dtype(device, checkpoint.rows.shape[1])
    lm = load_base(local_base(checkpoint.base), device, dtype)
    add_adapter(lm, checkpoint.answering.lora, ANSWERING)
    LoraSwitch(lm).use(ANSWERING)
    prompter = Prompter(load_tokenizer(checkpoint.tokenizer))
    config = lm.config.get_text_config()
    heads: list[Head] = [
        (layer, head)
        for layer in range(config.num_hidden_layers)
        for head in range(config.num_attention_heads)
    ]
    right = torch.zeros(len(heads))  # times that a head looked at the right sentence
    for text, told in cases:
        right += _looked_at(lm, prompter, heads, text, told) == told.place
    shares: list[float] = (right / len(cases)).tolist()
    found = dict(zip(heads, shares, strict=True))
    ranked = {head: found[head] for head in sorted(found, key=found.__getitem__, reverse=True)}
    _note(folder / "answering" / "adapter_config.json", list(ranked)[:keep])
    return ranked


def _cases(texts: Sequence[Text], count: int, seed: int) -> list[Case]:
    found = [
        (text, told)
        for text in texts
        for told in text.told[:1]
        if len(text.sentences) >= _FEWEST and sum(map(len, text.sentences)) <= _LONGEST
    ]
    if not found:
        msg = f"no question can be tried: expected passages of {_FEWEST} sentences or more"
        raise TrainingError(msg)
    return random.Random(seed).sample(found, min(count, len(found)))


def _looked_at(
    lm: PreTrainedModel, prompter: Prompter, heads: Sequence[Head], text: Text, told: Told
) -> torch.Tensor:
    """The number of the sentence at which each head looks most, `[heads]`."""
    messages = grounded_messages(told.question, [" ".join(text.sentences)])
    ids, places = prompter.located(messages)
    start = messages[-1]["content"].index("\n") + 1
    ends = list(accumulate((len(sentence) + 1 for sentence in text.sentences), initial=start))
    with watched(lm, heads, len(ids) - 1) as seen, torch.inference_mode():
        lm(input_ids=torch.tensor([ids], device=lm.device), logits_to_keep=1)
    weights = torch.stack([seen[head] for head in heads])
    looked = torch.zeros(len(heads), len(text.sentences))
    for place in places:
        number = sum(place.start >= end for end in ends) - 1
        if 0 <= number < len(text.sentences):
            looked[:, number] += weights[:, place.token]
    return looked.argmax(dim=1)


def _note(file: Path, heads: Sequence[Head]) -> None:
    config = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**config, "retrieval_heads": heads}, indent=2) + "\n", "utf-8")
