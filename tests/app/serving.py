"""The server in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]


def start(port: int, log: Path, *command: str, **environ: str) -> subprocess.Popen[bytes]:
    """A server that is ready; whoever starts it ends it."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("DUET_")}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            env={**inherited, **environ},
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/api/readyz", process, log)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


@contextmanager
def server(port: int, log: Path, *command: str, **environ: str) -> Iterator[str]:
    process = start(port, log, *command, **environ)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in (130, -signal.SIGINT), log.read_text()


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(url):
                return
        except URLError:
            time.sleep(0.25)
    pytest.fail(f"not ready after a minute:\n{log.read_text()}")
