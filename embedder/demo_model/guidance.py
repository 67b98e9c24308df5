"""Attention heads that are told where to look.

To answer, a model chooses the sentence that the question asks for, copies it, and cites its
passage's number. It learns to copy from the words alone, but to choose has to be found out from a
single token, the reply's first: heads that should look at the sentence begin with shares of their
attention so small that hardly any gradient comes through. So training tells them where to look.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerFast

from embedder.chat import grounded_messages
from embedder.demo_model.examples import Asked, Example

GUIDED = {
    "summary": (1, 1),
    "beginning": (2, 1),
    "number": (2, 2),
    "second": (2, 3),
    "refusal": (3, 3),
    "copy": (4, 0),
    "again": (4, 1),
    "citation": (4, 2),
    "choice": (4, 3),
}
"""Layer and head. In a passage, `beginning` and `second` look at a sentence's first two tokens and
`number` at the passage's number, so that they are at hand where `choice`, `again` and `citation`
find the sentence: for a reply's first token, its second, and its number. `summary` looks at what
was said last, by which they find it. `copy` looks at the token to come: from the third on, the
tokens before tell which it is. `refusal` looks where the answer is, or at nothing."""
SPEAKING = ("copy", "again", "citation", "choice")
SILENT = {f"silent {name}": GUIDED[name] for name in SPEAKING}
"""The heads that write what comes next, each in its turn. At the others' it looks at nothing."""


NOTHING = range(1)
CITATION = 4
"""Tokens of ` [1]` and the end of the turn, which end a reply."""


@dataclass(frozen=True, slots=True)
class Look:
    """Where a head of `GUIDED` should look, by places of tokens: from `query` at `keys`."""

    head: str
    query: int
    keys: range


@dataclass(frozen=True, slots=True)
class Looks:
    """What one head should look at in a batch.

    Attributes:
        rows: `[looks]`, the conversation in the batch.
        queries: `[looks]`, the token that looks.
        keys: `[looks, longest]` of bool, the tokens to look at.
    """

    rows: torch.Tensor
    queries: torch.Tensor
    keys: torch.Tensor


@dataclass(frozen=True, slots=True)
class Source:
    """Places of tokens: of the sentence that answers a question, of its passage's number."""

    sentence: range
    number: range


def answer_sources(
    example: Example, shared: list[int], tokenizer: PreTrainedTokenizerFast
) -> dict[Asked, Source]:
    """Where in the passages the answers stand, for the questions that have one.

    Args:
        example: Whose passages were made tokens.
        shared: These tokens, as they begin each of the example's prompts.
        tokenizer: That made them.
    """
    question = example.asked[0].question
    content = grounded_messages(question, example.passages)[1]["content"]
    read = tokenizer(content, return_offsets_mapping=True, add_special_tokens=False)
    offset = _found(shared, read["input_ids"][:8])
    if offset is None:
        return {}

    def tokens(first: int, length: int) -> range:
        inside = [
            offset + place
            for place, (start, end) in enumerate(read["offset_mapping"])
            if end > first and start < first + length
        ]
        return range(inside[0], inside[-1] + 1)

    sources: dict[Asked, Source] = {}
    for asked in example.asked:
        opening, number = '<passage id="', str(asked.passage + 1)
        tag = content.find(f'{opening}{number}">')
        at = content.find(asked.sentence, tag)
        if asked.sentence and tag >= 0 and at >= 0:
            sources[asked] = Source(
                tokens(at, len(asked.sentence)), tokens(tag + len(opening), len(number))
            )
    return sources


def looks_for(
    asked: Asked, source: Source | None, ids: Sequence[int], question: range, reply: range
) -> Iterator[Look]:
    """Where heads should look for one question, by places in `ids`: of its tokens, of its reply's.

    The last token before the reply chooses a sentence, the reply's first goes on with it, ` [`
    chooses a number. All three sum up what was said last. Looking at the first token of all, which
    stands for nothing, is refusing, or having nothing to say.
    """
    chooser, first, citer = reply.start - 1, reply.start, reply.stop - CITATION
    yield Look("summary", chooser, question)
    if not asked.sentence:
        yield Look("refusal", chooser, NOTHING)
        return
    if source is None:
        return
    sentence = source.sentence
    yield Look("refusal", chooser, sentence)
    yield Look("choice", chooser, sentence)
    yield Look("summary", first, question)
    yield Look("again", first, sentence[2:])
    yield Look("summary", citer, range(reply.start, citer))
    yield Look("citation", citer, sentence)
    for place, token in zip(reply[1:-CITATION], sentence[1:], strict=False):
        if ids[place] == ids[token]:
            yield Look("copy", place - 1, range(token, token + 1))
    yield from _silences(chooser, citer)
    yield from _looks_within(source)


def _silences(chooser: int, citer: int) -> Iterator[Look]:
    """At some places of a reply, the heads whose turn it is not."""
    first = chooser + 1
    turns = {
        "choice": range(chooser, first),
        "again": range(first, first + 1),
        "copy": range(first, citer - 1),
        "citation": range(citer, citer + 1),
    }
    for name, turn in turns.items():
        for place in (chooser, first, (first + citer) // 2, citer - 1, citer):
            if place not in turn:
                yield Look(f"silent {name}", place, NOTHING)


def _looks_within(source: Source) -> Iterator[Look]:
    """From the sentence's own tokens."""
    sentence = source.sentence
    for token in sentence:
        yield Look("beginning", token, sentence[:1])
        yield Look("number", token, source.number)
    for token in sentence[2:]:
        yield Look("second", token, sentence[1:2])


def batch_looks(batch: Sequence[Sequence[Look]], longest: int) -> dict[str, Looks]:
    """Looks of a batch's conversations by the name of the head; `longest` is their length."""
    named: dict[str, list[tuple[int, Look]]] = {}
    for row, looks_of_row in enumerate(batch):
        for look in looks_of_row:
            named.setdefault(look.head, []).append((row, look))
    looks: dict[str, Looks] = {}
    for name, found in named.items():
        keys = torch.zeros(len(found), longest, dtype=torch.bool)
        for place, (_, look) in enumerate(found):
            keys[place, look.keys.start : look.keys.stop] = True
        rows = torch.tensor([row for row, _ in found])
        looks[name] = Looks(rows, torch.tensor([look.query for _, look in found]), keys)
    return looks


def guidance_loss(attention: torch.Tensor, looks: Looks) -> torch.Tensor:
    """How little of a head's attention `[batch, longest, longest]` goes where it should: -log."""
    shares = attention[looks.rows, looks.queries] * looks.keys
    return -(shares.float().sum(dim=-1) + 1e-20).log().mean()


def _found(ids: list[int], part: list[int]) -> int | None:
    places = range(len(ids) - len(part) + 1)
    return next((place for place in places if ids[place : place + len(part)] == part), None)
