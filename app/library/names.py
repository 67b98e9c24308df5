"""Names of uploaded files that can do no harm as paths."""

import hashlib
import re
from pathlib import Path, PurePosixPath

_NAME_BYTES = 254  # file systems take 255; one is for a dot before the name
_LONGEST_SUFFIX = 20  # bytes
_DEEPEST = 8


def safe_path(name: str) -> PurePosixPath:
    """Where an upload is kept below the folder of uploads.

    A file of an uploaded folder keeps its folders ("minutes/may.md"); of a name that leads
    anywhere else only the last part counts.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    inside = not name.startswith("/") and "\\" not in name and ".." not in parts
    if not inside or len(parts) > _DEEPEST or not parts:
        return PurePosixPath(safe_name(name))
    return PurePosixPath(*map(safe_name, parts))


def safe_name(name: str) -> str:
    """A file name without folders, control characters or a leading dot, at most 254 bytes long.

    One that is cut ends in a hash, so that long names which begin alike stay apart.
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(c if c.isprintable() else "_" for c in last).strip(". ") or "upload"
    if len(plain.encode()) <= _NAME_BYTES:
        return plain
    suffix = Path(plain).suffix
    tail = "-" + hashlib.blake2b(plain.encode(), digest_size=4).hexdigest()
    tail += suffix if len(suffix.encode()) <= _LONGEST_SUFFIX else ""
    stem = Path(plain).stem.encode()[: _NAME_BYTES - len(tail.encode())]
    return stem.decode(errors="ignore") + tail
