"""All CPU tables of docs/performance.md: the machine's limits, and how near to them we come.

    python benchmarks/bench.py [--markdown docs/performance.md] [--json results.json] [--quick]

Run it alone on the machine. Peers are measured in the same run; figures are medians, of five runs
for the models, of three for starting.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from typing import cast

import index as index_benchmark
import numpy as np
import torch
from rich.console import Console
from rich.table import Table as RichTable
from torch.nn.functional import linear

from app.answering import DEFAULT_POLICY, measure_gate, stream_answer
from app.answering.context import build_context
from app.answering.conversation.followup import Exchange
from app.duet import Duet
from embedder import BUNDLED_MODEL, LLM2VecGen, generation
from embedder.chat import grounded_messages
from embedder.evaluate.encoders import MiniLM
from embedder.lora import ANSWERING
from embedder.prefix_cache import PrefixCache
from ingest import ingest
from retriever import Filter, open_index

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "sample"
WORDS, PASSAGES, READ, WRITTEN, TIMES = 150, 48, 5, 48, 5
QUESTIONS = (
    "Where did the man stand?",
    "What was beyond one of the sentinels?",
    "Who was about to be hanged, and how old was he?",
    "What does a sentinel's position of support mean?",
    "Describe what the other bank of the stream looked like.",
)
TURNS = (
    ("Who patented the typewriter?", "And when was it patented?"),
    ("What is a container?", "Why is it less secure than a separate machine?"),
    ("Who was hanged at Owl Creek Bridge?", "And where did he live?"),
    ("What must not be written into log files?", "And where should they be kept?"),
    ("What does useContext return?", "And what if there is no provider?"),
    ("When does a session of a browser end?", "And what is a session secret?"),
    ("What does Apache need to listen on a port?", "And what if two of them overlap?"),
)


@dataclass(frozen=True)
class Table:
    """A table of figures, as text."""

    title: str
    columns: list[str]
    rows: list[list[str]]

    def markdown(self) -> str:
        """The table with its title."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        told = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"## {self.title}\n\n{told}\n"


@dataclass(frozen=True)
class Machine:
    """What the machine can do: GFLOP/s by type, and GB/s of memory."""

    rates: dict[str, float]
    bandwidth: float


