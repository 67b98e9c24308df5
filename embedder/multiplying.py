"""What multiplies matrices of bfloat16 on a CPU: oneDNN, or torch's own loops.

For a single row these take half the time, for two as much, for more twice and above; between a
query and many keys they take five times as long (`benchmarks/bench.py`).
"""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch


def fastest_for(vectors: torch.Tensor) -> AbstractContextManager[object]:
    """For a pass of input vectors `[batch, tokens, hidden]` through all linear layers.

    It is a setting of the process: enter it where one pass at a time is run.
    """
    is_single = vectors.shape[:2] == (1, 1) and vectors.dtype is torch.bfloat16
    return _onednn(False) if is_single and vectors.device.type == "cpu" else nullcontext()


def attending() -> AbstractContextManager[object]:
    """For the products of attention within such a pass."""
    return _onednn(True)


@contextmanager
def _onednn(multiplies: bool) -> Generator[None]:
    backend = torch.backends.mkldnn
    before, backend.enabled = backend.enabled, multiplies
    try:
        yield
    finally:
        backend.enabled = before
