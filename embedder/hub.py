"""Folders of model files: a local folder as it is, a hub id through huggingface_hub's cache."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from embedder import BUNDLED_MODEL
from embedder.errors import CheckpointError

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")

# Everything a checkpoint or a base needs; not the same weights once more in another format.
_NEEDED = ["*.json", "*.yml", "*.jinja", "*.txt", "*.model", "*.safetensors", "*_mlp"]


_EXPECTED = "expected a folder, or a hub id (owner/name)"


def existing_path(source: str | Path) -> Path | None:
    """The path `source` in full, `~` being the home folder; None if nothing is there.

    Raises:
        CheckpointError: Something is there that cannot be opened.
    """
    try:
        path = Path(source).expanduser()
        return path.resolve() if path.exists() else None
    except (OSError, RuntimeError) as error:  # RuntimeError: nobody's home
        reason = error.strerror if isinstance(error, OSError) else str(error)
        msg = f"{source} cannot be opened ({reason}): {_EXPECTED}"
        raise CheckpointError(msg) from error


def existing_folder(source: str | Path) -> Path | None:
    """The folder `source`, as `existing_path`.

    Raises:
        CheckpointError: A file is there, or something that cannot be opened.
    """
    path = existing_path(source)
    if path is not None and not path.is_dir():
        msg = f"{source} is a file: {_EXPECTED}"
        raise CheckpointError(msg)
    return path


def local_folder(source: str | Path, revision: str | None = None) -> Path:
    """The folder that holds the files of `source`.

    Args:
        source: A folder, or a hub id `owner/name`. An id is downloaded once; later, and without a
            network, the cached files are used.
        revision: Branch, tag or commit of a hub id; ignored for a folder.

    Raises:
        CheckpointError: There is no such folder or id, or neither a network nor a cached copy.
    """
    folder = existing_folder(source)
    if folder is not None:
        return folder
    if Path(source) == BUNDLED_MODEL:
        msg = (
            f"the bundled model is not in {source}: it comes with a clone of the repository, "
            "installed with pip install --editable; or name another model"
        )
        raise CheckpointError(msg)
    if not _HUB_ID.fullmatch(str(source)):
        msg = f"there is no folder {source}, and it is no hub id either (expected owner/name)"
        raise CheckpointError(msg)
    with _told(str(source), revision):
        return Path(snapshot_download(str(source), revision=revision, allow_patterns=_NEEDED))


def local_file(repository: str, name: str) -> Path:
    """The file `name` of a hub repository, and no other of its files; downloaded once.

    Raises:
        CheckpointError: There is no such repository or file, or neither a network nor a cached
            copy.
    """
    if not _HUB_ID.fullmatch(repository):
        msg = f"{repository}#{name} is no file of a hub repository (expected owner/name#file.gguf)"
        raise CheckpointError(msg)
    with _told(repository, None):
        try:
            return Path(hf_hub_download(repository, name))
        except LocalEntryNotFoundError:  # an EntryNotFoundError too, but only not downloaded yet
            raise
        except EntryNotFoundError as error:
            msg = (
                f"model {repository} has no file {name}: see its files at "
                f"https://huggingface.co/{repository}/tree/main"
            )
            raise CheckpointError(msg) from error


@contextmanager
def _told(source: str, revision: str | None) -> Generator[None]:
    """What goes wrong with a download, as one line."""
    try:
        yield
    except CheckpointError:
        raise
    except RevisionNotFoundError as error:
        msg = f"model {source} has no revision {revision!r}"
        raise CheckpointError(msg) from error
    except RepositoryNotFoundError as error:
        msg = (
            f"there is no model {source}: neither a folder of that name nor a repository that "
            "the hub shows to you (a private one needs `hf auth login`)"
        )
        raise CheckpointError(msg) from error
    except LocalEntryNotFoundError as error:
        msg = (
            f"model {source} is not in the local cache, and the hub cannot be reached: "
            "connect once, or give the folder of a downloaded model"
        )
        raise CheckpointError(msg) from error
    except Exception as error:
        # A connection that drops raises what the HTTP library of the day raises.
        msg = f"model {source} could not be downloaded: {' '.join(str(error).split())}"
        raise CheckpointError(msg) from error
