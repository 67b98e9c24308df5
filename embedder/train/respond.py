"""The language model answers questions: JSON lines in, JSON lines out, resumable line by line."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerFast

from embedder.base import best_device, best_dtype, load_base, load_tokenizer, usable_device
from embedder.base_files import local_base
from embedder.errors import DataError, TrainingError
from embedder.generation import stop_ids
from embedder.tokenizing import Prompter
from embedder.train.pairs import Question, read_questions
from embedder.train.recipe import Asking, Shard

THOUGHT = re.compile(r"<think>.*?(</think>|$)", re.DOTALL)


def respond(
    questions: Path,
    base: str,
    out: Path,
    asking: Asking | None = None,
    shard: Shard | None = None,
    device: str | None = None,
) -> int:
    """Answer the questions of one shard, greedily and without thinking, and append them to `out`.

    What `out` has answered already is not asked again, so a stopped run goes on where it was.

    Args:
        questions: JSON lines with `question`.
        base: A chat model, in one of the forms of `embedder.base_files`.
        out: JSON lines with `id` (the question's line), `question` and `answer`.
        asking: How to ask.
        shard: Which part of the questions; the parts' files can be put together as they are.
        device: Where the base runs; by default the best there is.

    Returns:
        How many questions were answered now.

    Raises:
        DataError: A question is wrong or too long, or `out` holds answers to others.
        TrainingError: The base has no chat template.
    """
    asking, shard = asking or Asking(), shard or Shard()
    mine = read_questions(questions)[shard.index :: shard.count]
    todo = mine[_done(out, mine) :]
    if not todo:
        return 0
    device = usable_device(device or best_device())
    files = local_base(base)
    tokenizer = load_tokenizer(files)
    if not tokenizer.chat_template and not asking.plain:
        msg = (
            f"{base} has no chat template: give the instruction-tuned model of that name, or pass "
            "--plain to ask it as 'User:' and 'Assistant:'"
        )
        raise TrainingError(msg)
    lm = load_base(files, device, best_dtype(device))
    prompter = Prompter(tokenizer)
    prompts = [prompter.prompt_ids([{"role": "user", "content": q.text}]) for q in todo]
    _check_lengths(questions, lm, todo, prompts, asking.max_new_tokens)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("ab") as lines, tqdm(total=len(todo), desc="respond", disable=None) as bar:
        for start in range(0, len(todo), asking.batch):
            part = slice(start, start + asking.batch)
            answers = _answers(lm, tokenizer, prompts[part], asking.max_new_tokens)
            lines.write(_lines(todo[part], answers))
            lines.flush()
            bar.update(len(answers))
    return len(todo)


def _lines(questions: Sequence[Question], answers: Sequence[str]) -> bytes:
    """JSON lines, as `_asked` reads them."""
    answered = [
        {"id": question.line, "question": question.text, "answer": answer}
        for question, answer in zip(questions, answers, strict=True)
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in answered).encode()


def _done(out: Path, mine: Sequence[Question]) -> int:
    """How many of `mine` are answered in `out`; a last line that was cut off is removed.

    Raises:
        DataError: It holds answers to other questions, or is a folder.
    """
    if not out.exists():
        return 0
    if out.is_dir():
        msg = f"{out} is a folder: give the name of a file for --out"
        raise DataError(msg)
    data = out.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    done = [_asked(line) for line in whole.splitlines()]
    same = len(done) <= len(mine) and all(
        asked == (question.line, question.text) for asked, question in zip(done, mine, strict=False)
    )
    if not same:
        msg = f"{out} holds answers to other questions: give another --out, or remove it"
        raise DataError(msg)
    if len(whole) < len(data):
        with out.open("r+b") as file:
            file.truncate(len(whole))
    return len(done)


def _asked(line: bytes) -> tuple[object, object] | None:
    """The number and the question of an answered line."""
    try:
        answered: Any = json.loads(line)
        return answered["id"], answered["question"]
    except (ValueError, KeyError, TypeError):
        return None


def _check_lengths(
    file: Path,
    lm: PreTrainedModel,
    questions: Sequence[Question],
    prompts: Sequence[Sequence[int]],
    new: int,
) -> None:
    window = int(lm.config.get_text_config().max_position_embeddings)
    for question, prompt in zip(questions, prompts, strict=True):
        if len(prompt) + new > window:
            msg = (
                f"{file}, line {question.line}: the question has {len(prompt):,} tokens as a "
                f"prompt; with {new:,} for the answer the model's window of {window:,} is too "
                "small: shorten it, or ask for a shorter answer"
            )
            raise DataError(msg)


def _answers(
    lm: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[Sequence[int]],
    new: int,
) -> list[str]:
    longest = max(len(prompt) for prompt in prompts)
    ids = torch.zeros(len(prompts), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, prompt in enumerate(prompts):
        ids[place, longest - len(prompt) :] = torch.tensor(prompt)
        mask[place, longest - len(prompt) :] = 1
    stops = sorted(stop_ids(lm, tokenizer))
    greedy = GenerationConfig(
        max_new_tokens=new, do_sample=False, eos_token_id=stops or None, pad_token_id=0
    )
    generate: Any = lm.generate
    with torch.inference_mode():
        written = generate(
            ids.to(lm.device), attention_mask=mask.to(lm.device), generation_config=greedy
        )
    return [_text(tokenizer, reply[longest:].tolist(), stops) for reply in written]


def _text(tokenizer: PreTrainedTokenizerFast, ids: list[int], stops: Sequence[int]) -> str:
    end = next((place for place, token in enumerate(ids) if token in stops), len(ids))
    text = str(tokenizer.decode(ids[:end], skip_special_tokens=True))
    return THOUGHT.sub("", text).strip()
