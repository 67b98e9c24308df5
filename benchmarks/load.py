"""Many clients at once, a large upload beside them, and a kill in the middle of it all.

    python benchmarks/load.py [--clients 50] [--seconds 60]

The server runs with the bundled model over `data/sample`, in a folder of its own. Clients search,
embed and ask without pause; what comes back must be 200 or 429 and be the answer to what was asked.
Then one client searches alone, and again while 2 MB of text come in. Last the server is killed
while files are being sent: each that it had taken must be indexed after the next start.
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx2 as httpx
import psutil
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
QUESTIONS = {
    "Who patented the typewriter?": "word_processor_history",
    "What is a container?": "glossary_container",
    "How do I stop the Apache server gracefully?": "httpd_stopping",
    "What does useContext return?": "react_useContext",
    "When does a session end?": "nist_800-63b_sec7",
}
PORT = 18_931
URL = f"http://127.0.0.1:{PORT}/api"


def main() -> int:
    """Print three tables; returns 1 if something was lost or answered wrongly."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only-clients", action="store_true", help="the first table alone")
    options = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        environ = {**os.environ, "DUET_INDEX": str(folder / "index"), "PYTHONPATH": str(ROOT)}
        ingest = [sys.executable, "-m", "ingest", "--quiet", str(ROOT / "data" / "sample")]
        subprocess.run(ingest, env=environ, check=True)
        server = _start(environ)
        good = _many(server, options.clients, options.seconds, console)
        if options.only_clients:
            server.send_signal(signal.SIGINT)
            server.wait()
            return 0 if good else 1
        _beside_an_upload(console)
        good &= _killed(server, environ, console)
    return 0 if good else 1


def _start(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "app", "serve", "--port", str(PORT)]
    server = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    for _ in range(600):
        with suppress(httpx.HTTPError):
            if httpx.get(f"{URL}/readyz").status_code == 200:
                return server
        time.sleep(0.1)
    msg = "the server was not ready within a minute"
    raise SystemExit(msg)


def _many(server: subprocess.Popen[bytes], clients: int, seconds: float, console: Console) -> bool:
    seen: Counter[tuple[str, str]] = Counter()
    taken: dict[str, list[float]] = {}
    until = time.monotonic() + seconds
    memory = psutil.Process(server.pid).memory_info
    before = memory().rss

    def client(number: int) -> None:
        chance = random.Random(number)
        with httpx.Client(timeout=300) as http:
            while time.monotonic() < until:
                kind, outcome, waited = _once(http, chance)
                seen[kind, outcome] += 1
                taken.setdefault(kind, []).append(waited)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    health: list[float] = []
    sizes: list[int] = []
    while time.monotonic() < until:
        started = time.monotonic()
        httpx.get(f"{URL}/healthz", timeout=60)
        health.append(time.monotonic() - started)
        sizes.append(memory().rss)
        time.sleep(0.5)
    for thread in threads:
        thread.join()
    table = Table(
        "request", "outcomes", "p50 s", "p95 s", title=f"{clients} clients, {seconds:g} s"
    )
    for kind, waits in {**taken, "healthz": health}.items():
        outcomes = ", ".join(f"{n} {o}" for (k, o), n in sorted(seen.items()) if k == kind)
        table.add_row(kind, outcomes, f"{statistics.median(waits):.2f}", f"{_p95(waits):.2f}")
    console.print(table)
    told = ", ".join(f"{rss >> 20:,}" for rss in (before, *sizes[:: max(1, len(sizes) // 6)]))
    console.print(f"memory, MB: {told}")
    return {outcome for _, outcome in seen} <= {"200", "429"}


def _once(http: httpx.Client, chance: random.Random) -> tuple[str, str, float]:
    """One request: its kind, its status or what was wrong with what came, and its seconds."""
    question, document = chance.choice(list(QUESTIONS.items()))
    kind = chance.choices(("search", "answer", "embeddings"), (6, 1, 3))[0]
    started = time.monotonic()
    if kind == "embeddings":
        response = http.post(f"{URL}/v1/embeddings", json={"input": [question, "x"]})
        right = response.is_error or len(response.json()["data"]) == 2
    elif kind == "search":
        response = http.post(f"{URL}/search", json={"question": question, "k": 3})
        right = response.is_error or any(document in h["source"] for h in response.json()["hits"])
    else:
        response = http.post(f"{URL}/answer", json={"question": question})
        right = response.is_error or response.json()["question"] == question
    outcome = str(response.status_code) if right else "another's answer"
    return kind, outcome, time.monotonic() - started


def _beside_an_upload(console: Console) -> None:
    words = "\n\n".join(
        f"Note {n}. The machine {n} stands in hall {n % 7} and weighs {3 * n} kg."
        for n in range(32_000)
    )
    alone = _searches(20)
    job = httpx.put(
        f"{URL}/documents/long.md", content=words.encode()[: 2 << 20], timeout=60
    ).json()
    while not httpx.get(f"{URL}/jobs/{job['id']}").json()["passages"]:
        time.sleep(0.2)
    beside = _searches(20)
    httpx.delete(f"{URL}/jobs/{job['id']}")
    table = Table("", "p50 s", "p95 s", title="Search, one client")
    for name, waits in (("alone", alone), ("beside an upload of 2 MB", beside)):
        table.add_row(name, f"{statistics.median(waits):.3f}", f"{_p95(waits):.3f}")
    console.print(table)


def _searches(count: int) -> list[float]:
    waits: list[float] = []
    for n in range(count):
        started = time.monotonic()
        question = list(QUESTIONS)[n % len(QUESTIONS)]
        httpx.post(f"{URL}/search", json={"question": question}, timeout=60).raise_for_status()
        waits.append(time.monotonic() - started)
        time.sleep(0.3)
    return waits


def _killed(server: subprocess.Popen[bytes], environ: dict[str, str], console: Console) -> bool:
    taken: list[str] = []

    def sender(number: int) -> None:
        with suppress(httpx.HTTPError):
            for n in range(1_000):
                name = f"sent-{number}-{n}.md"
                text = f"The zebra number {number}-{n} sleeps in barn {n}.\n\n" * 40
                if httpx.put(f"{URL}/documents/{name}", content=text.encode()).status_code == 202:
                    taken.append(name)

    threads = [threading.Thread(target=sender, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(4)
    server.send_signal(signal.SIGKILL)
    for thread in threads:
        thread.join()
    server.wait()
    started = time.monotonic()
    server = _start(environ)
    ready = time.monotonic() - started
    while any(
        j["state"] in ("waiting", "running") for j in httpx.get(f"{URL}/jobs").json()["jobs"]
    ):
        time.sleep(0.5)
    listed = httpx.get(f"{URL}/documents", timeout=60).json()["documents"]
    names = {Path(document["source"]).name for document in listed}
    lost = [name for name in taken if name not in names]
    server.send_signal(signal.SIGINT)
    server.wait()
    console.print(
        f"killed with {len(taken)} files taken: ready after {ready:.1f} s, {len(lost)} of them lost"
    )
    return not lost


def _p95(waits: list[float]) -> float:
    return sorted(waits)[int(0.95 * (len(waits) - 1))]


if __name__ == "__main__":
    sys.exit(main())
