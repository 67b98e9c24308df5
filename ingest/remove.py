"""Take documents out of an index by the paths of their files, which may be gone."""

from collections.abc import Sequence
from pathlib import Path

from ingest.errors import InputError
from ingest.report import printable
from retriever import DocumentRecord, Index


def remove(paths: Sequence[Path], index: Index) -> list[DocumentRecord]:
    """Take files, or all files below folders, out of an index; the files stay as they are.

    Args:
        paths: Of files and folders; whether they exist does not matter.
        index: Any encoder may have made it.

    Returns:
        What was removed, sorted by source.

    Raises:
        InputError: Nothing is indexed at one of the paths; nothing was removed.
    """
    records = index.documents()
    found: dict[str, DocumentRecord] = {}
    for path in paths:
        below = [record for record in records if _lies_at(record.source, _places(path))]
        if not below:
            msg = (
                f"nothing of {printable(str(path))} is indexed in {index.address}, so nothing was "
                "removed. Give a file, or a folder above some, as they were when they were indexed"
            )
            raise InputError(msg)
        found.update((record.source, record) for record in below)
    index.delete_documents([record.document_id for record in found.values()])
    return [found[source] for source in sorted(found)]


def _places(path: Path) -> set[Path]:
    """Where a path leads, and what it says: a link in it may lead elsewhere by now."""
    try:
        expanded = path.expanduser()
        return {expanded.absolute(), expanded.resolve()}
    except (OSError, RuntimeError) as error:  # nobody's home, or a loop of links
        msg = f"there is no {printable(str(path))} ({error}); nothing was removed"
        raise InputError(msg) from error


def _lies_at(source: str, places: set[Path]) -> bool:
    return any(Path(source).is_relative_to(place) for place in places)
