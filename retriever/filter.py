"""Which chunks to look at: `Filter` as people say it, `Conditions` as engines take it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from uuid import UUID

from retriever.errors import FilterError
from retriever.schema import DOCUMENT_ID, MEDIA_TYPE, MODIFIED, PAGE, PATHS, DocumentRecord

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
FILE_TYPES = {
    "code": "text/x-source",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": f"{_OFFICE}wordprocessingml.document",
    "email": "message/rfc822",
    "epub": "application/epub+zip",
    "html": "text/html",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "latex": "text/x-tex",
    "mailbox": "application/mbox",
    "markdown": "text/markdown",
    "notebook": "application/x-ipynb+json",
    "odp": f"{_OPEN}presentation",
    "ods": f"{_OPEN}spreadsheet",
    "odt": f"{_OPEN}text",
    "pdf": "application/pdf",
    "picture": "image/*",
    "pptx": f"{_OFFICE}presentationml.presentation",
    "rst": "text/x-rst",
    "rtf": "application/rtf",
    "subtitles": "text/vtt",
    "text": "text/plain",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "xml": "application/xml",
}
"""Short name -> media type, for each format that `ingest` reads."""

_MAX_PAGE = 2**31  # engines compare as doubles
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Interval:
    """Integers from `least` on and below `limit`; None for no bound. Missing values lie outside."""

    least: int | None = None
    limit: int | None = None


Conditions = Mapping[str, str | int | Sequence[str] | Interval]
"""Payload field -> the value it must have, or values of which it must have one, or the interval in
which it must lie. All must hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which chunks to look at. All that is given must hold; what is None does not matter.

    Attributes:
        source: Absolute POSIX path of a file, or of a folder for everything below it; or several,
            of which one must hold.
        document_id: One document; see `retriever.document_id`.
        file_type: A name of `FILE_TYPES`, or a media type such as `application/pdf`.
        first_page: Chunks that start on this page (1-based) or later. A format without pages has
            no such chunks.
        last_page: Chunks that start on this page or earlier.
        modified_after: Files whose last change, when they were indexed, was then or later. With a
            time zone; whole seconds are exact, finer ones to a microsecond.
        modified_before: Files whose last change was earlier.

    Raises:
        FilterError: A value cannot be met by any chunk.
    """

    source: str | tuple[str, ...] | None = None
    document_id: str | None = None
    file_type: str | None = None
    first_page: int | None = None
    last_page: int | None = None
    modified_after: datetime | None = None
    modified_before: datetime | None = None

    def __post_init__(self) -> None:
        _check_sources(self.sources)
        if self.document_id is not None:
            _check_document_id(self.document_id)
        if self.file_type is not None:
            _check_file_type(self.file_type)
        _check_pages(self.first_page, self.last_page)
        _check_times(self.modified_after, self.modified_before)

    @property
    def sources(self) -> tuple[str, ...] | None:
        """The paths of `source`, however many they are."""
        return (self.source,) if isinstance(self.source, str) else self.source

    def admits(self, document: DocumentRecord) -> bool:
        """Whether chunks of `document` may be let through; its pages are not looked at."""
        path = PurePosixPath(document.source)
        after, before = _nanoseconds(self.modified_after), _nanoseconds(self.modified_before)
        return (
            (self.sources is None or any(map(path.is_relative_to, self.sources)))
            and self.document_id in (None, document.document_id)
            and FILE_TYPES.get(self.file_type or "", self.file_type) in (None, document.media_type)
            and (after is None or after <= document.modified_ns)
            and (before is None or document.modified_ns < before)
        )

    def conditions(self) -> Conditions:
        """The filter in terms of payload fields."""
        pages = (self.first_page, None if self.last_page is None else self.last_page + 1)
        times = (_nanoseconds(self.modified_after), _nanoseconds(self.modified_before))
        values = {
            PATHS: self.sources and [str(PurePosixPath(source)) for source in self.sources],
            DOCUMENT_ID: self.document_id,
            MEDIA_TYPE: FILE_TYPES.get(self.file_type or "", self.file_type),
            PAGE: None if pages == (None, None) else Interval(*pages),
            MODIFIED: None if times == (None, None) else Interval(*times),
        }
        return {field: value for field, value in values.items() if value is not None}


def _check_sources(sources: tuple[str, ...] | None) -> None:
    if sources == ():
        msg = "source names no path; expected at least one, or None for all"
        raise FilterError(msg)
    for source in sources or ():
        if not source.startswith("/"):
            msg = f"source is {source!r}; expected an absolute path such as /home/me/papers"
            raise FilterError(msg)


def _check_document_id(document_id: str) -> None:
    try:
        UUID(document_id)
    except ValueError as error:
        msg = (
            f"document_id is {document_id!r}; expected one that the index gave, or "
            "retriever.document_id(path). For a path give source."
        )
        raise FilterError(msg) from error


def _check_file_type(file_type: str) -> None:
    if file_type not in FILE_TYPES and "/" not in file_type:
        names = ", ".join(FILE_TYPES)
        msg = f"file_type is {file_type!r}; expected one of {names}, or a media type"
        raise FilterError(msg)


def _check_pages(first: int | None, last: int | None) -> None:
    for name, page in (("first_page", first), ("last_page", last)):
        if page is not None and not 1 <= page <= _MAX_PAGE:
            msg = f"{name} is {page}; expected a page from 1 to {_MAX_PAGE:,}"
            raise FilterError(msg)
    if first is not None and last is not None and first > last:
        msg = f"first_page {first} lies after last_page {last}; swap them"
        raise FilterError(msg)


def _check_times(after: datetime | None, before: datetime | None) -> None:
    for name, moment in (("modified_after", after), ("modified_before", before)):
        if moment is not None and moment.tzinfo is None:
            msg = f"{name} is {moment.isoformat()} without a time zone; give one, such as +00:00"
            raise FilterError(msg)
    if after is not None and before is not None and after >= before:
        msg = (
            f"modified_after {after.isoformat()} is not before modified_before "
            f"{before.isoformat()}; swap them, or leave one out"
        )
        raise FilterError(msg)


def _nanoseconds(moment: datetime | None) -> int | None:
    """Since 1970, as files have it; exact, which `timestamp()` is not."""
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
