"""The payload of a point: the one place that writes it and reads it.

`page_content` and `metadata` lie at the top, as langchain-qdrant expects them, so that its
`QdrantVectorStore` reads our collections as they are. `Chunk` is a payload's typed form. Two keys
of `metadata` are for the index alone: `paths` (the file and every folder above it, so that one
keyword match finds a file or all files below a folder) and `chunks` (how many chunks the document
has, so that a document that a killed writer left incomplete is noticed).
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

Payload = dict[str, Any]

CONTENT = "page_content"
METADATA = "metadata"

SOURCE = "metadata.source"
PATHS = "metadata.paths"
DOCUMENT_ID = "metadata.document_id"
MEDIA_TYPE = "metadata.media_type"
POSITION = "metadata.position"
PAGE = "metadata.page"
MODIFIED = "metadata.modified_ns"

KEYWORDS = (PATHS, DOCUMENT_ID, MEDIA_TYPE)
NUMBERS = (PAGE, MODIFIED)
"""Fields of strings and of integers that both engines index before the first point, so that filters
stay fast. An index from before a field was added is searched without: slower, and as right."""


def document_id(source: str) -> str:
    """The id of the document at `source`, an absolute POSIX path: the same path, the same id."""
    return str(uuid5(NAMESPACE_URL, source))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A passage of a document, as it is stored, searched and cited.

    Attributes:
        text: The passage, exactly `normalised_text[start:end]` of its document.
        document_id: `document_id(source)`.
        source: Absolute POSIX path of the file.
        title: The document's title, for people.
        headings: The headings that the passage stands under, from the outermost.
        page: 1-based page on which the passage starts; None where the format has no pages.
        page_label: That page's number as printed in the document.
        start: First character's offset in the document's normalised text.
        end: Offset after the last character.
        version: Hash of the file's bytes and of the settings that parsed and cut them: the same
            version means that there is nothing to do.
        modified_ns: The file's modification time, nanoseconds since 1970.
        size: The file's size in bytes.
        media_type: For example `application/pdf`.
        language: BCP 47 tag where it is known.
        position: 0-based number of the chunk in its document.
        context: The header of the table with whose rows it goes on, if it does.
    """

    text: str
    document_id: str
    source: str
    title: str
    headings: tuple[str, ...]
    page: int | None
    page_label: str | None
    start: int
    end: int
    version: str
    modified_ns: int
    size: int
    media_type: str
    language: str | None
    position: int
    context: str = ""

    @property
    def content(self) -> str:
        """The passage as it is to be understood: with the header of its table."""
        return f"{self.context}\n{self.text}" if self.context else self.text

    @property
    def above(self) -> tuple[str, ...]:
        """What stands above it: its document's title, headings, the header of its table."""
        return (self.title, *self.headings, *((self.context,) if self.context else ()))

    @property
    def id(self) -> str:
        """The point's id; the same document, version and position always give the same one."""
        return str(uuid5(UUID(self.document_id), f"{self.version}:{self.position}"))

    def to_payload(self, *, chunks: int) -> Payload:
        """The payload of this chunk in a document of `chunks` chunks."""
        metadata: Payload = {
            "document_id": self.document_id,
            "source": self.source,
            "paths": _paths(self.source),
            "title": self.title,
            "headings": list(self.headings),
            "page": self.page,
            "page_label": self.page_label,
            "start": self.start,
            "end": self.end,
            "version": self.version,
            "modified_ns": self.modified_ns,
            "size": self.size,
            "media_type": self.media_type,
            "language": self.language,
            "position": self.position,
            "context": self.context,
            "chunks": chunks,
        }
        return {CONTENT: self.text, METADATA: metadata}

    @classmethod
    def from_payload(cls, payload: Payload) -> "Chunk":
        """The chunk that `to_payload` wrote."""
        fields: Payload = dict(payload[METADATA])
        del fields["paths"], fields["chunks"]
        fields["headings"] = tuple(fields["headings"])
        return cls(text=payload[CONTENT], **fields)


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What the index knows of one document, for comparing it with the file.

    Attributes:
        document_id: `document_id(source)`.
        source: Absolute POSIX path of the file.
        title: The document's title.
        version: See `Chunk.version`.
        modified_ns: The file's modification time when it was indexed.
        size: The file's size in bytes when it was indexed.
        media_type: For example `application/pdf`.
        chunks: How many chunks the document has.
        complete: False if a writer was killed half-way: points are missing, or points of an
            earlier version are left. Such a document is to be written again, whatever its
            version, size and time say.
    """

    document_id: str
    source: str
    title: str
    version: str
    modified_ns: int
    size: int
    media_type: str
    chunks: int
    complete: bool

    @classmethod
    def from_payload(cls, payload: Payload, *, complete: bool) -> "DocumentRecord":
        """The record of the document to which a point with this payload belongs."""
        names = ("document_id", "source", "title", "version", "modified_ns", "size", "media_type")
        metadata: Payload = payload[METADATA]
        values = {name: metadata[name] for name in (*names, "chunks")}
        return cls(**values, complete=complete)


def _paths(source: str) -> list[str]:
    path = PurePosixPath(source)
    return [str(path), *(str(parent) for parent in path.parents)]
