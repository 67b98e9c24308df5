"""Where `python -m ingest` has its work done: `--ray` says on the machines of a cluster."""

from argparse import Namespace
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedder.encoder import Encoder
    from ingest.cluster.connection import Share
    from ingest.stages import Stages


def cluster(options: Namespace) -> "AbstractContextManager[Share | None]":
    """The connection to the cluster, if one is asked for; made before a model is loaded."""
    if not options.ray:
        return nullcontext()
    from ingest.cluster.connection import connected

    return connected(options.ray, options.workers)


def stages(
    options: Namespace, model: "Encoder", share: "Share | None"
) -> "AbstractContextManager[Stages]":
    """What reads and embeds: this process, or the workers that share the cluster."""
    if share is None:
        from ingest.stages import Here

        return nullcontext(Here(model, options.chunk_tokens))
    from ingest.cluster.elsewhere import Elsewhere

    name = options.model or None
    if name and Path(name).is_dir():  # a worker runs in another folder
        name = str(Path(name).resolve())
    return Elsewhere(model, name, options.chunk_tokens, share)
