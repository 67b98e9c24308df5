"""The worker: `ingest.worker` starts it and talks to it over its standard input and output.

A request is a pickled `Request`, an answer a pickled `Parsed`; both ends are this program.
"""

import logging
import os
import pickle
import signal
import sys
import warnings
from io import BufferedWriter
from pathlib import Path

from ingest.errors import NoTextError, UnreadableError
from ingest.parsers import parse
from ingest.version import content_hash
from ingest.worker import Parsed, Request

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
    while True:
        try:
            request: Request = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        _limit(request)
        pickle.dump(_answer(request), answers)
        answers.flush()
        if hasattr(signal, "alarm"):
            signal.alarm(0)  # waiting for the next file may take as long as it likes


def _limit(request: Request) -> None:
    if resource:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (request.memory_bytes, hard))
    if hasattr(signal, "alarm"):
        signal.alarm(int(request.seconds) + ALARM_DELAY)


def _answer(request: Request) -> Parsed:
    try:
        data = Path(request.path).read_bytes()
        document = parse(data, request.format)
    except NoTextError as error:
        return Parsed(no_text=str(error))
    except UnreadableError as error:
        return Parsed(unreadable=str(error))
    except OSError as error:
        return Parsed(unreadable=f"cannot be read: {error.strerror or error}")
    except MemoryError:
        return Parsed(unreadable=f"needs more than {request.memory_bytes / 2**30:.1f} GB of memory")
    except RecursionError:
        return Parsed(unreadable="nested too deeply")
    except Exception as error:  # noqa: BLE001 - a parser's own bug on a hostile file fails that file
        return Parsed(unreadable=f"{request.format.name}: {type(error).__name__}: {error}")
    return Parsed(document=document, content_hash=content_hash(request.format, data))


if __name__ == "__main__":
    main()
