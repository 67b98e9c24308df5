"""Connects to a Ray cluster, or starts one that is this machine alone."""

import importlib.util
import logging
import math
import os
import socket
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from embedder.errors import DuetError

LOCAL = "local"
"""Address that means: start Ray here, for as long as the run takes."""
RUNNING = "auto"
"""Address that means: the Ray of this machine, which runs already."""
_ANSWER_SECONDS = 20
"""How long a cluster may take to answer `ray status`; `ray.init` alone would try for minutes."""


class ClusterError(DuetError):
    """Ray is not there, the cluster cannot be reached, or its workers cannot do the work."""


@dataclass(frozen=True, slots=True)
class Share:
    """What each worker gets of a cluster.

    Attributes:
        workers: How many there are.
        cpus: Cores of each, or the part of one.
        gpus: GPUs of each, or the part of one.
    """

    workers: int
    cpus: float
    gpus: float


@contextmanager
def connected(address: str, workers: int | None) -> Generator[Share]:
    """Connect this process to a Ray cluster; yields what each worker gets of it.

    Args:
        address: `HOST:PORT` of its head, `LOCAL` or `RUNNING`.
        workers: See `share`.

    Raises:
        ClusterError: Ray is not installed, or does not answer there, or there is no core.
    """
    if importlib.util.find_spec("ray") is None:
        msg = "--ray needs Ray, which is not installed: pip install 'duet-rag[ray]'"
        raise ClusterError(msg)
    # Read when Ray is imported. Nothing is reported to anybody, whatever the user's settings are.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from ray.exceptions import RayError

    if address not in (LOCAL, RUNNING):
        _check_answers(address)
    try:
        ray.init(
            address=address,
            include_dashboard=False if address == LOCAL else None,
            log_to_driver=False,  # what concerns the user is in the report
            logging_level=logging.ERROR,
        )
    except ConnectionError as error:
        msg = f"no Ray cluster at {address}: give HOST:PORT of its head, or start it with ray start"
        raise ClusterError(msg) from error
    except (RayError, RuntimeError, ValueError) as error:
        msg = f"cannot join the Ray cluster at {address}: {str(error).splitlines()[0]}"
        raise ClusterError(msg) from error
    try:
        yield share(ray.nodes(), workers)
    finally:
        ray.shutdown()


def share(nodes: Sequence[dict[str, Any]], wanted: int | None) -> Share:
    """Divides a cluster among workers.

    Args:
        nodes: Its machines, as `ray.nodes()` tells them.
        wanted: How many workers there are to be; None for one to each GPU, or to each machine
            where there is no GPU.

    Raises:
        ClusterError: No machine offers a core.
    """
    resources = [node["Resources"] for node in nodes if node["Alive"]]
    cores = [int(each["CPU"]) for each in resources if each.get("CPU", 0) >= 1]
    if not cores:
        msg = "no machine of the Ray cluster offers a CPU core: start some with ray start"
        raise ClusterError(msg)
    gpus = int(sum(each.get("GPU", 0) for each in resources))
    workers = wanted or gpus or len(cores)
    cpus = min(cores) / math.ceil(workers / len(cores))  # of the smallest machine
    return Share(workers, cpus if cpus < 1 else int(cpus), min(1.0, gpus / workers))


def _check_answers(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_ANSWER_SECONDS).close()
    except OSError as error:
        msg = f"no Ray cluster at {address}: {error.strerror or error}; nothing was changed"
        raise ClusterError(msg) from error
    command = [sys.executable, "-m", "ray.scripts.scripts", "status", "--address", address]
    problem = "does not answer"
    try:
        done = subprocess.run(command, capture_output=True, timeout=_ANSWER_SECONDS, check=False)
        if done.returncode == 0:
            return
        problem = done.stderr.decode(errors="replace").strip().rpartition("\n")[2] or problem
    except subprocess.TimeoutExpired:
        pass
    if "AuthenticationError" in problem:
        msg = (
            f"the Ray cluster at {address} asks for a token: set RAY_AUTH_MODE=token, and have the "
            "same ~/.ray/auth_token as its head; nothing was changed"
        )
    else:
        msg = (
            f"no Ray cluster answers at {address} ({problem}): expected HOST:PORT as `ray start "
            "--head` prints it, not the port of its dashboard; nothing was changed"
        )
    raise ClusterError(msg)
