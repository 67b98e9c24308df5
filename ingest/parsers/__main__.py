"""The worker: `ingest.worker` starts it and talks to it over its standard input and output.

A request is a pickled `Request`, an answer a pickled `Answer`; both ends are this program.
"""

import logging
import os
import pickle
import signal
import sys
import warnings
from io import BufferedWriter
from pathlib import Path

from embedder.errors import DuetError
from ingest.errors import UnreadableError
from ingest.parsers import ocr, parse
from ingest.sniff import HEAD, needs_only_head, sniff
from ingest.version import content_hash
from ingest.worker import Answer, Identity, Parsed, Request

try:
    import resource
except ImportError:  # Windows has no such limits; the time limit, which the parent keeps, holds
    resource = None

ALARM_DELAY = 10
"""Seconds after the parent should have ended us: it was killed itself, so nobody waits for us."""


def main() -> None:
    """Answer requests until standard input ends."""
    logging.disable()  # pypdf warns about each damaged object; what matters is in the answer
    warnings.simplefilter("ignore")
    # Answers keep standard output to themselves: what a library prints goes to standard error.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        _serve(answers)


def _serve(answers: BufferedWriter) -> None:
    held = _Held()
    while True:
        try:
            request: Request = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        _limit(request)
        pickle.dump(_answer(request, held), answers)
        answers.flush()
        if hasattr(signal, "alarm"):
            signal.alarm(0)  # waiting for the next file may take as long as it likes


def _limit(request: Request) -> None:
    if resource:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (request.memory_bytes, hard))
    if hasattr(signal, "alarm"):
        signal.alarm(int(request.seconds) + ALARM_DELAY)


def _head(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(HEAD)


class _Held:
    """The bytes of the file that was read last, until they are parsed."""

    def __init__(self) -> None:
        self._path = ""
        self._data = b""

    def read(self, path: str) -> bytes:
        self._data = b""  # not two at once
        self._path, self._data = path, Path(path).read_bytes()
        return self._data

    def take(self, path: str) -> bytes:
        data = self._data if path == self._path else self.read(path)
        self._path, self._data = "", b""
        return data


def _answer(request: Request, held: _Held) -> Answer:
    try:
        if request.format is None:
            suffix = Path(request.path).suffix
            if needs_only_head(suffix):  # a film is not read to find out that it is none of ours
                sniff(_head(request.path), suffix)
            data = held.read(request.path)
            media_type = sniff(data, suffix)
            return Identity(media_type, content_hash(media_type, data))
        data = held.take(request.path) if request.data is None else request.data
        ocr.begin_file()
        return Parsed(parse(data, request.format), content_hash(request.format, data))
    except DuetError as error:
        return error
    except OSError as error:
        return UnreadableError(f"cannot be read: {error.strerror or error}")
    except MemoryError:
        limit = request.memory_bytes / 2**30
        return UnreadableError(f"needs more than {limit:.1f} GB of memory")
    except RecursionError:
        return UnreadableError("nested too deeply")
    except Exception as error:  # noqa: BLE001 - a parser's own bug on a hostile file fails that file
        what = request.format.name if request.format else "its content"
        return UnreadableError(f"{what}: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
