"""What is done to the index while the application runs: the jobs that use `ingest`."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.conversations import Suggestions
from app.library.courtesy import CourteousEncoder
from app.library.job import Control, Outcome
from app.library.uploads import Arrival
from embedder.encoder import LanguageModel
from embedder.errors import DuetError
from retriever import Retriever

if TYPE_CHECKING:
    from ingest import Progress, Report

KEPT = frozenset({"indexed", "unchanged", "replaced", "moved"})
"""Outcomes of a file that is in the index."""

OpenRetriever = Callable[[], Retriever[LanguageModel]]


class UploadWork:
    """Index an uploaded file, or have all as it was before."""

    def __init__(
        self, arrival: Arrival, open_retriever: OpenRetriever, suggestions: Suggestions
    ) -> None:
        self._arrival = arrival
        self._open = open_retriever
        self._suggestions = suggestions

    def run(self, control: Control) -> Outcome:
        """Do it; see `Work`."""
        from ingest import ingest

        retriever, path = self._open(), self._arrival.path
        kept = False
        try:
            self._arrival.put()
            with self._suggestions.paused(by_person=False):
                report = ingest(
                    [path],
                    _courteous(retriever.model, control),
                    retriever.index,
                    progress=_teller(control),
                )
            kept = any(entry.outcome in KEPT for entry in report.entries)
        except OSError as error:
            msg = f"Cannot keep the file at {path}: {error.strerror or error}"
            raise DuetError(msg) from error
        finally:
            if kept:
                self._arrival.settle()
            elif control.cancelled or not control.is_set():
                self._take_back(retriever)
            if control.cancelled:
                self._arrival.drop()
        outcome = _outcome(report)
        if not kept and not control.is_set():
            self._arrival.fail(outcome.detail)
        return outcome

    def drop(self) -> None:
        """Nobody wants it any more."""
        self._arrival.take_back()
        self._arrival.drop()

    @property
    def size(self) -> int:
        """Of the kept file, in bytes."""
        return self._arrival.size

    def _take_back(self, retriever: Retriever[LanguageModel]) -> None:
        from ingest import ingest

        if self._arrival.take_back():  # a version without text may have taken it out of the index
            ingest([self._arrival.path], retriever.model, retriever.index)


class PathsWork:
    """Bring the index in line with files and folders of this machine."""

    def __init__(
        self,
        paths: Sequence[Path],
        options: dict[str, Any],
        open_retriever: OpenRetriever,
        suggestions: Suggestions,
    ) -> None:
        self._paths = paths
        self._options = options
        self._open = open_retriever
        self._suggestions = suggestions

    def run(self, control: Control) -> Outcome:
        """Do it; see `Work`."""
        from ingest import ingest

        retriever = self._open()
        with self._suggestions.paused(by_person=False):
            report = ingest(
                self._paths,
                _courteous(retriever.model, control),
                retriever.index,
                progress=_teller(control),
                **self._options,
            )
        return _outcome(report)

    def drop(self) -> None:
        """Nobody wants it any more."""

    @property
    def size(self) -> int:
        """Of the kept file, in bytes."""
        return 0


def _courteous(model: LanguageModel, control: Control) -> CourteousEncoder:
    def give_way() -> None:
        control.give_way()
        _check_wanted(control)

    return CourteousEncoder(model, give_way)


def _teller(control: Control) -> "Callable[[Progress], None]":
    def tell(progress: "Progress") -> None:
        control.tell(
            files=progress.files,
            files_total=progress.files_total,
            chunks=progress.chunks,
            chunks_total=progress.chunks_total,
        )
        _check_wanted(control)

    return tell


def _check_wanted(control: Control) -> None:
    from ingest import Stopped

    if control.is_set():
        raise Stopped


def _outcome(report: "Report") -> Outcome:
    """What became of it: of one file with its reason, of several by how many."""
    result = json.loads(report.to_json())
    if len(report.entries) == 1:
        (entry,) = report.entries
        detail = ", ".join(filter(None, (entry.outcome, entry.detail, entry.note)))
        return Outcome(entry.outcome in KEPT, detail, result)
    counts = [f"{count:,} {name}" for name, count in result["totals"].items() if count]
    good = not report.interrupted and not report.exit_code
    return Outcome(good, ", ".join(counts) or "nothing to do", result)