def main() -> None:
    """Print the tables, and write them where they are wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="search at 1,000 passages only")
    options = parser.parse_args()
    console, tables = Console(), []
    for table in _tables(quick=options.quick):
        tables.append(table)
        shown = RichTable(*table.columns, title=table.title)
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
    told = f"{_cpu()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    if options.json:
        content = {"machine": told, "date": day, "tables": [asdict(table) for table in tables]}
        options.json.write_text(json.dumps(content, indent=1) + "\n")
    if options.markdown:
        before, mark, _ = options.markdown.read_text().partition("<!-- make bench -->")
        body = "\n".join(table.markdown() for table in tables)
        options.markdown.write_text(f"{before}{mark}\n\n{told}; {day}.\n\n{body}")


def _tables(*, quick: bool) -> Iterator[Table]:
    machine = _measure_machine()
    rows = [
        [f"multiplying, {name}", f"{rate:,.0f} GFLOP/s"] for name, rate in machine.rates.items()
    ]
    yield Table(
        "The machine", ["", "measured"], [*rows, ["memory", f"{machine.bandwidth:.0f} GB/s"]]
    )
    models = {
        name: LLM2VecGen.from_pretrained(BUNDLED_MODEL, dtype=name)
        for name in ("float32", "bfloat16")
    }
    yield _encoding(models)
    yield _writing(models, machine)
    yield _grounded(models)
    del models
    yield _answers()
    yield _searches((1_000,) if quick else (1_000, 10_000, 100_000))
    yield _starts()


def _measure_machine() -> Machine:
    states, weight = torch.randn(2048, 576), torch.randn(1536, 576)
    work = 2 * states.numel() * len(weight) / 1e9
    rates = {
        str(kind).removeprefix("torch."): work
        / min(
            _seconds(lambda s, w: linear(s, w), states.to(kind), weight.to(kind)) for _ in range(20)
        )
        for kind in (torch.float32, torch.bfloat16)
    }
    large = torch.ones(1 << 27)
    moved = large.nbytes / 1e9
    return Machine(rates, moved / min(_seconds(torch.Tensor.sum, large) for _ in range(5)))


def _encoding(models: dict[str, LLM2VecGen]) -> Table:
    texts = passages()
    exact = models["float32"].encode_documents(texts)
    rows: list[list[str]] = []
    for name, model in models.items():
        tokens = sum(map(model.count_tokens, texts))
        cosine = float((model.encode_documents(texts) * exact).sum(1).min())
        rate = tokens / _median(lambda model=model: model.encode_documents(texts))
        query = _median(lambda model=model: model.encode_queries(["Who patented the typewriter?"]))
        rows.append([f"Duet, {name}", f"{rate:,.0f}", f"{1000 * query:.0f}", f"{cosine:.5f}"])
    minilm = MiniLM()
    tokens = sum(map(models["float32"].count_tokens, texts))  # the same text, the same count
    rate = tokens / _median(lambda: minilm.encode_documents(texts))
    query = _median(lambda: minilm.encode_queries(["Who patented the typewriter?"]))
    rows.append(["MiniLM, float32", f"{rate:,.0f}", f"{1000 * query:.0f}", "-"])
    columns = ["", "tokens/s", "a question, ms", "least cosine to float32"]
    return Table(f"Encoding {len(texts)} passages of {WORDS} words", columns, rows)


def _writing(models: dict[str, LLM2VecGen], machine: Machine) -> Table:
    rows: list[list[str]] = []
    for name, model in models.items():
        lm = model._lm
        bound = machine.bandwidth * 1e9 / sum(p.nbytes for p in lm.parameters() if p.ndim > 1)
        read = passages()[:READ]
        prompt = grounded_messages("What is told here?", read)
        first, rate = zip(*(_written(model, n, prompt) for n in range(TIMES)), strict=True)
        speed = statistics.median(rate)
        rows.append(
            [
                name,
                f"{model.count_prompt_tokens(prompt):,}",
                f"{statistics.median(first):.2f}",
                f"{speed:.1f}",
                f"{speed / bound:.0%}",
            ]
        )
    columns = ["base alone", "prompt, tokens", "first token, s", "tokens/s", "of the memory bound"]
    return Table("Reading a prompt and writing", columns, rows)


def _grounded(models: dict[str, LLM2VecGen]) -> Table:
    rows: list[list[str]] = []
    for name, model in models.items():
        plain, drafted = (
            [_replied(model, question, drafts=drafts) for question in QUESTIONS]
            for drafts in (False, True)
        )
        same = sum(one[0] == other[0] for one, other in zip(plain, drafted, strict=True))
        rates = [
            sum(len(ids) - 1 for ids, _ in replies) / sum(took for _, took in replies)
            for replies in (plain, drafted)
        ]
        cells = [f"{rate:.1f}" for rate in rates]
        rows.append([name, *cells, f"{rates[1] / rates[0]:.1f}", f"{same} of {len(QUESTIONS)}"])
    columns = ["", "one by one, tokens/s", "drafted, tokens/s", "times as fast", "same tokens"]
    return Table("Writing a grounded reply after its first token", columns, rows)


def _replied(model: LLM2VecGen, question: str, *, drafts: bool) -> tuple[list[int], float]:
    """The token ids of a grounded reply, and the seconds after the first of them."""
    ids = model._prompt_ids(grounded_messages(question, passages()[:READ]))
    prompt = generation.Prompt(model._embedded(ids), ids=ids if drafts else ())
    choose = generation.chooser(0.0, None)
    guard = partial(model._mode, ANSWERING)
    tokens = generation.generate(model._lm, prompt, choose, guard=guard)
    reply = [next(tokens)]
    began = time.perf_counter()
    reply += islice(takewhile(lambda token: token not in model._stop_ids, tokens), WRITTEN)
    return reply, time.perf_counter() - began


def _written(model: LLM2VecGen, number: int, prompt: list) -> tuple[float, float]:
    """Seconds to the first token of a prompt that is new, and tokens a second after it."""
    system, user = prompt
    began = time.perf_counter()
    stream = model.stream(
        [{**system, "content": f"{number}. {system['content']}"}, user],
        max_new_tokens=WRITTEN,
        temperature=1.0,
        seed=number,
    )
    next(stream)
    first = time.perf_counter() - began
    rest = "".join(stream)
    return first, model.count_tokens(rest) / (time.perf_counter() - began - first)


def _answers() -> Table:
    questions = [
        json.loads(line)["question"]
        for name in ("questions", "questions_second")
        for line in (ROOT / "data" / f"{name}.jsonl").read_text().splitlines()[:20]
    ]
    with tempfile.TemporaryDirectory() as folder:
        model = LLM2VecGen.from_pretrained(BUNDLED_MODEL)
        with open_index(Path(folder) / "index", model.id) as index:
            report = ingest([SAMPLE], model, index)
        with Duet.open(Path(folder) / "index") as duet:
            measure_gate(duet.retriever, DEFAULT_POLICY)
            model = cast("LLM2VecGen", duet.retriever.model)
            taken = []
            for question in questions:
                _forget(model)
                alone = _seconds(_generated, question, duet)
                _forget(model)
                taken.append((*_answered(question, duet), alone))
            cold, warm = _second_turns(duet, model)
    first, whole, alone = (sorted(times) for times in zip(*taken, strict=True))
    named = {
        "first checked sentence": first,
        "whole answer": whole,
        "search and generation alone, all passages at once": alone,
    }
    rows = [
        [name, f"{statistics.median(times):.2f}", f"{times[int(0.95 * (len(times) - 1))]:.2f}"]
        for name, times in named.items()
    ]
    for name, times in (("cold", cold), ("as the second turn", warm)):
        told = f"first sentence of {len(TURNS)} follow-ups, {name}"
        rows.append([told, f"{statistics.median(times):.2f}", f"{max(times):.2f}"])
    rate = report.embedded_tokens / report.seconds
    rows.append(["ingest of the samples, tokens/s", f"{rate:,.0f}", "-"])
    return Table(f"{len(questions)} questions on the samples", ["", "median s", "p95 s"], rows)


def _second_turns(duet: Duet, model: LLM2VecGen) -> tuple[list[float], list[float]]:
    """Seconds to the first sentence of a follow-up: with nothing read before, and asked at once."""
    cold: list[float] = []
    warm: list[float] = []
    for question, follow_up in TURNS:
        _forget(model)
        history = [duet.ask(question).exchange]
        warm.append(_answered(follow_up, duet, history)[0])
        _forget(model)
        cold.append(_answered(follow_up, duet, history)[0])
    return cold, warm


def _forget(model: LLM2VecGen) -> None:
    """Let nothing that was read for one answer make the next one faster."""
    model._read = PrefixCache(model._lm.config, model._read._max_bytes)


def _generated(question: str, duet: Duet) -> None:
    """What an application does that checks nothing."""
    model = duet.retriever.model
    hits = duet.retriever.retrieve(question, DEFAULT_POLICY.k)
    context = build_context(question, hits, model, max_new_tokens=DEFAULT_POLICY.max_new_tokens)
    messages, longest = context.messages, context.answer_tokens
    "".join(model.stream(messages, max_new_tokens=longest, answering=True))


def _answered(question: str, duet: Duet, history: Sequence[Exchange] = ()) -> tuple[float, float]:
    began, first = time.perf_counter(), None
    for _ in stream_answer(question, duet.retriever, history=history):
        first = first or time.perf_counter() - began
    whole = time.perf_counter() - began
    return first or whole, whole


def _searches(sizes: tuple[int, ...]) -> Table:
    rows: list[list[str]] = []
    for size in sizes:
        texts, vectors = index_benchmark.passages(size)
        with tempfile.TemporaryDirectory() as folder:
            wrote, built = index_benchmark.write(folder, texts, vectors)
            began = time.perf_counter()
            with open_index(folder, index_benchmark.encoder()) as index:
                opened = time.perf_counter() - began
                found = [
                    list(index_benchmark.searches(index, texts, vectors, 100, mode, where))
                    for mode in ("dense", "hybrid")
                    for where in (None, Filter(source="/folder3"))
                ]
            disk = sum(f.stat().st_blocks * 512 for f in Path(folder).rglob("*") if f.is_file())
        times = [np.percentile([took for took, _ in each], (50, 95)) * 1000 for each in found]
        cells = [f"{p50:.1f} / {p95:.1f}" for p50, p95 in times]
        recall = np.mean([share for _, share in found[0]])
        figures = [f"{size / wrote:,.0f}", f"{built:.1f}", f"{opened:.2f}", f"{disk >> 20:,}"]
        rows.append([f"{size:,}", *cells, f"{recall:.3f}", *figures])
    names = ["dense", "dense, filtered", "hybrid", "hybrid, filtered"]
    columns = ["passages", *(f"{name}, ms p50 / p95" for name in names), "recall@10"]
    columns += ["written/s", "graph, s", "opening, s", "disk, MB"]
    title = f"Searching, {index_benchmark.DIMENSION} dimensions, a folder (Qdrant Edge)"
    return Table(title, columns, rows)


def _starts() -> Table:
    with tempfile.TemporaryDirectory() as folder:
        index = f"--index={folder}/index"
        _run("-m", "ingest", str(SAMPLE), "--quiet", index)
        ask = ("-m", "app", "ask", "Who patented the typewriter?", index)
        rows = [
            [name, f"{statistics.median(_run(*command) for _ in range(3)):.2f}"]
            for name, command in (
                ("python -m app --help", ("-m", "app", "--help")),
                ("python -m ingest --help", ("-m", "ingest", "--help")),
                ("python -m app ask, from nothing to the whole answer", ask),
            )
        ]
    return Table("Starting", ["", "median s"], rows)


def _run(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - began


def passages() -> list[str]:
    """Passages of the same number of words, of a sample document."""
    words = (SAMPLE / "owl_creek_bridge.txt").read_text().split()
    words *= 1 + WORDS * PASSAGES // len(words)
    return [" ".join(words[i * WORDS : (i + 1) * WORDS]) for i in range(PASSAGES)]


def _median(work: Callable[[], object]) -> float:
    work()
    return statistics.median(_seconds(work) for _ in range(TIMES))


def _seconds(work: Callable[..., object], *given: object) -> float:
    began = time.perf_counter()
    work(*given)
    return time.perf_counter() - began


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
