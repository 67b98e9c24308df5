"""`python -m app ask`: one question, its answer and its sources in the terminal."""

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from app.answering import Policy, Sentence, drain, stream_answer
from app.as_data import answer_data
from app.runtime import EmptyIndexError, Runtime
from app.settings import Settings
from embedder.errors import DuetError
from retriever import DEFAULT_K, Filter, Mode, check_free, index_folder
from retriever.owner import Owner, owner_of

_BIDI_CONTROLS = frozenset("LRE RLE LRO RLO PDF LRI RLI FSI PDI".split())


def ask(
    question: str,
    settings: Settings,
    *,
    where: Filter | None = None,
    k: int = DEFAULT_K,
    search: Mode = "hybrid",
) -> None:
    """Answer a question and print the answer as it is written, then with its sources.

    Args:
        question: What to ask.
        settings: Model, index, and what writes.
        where: Which passages to look at; by default all.
        k: How many passages are retrieved.
        search: What finds them.

    Raises:
        DuetError: It cannot be answered; the text says why.
    """
    address = settings.index.value
    if _is_missing(index_folder(address)):
        raise EmptyIndexError(address)  # told before a model is loaded
    owner = None if settings.choose_a_model else owner_of(address)
    if owner is not None:
        _ask_owner(owner, question, where or Filter(), k, search)
        return
    check_free(address)
    runtime = Runtime.from_settings(settings)
    try:
        records = runtime.library.documents()
        if not records:
            raise EmptyIndexError(address)
        for below in (where and where.sources) or ():
            if any(Path(record.source).is_relative_to(below) for record in records):
                continue
            msg = f"No indexed document is at {below}. Index it: python -m ingest {below}"
            raise DuetError(msg)
        policy = Policy(k=k, mode=search)
        _print_answer(question, runtime, where or Filter(), policy)
    finally:
        runtime.close()


def _is_missing(folder: Path | None) -> bool:
    try:
        return folder is not None and not folder.exists()
    except OSError:
        return False  # opening it says what is wrong with it


def _ask_owner(owner: Owner, question: str, where: Filter, k: int, search: Mode) -> None:
    """Have the program answer that has the index open: the same, and without loading a model."""
    told = {name: value for name, value in asdict(where).items() if value is not None}
    for name in ("modified_after", "modified_before"):
        if name in told:
            told[name] = told[name].astimezone().isoformat()
    body = {"question": question, "k": k, "search": search, **told}
    console = Console(highlight=False)
    with console.status(f"Asking {owner.url}, which has the index open …"):
        answer = owner.call("POST", "/api/answer", body)
    show_answer(answer, console)


def _print_answer(question: str, runtime: Runtime, where: Filter, policy: Policy) -> None:
    console = Console(highlight=False)
    retriever = runtime.retriever.within(where)
    written = Text()
    with Live(written, console=console, transient=True, vertical_overflow="crop") as live:

        def show(sentence: Sentence) -> None:
            written.append(harmless(sentence.before + sentence.marked()))
            live.refresh()

        stream = stream_answer(question, retriever, policy=policy)
        answer = drain(stream, show)
    show_answer(answer_data(answer), console)


def show_answer(answer: Mapping[str, Any], console: Console) -> None:
    """Print an answer, what the reader should know of it, and the quotes that it rests on.

    Args:
        answer: As `app.as_data.answer_data` tells it.
        console: Where it is printed.
    """
    console.print(Text(harmless(answer["text"])))
    if answer["notice"]:
        console.print(Text(answer["notice"], style="yellow"))
    if answer["citations"]:
        title = "Closest passages" if answer["kind"] == "refused" else "Sources"
        console.print(Text(f"\n{title}", style="bold"))
    for citation in answer["citations"]:
        place = Text(f"[{citation['number']}] ", style="cyan")
        console.print(place.append(one_line(citation["place"]), style="bold"))
        quote = one_line(citation["quote"])
        console.print(Padding(Text(f"“{quote}”", style="dim"), (0, 0, 0, 4)))
    if answer["left_out"]:
        count = len(answer["left_out"])
        msg = f"{count} more passages were found but did not fit into the prompt."
        console.print(Text(msg, style="dim"))


def harmless(text: str) -> str:
    """Text that does not steer the terminal: without control characters and bidi overrides."""
    return "".join("�" if _steers(c) else c for c in text)


def one_line(text: str) -> str:
    """The same, and on one line."""
    return harmless(" ".join(text.split()))


def _steers(character: str) -> bool:
    control = unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"
    return control or unicodedata.bidirectional(character) in _BIDI_CONTROLS
