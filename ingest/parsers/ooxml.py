"""Office Open XML: a zip archive of XML parts that point at each other (ECMA-376, part 2)."""

import io
import posixpath
import zipfile
import zlib
from typing import Any

import lxml.etree as etree

from ingest.errors import UnreadableError

MAX_XML_BYTES = 128 * 2**20
"""Of all parts that are read together, inflated. An 872-page handbook has 5.5 MB, a zip bomb
gigabytes. Pictures are not read."""
MAX_PARTS = 20_000

_STRICT = b"http://purl.oclc.org/ooxml/"
_TRANSITIONAL = {
    b"officeDocument/relationships": (
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    ),
    b"officeDocument/math": b"http://schemas.openxmlformats.org/officeDocument/2006/math",
    b"wordprocessingml/main": b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    b"presentationml/main": b"http://schemas.openxmlformats.org/presentationml/2006/main",
    b"spreadsheetml/main": b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    b"drawingml/main": b"http://schemas.openxmlformats.org/drawingml/2006/main",
    b"drawingml/wordprocessingDrawing": (
        b"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
    ),
    b"drawingml/chart": b"http://schemas.openxmlformats.org/drawingml/2006/chart",
}
Element = Any
"""An element of lxml, which ships no types."""
Part = Element

_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError,
)  # fmt: skip
"""What `zipfile` raises where an entry is damaged, encrypted or compressed in an unknown way."""


def open_archive(data: bytes) -> zipfile.ZipFile:
    """The archive.

    Raises:
        UnreadableError: It is no complete one, or has too many parts.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _UNREADABLE as error:
        msg = f"damaged: not a complete zip archive ({error})"
        raise UnreadableError(msg) from error
    if len(archive.namelist()) > MAX_PARTS:
        msg = f"{len(archive.namelist()):,} files in the archive, the limit is {MAX_PARTS:,}"
        raise UnreadableError(msg)
    return archive


class Package:
    """The XML parts of an office file, read when they are asked for.

    Args:
        data: The file.

    Raises:
        UnreadableError: It is no complete zip archive.
    """

    def __init__(self, data: bytes) -> None:
        self._archive = open_archive(data)
        self._size = len(data)
        self._names = {name.lstrip("/").lower(): name for name in self._archive.namelist()}
        self._inflated = 0
        self.is_damaged = False

    def check_size(self, folder: str) -> None:
        """Refuse what inflates to too much, before another library reads it.

        Args:
            folder: Where the XML is; pictures in it do not count.

        Raises:
            UnreadableError: It does.
        """
        parts = (part for part in self._archive.infolist() if part.filename.startswith(folder))
        size = sum(part.file_size for part in parts if "/media/" not in part.filename)
        self._count(size)

    def holds(self, wanted: bytes) -> bool:
        """Whether a part of a workbook's sheets has these bytes; call `check_size` before."""
        return any(
            wanted in self._archive.read(name)
            for name in self._archive.namelist()
            if name.startswith("xl/worksheets/") and name.endswith(".xml")
        )

    def main_part(self, kind: str) -> str:
        """The name of the part that everything hangs on.

        Args:
            kind: How the program calls it: `word/document.xml`, for example; taken where the
                archive does not tell.
        """
        for name, target in self._relations("").values():
            if name == "officeDocument" and target.lower() in self._names:
                return target
        return kind

    def part(self, name: str) -> Part | None:
        """The root of a part; None if there is none of this name, or it is beyond repair.

        Raises:
            UnreadableError: All that was read together inflates to too much.
        """
        data = self.raw(name)
        if data is None:
            return None
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        try:
            return etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError):
            self.is_damaged = True
        forgiving = etree.XMLParser(
            resolve_entities=False, no_network=True, huge_tree=True, recover=True
        )
        try:
            return etree.fromstring(data, forgiving)
        except (etree.XMLSyntaxError, ValueError):
            return None

    def targets(self, name: str) -> dict[str, tuple[str, str]]:
        """Relationship id -> (kind, name of the part) of what a part points at."""
        return self._relations(name)

    def target(self, name: str, kind: str) -> str | None:
        """The first part of this kind that a part points at: `numbering`, `styles`, `comments`."""
        found = (target for of, target in self._relations(name).values() if of == kind)
        return next(found, None)

    def _relations(self, name: str) -> dict[str, tuple[str, str]]:
        folder, base = posixpath.split(name)
        root = self.part(posixpath.join(folder, "_rels", f"{base}.rels"))
        found: dict[str, tuple[str, str]] = {}
        for relation in root if root is not None else ():
            target = relation.get("Target") or ""
            if target and relation.get("TargetMode") != "External" and relation.get("Id"):
                place = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                kind = (relation.get("Type") or "").rpartition("/")[2]
                found[str(relation.get("Id"))] = (kind, place)
        return found

    def raw(self, name: str) -> bytes | None:
        """The bytes of a part; None if there is none of this name.

        Raises:
            UnreadableError: See `part`; or it cannot be inflated.
        """
        stored = self._names.get(name.lower())
        if stored is None:
            return None
        self._count(self._archive.getinfo(stored).file_size)
        try:
            data = self._archive.read(stored)
        except _UNREADABLE as error:
            msg = f"damaged: {stored} cannot be read ({error})"
            raise UnreadableError(msg) from error
        if _STRICT in data:
            for strict, transitional in _TRANSITIONAL.items():
                data = data.replace(_STRICT + strict, transitional)
        return data

    def _count(self, size: int) -> None:
        self._inflated += size
        if self._inflated > MAX_XML_BYTES:
            msg = (
                f"its XML inflates from {self._size:,} to more than {MAX_XML_BYTES:,} bytes, the "
                "limit: a zip bomb, or split it"
            )
            raise UnreadableError(msg)


def attribute(element: Element, name: str) -> str | None:
    """An attribute by its local name, whatever its namespace."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return None
