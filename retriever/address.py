"""From an address to an index: a folder is Qdrant Edge, a URL is a Qdrant server."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from embedder.encoder import EncoderId
from retriever.engine import Engine, Location
from retriever.errors import AddressError, RetrieverError
from retriever.index import Index
from retriever.schema import DocumentRecord

DEFAULT_ADDRESS = ".duet/index"
"""Where the index lies if nobody says otherwise."""


def index_folder(address: str | Path) -> Path | None:
    """The absolute folder of an address; None if it is the URL of a Qdrant server.

    Raises:
        AddressError: It is neither.
    """
    text = str(address)
    if text.startswith(("http://", "https://")):
        return None
    if not text or "://" in text:
        msg = (
            f"{text!r} is no address of an index: expected a folder (such as {DEFAULT_ADDRESS}) "
            "or the URL of a Qdrant server (http://host:6333)"
        )
        raise AddressError(msg)
    try:
        return Path(address).expanduser().absolute()
    except RuntimeError as error:
        msg = f"The folder {text} cannot be found: there is no such user. Give another folder."
        raise AddressError(msg) from error


def masked(address: str | Path) -> str:
    """An address as it may be shown and logged: without the password that its URL may have."""
    text = str(address)
    scheme, separator, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    if not separator or "@" not in host:
        return text
    return f"{scheme}://***@{host.rpartition('@')[2]}{slash}{path}"


def check_free(address: str | Path) -> None:
    """Tell at once that another process has a folder open, before anything is loaded for it.

    Raises:
        IndexLockedError: It has.
        AddressError: The address is none.
    """
    folder = index_folder(address)
    if folder is not None and os.path.exists(folder / "lock"):  # noqa: PTH110 - quiet on any name
        from retriever.edge.lock import FolderLock

        FolderLock(folder / "lock").close()


def open_index(address: str | Path, encoder: EncoderId, *, api_key: str | None = None) -> Index:
    """Open the index at `address`; make it if there is none.

    Args:
        address: A folder, or the `http(s)://` URL of a Qdrant server; `#name` at the URL's end
            chooses the collection (default `duet`).
        encoder: Whose vectors it holds, or will hold: `model.id`.
        api_key: The server's.

    Raises:
        IndexLockedError: Another process has the folder open.
        EncoderMismatchError: The index was made by another encoder.
        IndexDamagedError: Files of the index are missing or torn.
        ServerUnreachableError: No server answers, or it refuses the key.
        AddressError: The address is none, or something else lies there.
    """
    return Index(_location(address, api_key).open(encoder))


def open_present(address: str | Path, *, api_key: str | None = None) -> Index:
    """Open the index at `address`, whatever encoder made it; nothing is made there.

    Args:
        address: See `open_index`.
        api_key: The server's.

    Raises:
        RetrieverError: There is none, or see `open_index`.
    """
    engine = _present(address, api_key)
    if engine is None:
        msg = f"There is no index at {masked(address)}. Make it: python -m ingest FOLDER"
        raise RetrieverError(msg)
    return Index(engine)


def present_documents(address: str | Path, *, api_key: str | None = None) -> list[DocumentRecord]:
    """Every document of the index at `address`, whatever encoder made it; empty without an index.

    Args:
        address: See `open_index`; a folder must not be open meanwhile.
        api_key: The server's.

    Raises:
        IndexDamagedError: Nobody can say what the index holds.
        RetrieverError: See `open_index`.
    """
    engine = _present(address, api_key)
    if engine is None:
        return []
    with Index(engine) as index:
        return index.documents()


def _present(address: str | Path, api_key: str | None) -> Engine | None:
    folder = index_folder(address)
    if folder is not None and not folder.exists():
        return None  # looking would make a folder
    return _location(address, api_key).present()


@contextmanager
def rebuild(
    address: str | Path, encoder: EncoderId, *, api_key: str | None = None
) -> Generator[Index]:
    """Build an index anew beside the one at `address`, and put it in its place at the end.

    Yields an empty index, whatever encoder made the present one. When the block ends cleanly the
    new index is published in one step and the former one is kept for `rollback`; when it raises,
    the new one is dropped and nothing has changed. The index is closed at the end.

    Args:
        address: See `open_index`; a folder must not be open meanwhile. Programs that have a
            server's index open go on reading the former one until they open it again.
        encoder: The new one.
        api_key: The server's.
    """
    with _location(address, api_key).rebuild(encoder) as engine:
        yield Index(engine)


def rollback(address: str | Path, *, api_key: str | None = None) -> None:
    """Put the index that the last `rebuild` replaced back in its place; again: forth.

    A folder must not be open. What was ingested since the rebuild stays in the other one.

    Raises:
        RetrieverError: There is no former index.
    """
    _location(address, api_key).rollback()


def _location(address: str | Path, api_key: str | None) -> Location:
    folder = index_folder(address)
    if folder is None:
        from retriever.server import Server

        return Server.at(str(address), api_key=api_key)
    from retriever.edge.engine import EdgeFolder

    return EdgeFolder(folder)
