"""PDF: text, headings and page labels by PDFium; the text by pypdf where PDFium gives up."""

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pypdf
import pypdfium2 as pdfium
from numpy.typing import NDArray

from ingest.document import MAX_CHARACTERS, MAX_PAGES, Document, DocumentBuilder, Page
from ingest.errors import NoTextError, UnreadableError
from ingest.parsers import ocr
from ingest.parsers.pdf_accents import with_accents
from ingest.parsers.pdf_annotations import annotations
from ingest.parsers.pdf_characters import Character, read_characters
from ingest.parsers.pdf_headings import Line, headings, lines
from ingest.parsers.pdf_hyphens import Hyphens
from ingest.parsers.pdf_layout import page_text
from ingest.parsers.pdf_running import without_running
from ingest.sniff import Format

PASSWORD_NEEDED = "encrypted: it opens only with a password; save a copy without one"

_LIGATURES = {ord(ligature): letters for ligature, letters in zip(
    "ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True
)}  # fmt: skip
_SPACES = re.compile(r"[^\S\r\n]{2,}")
# What programs put into the title field when nobody filled it in.
_NO_TITLE = re.compile(
    r"^\W*$|^untitled|^microsoft \w+ - |\.(pdf|docx?|indd|qxd|tex|dvi|pptx?|xlsx?|rtf|ps)$", re.I
)

_SCALE = 200 / 72  # of scans: 200 dots an inch
MIN_ALPHANUMERIC = 3
"""A page with fewer letters and digits is a picture, or has a font that maps to no characters."""
_FEW_UNKNOWN = 0.02
"""Of a page's characters: bullets and signs of formulas often have no name, letters do."""


class _PageText(NamedTuple):
    text: str
    is_doubtful: bool
    lines: list[Line]


def parse(data: bytes) -> Document:
    """A PDF, page by page.

    Raises:
        UnreadableError: The file is damaged beyond what both readers repair, or needs a password.
        NoTextError: No page has text: the text says how many there are.
    """
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise UnreadableError(PASSWORD_NEEDED) from error
        return _parse_damaged(data, error)
    try:
        document.init_forms()
        return _parse_readable(document)
    finally:
        document.close()


def _parse_readable(document: pdfium.PdfDocument) -> Document:
    builder = DocumentBuilder()
    pages: list[Page] = []
    read = list(_texts(document))
    texts = [page.text for page in read]
    _recognise(document, texts, builder)
    _note_scanned(builder, sum(not _clean(text) for text in texts), len(texts))
    texts = without_running(texts, [page.lines for page in read])
    hyphens = Hyphens(texts)
    for number, text in enumerate(texts):
        label = document.get_page_label(number) or None
        pages.append(builder.add_page(_clean(hyphens.joined(text)), label))
    outline = list(_outline(document))
    for level, title, number in outline:
        # Programs note the place before they begin a new page for it.
        builder.mark_heading(level, title, pages[number : number + 2])
    for level, title, number in () if outline else headings([page.lines for page in read]):
        builder.mark_heading(level, title.translate(_LIGATURES), pages[number : number + 1])
    _note_doubtful(builder, read)
    title = document.get_metadata_value("Title")
    return builder.build(Format.PDF, title=None if _NO_TITLE.search(title) else title)


def _recognise(document: pdfium.PdfDocument, texts: list[str], builder: DocumentBuilder) -> None:
    """Put the text of scanned pages into `texts`, if that can be read here."""
    scans = [number for number, text in enumerate(texts) if not _clean(text)]
    if not scans or not ocr.is_installed():
        return
    for number in ocr.in_time(scans):
        try:
            texts[number] = ocr.read(_picture(document[number]))
        except pdfium.PdfiumError:  # "Failed to load page"
            continue
    read = sum(bool(_clean(texts[number])) for number in scans)
    if read:
        builder.note(f"{read} of {len(texts)} pages read by text recognition: compare figures")


def _picture(page: pdfium.PdfPage) -> NDArray[np.uint8]:
    """A page as it looks, `[height, width, 3]` (BGR)."""
    scale: Any = min(_SCALE, ocr.LARGEST / max(page.get_size()))  # typed as an integer
    try:
        picture = page.render(scale=scale).to_numpy()
    finally:
        page.close()
    colours = picture if picture.ndim == len("yxc") else np.repeat(picture[:, :, None], 3, axis=2)
    return colours[:, :, :3].copy()


def _texts(document: pdfium.PdfDocument) -> Iterator[_PageText]:
    """Yields the text of each page; stops with an error where there is more than is read."""
    if len(document) > MAX_PAGES:
        msg = f"{len(document):,} pages, the limit is {MAX_PAGES:,}: split the file"
        raise UnreadableError(msg)
    total = 0
    for number in range(len(document)):
        page = _page_text(document, number)
        total += len(page.text)
        if total > MAX_CHARACTERS:
            msg = f"more than {MAX_CHARACTERS:,} characters of text, the limit: split the file"
            raise UnreadableError(msg)
        yield page


def _page_text(document: pdfium.PdfDocument, number: int) -> _PageText:
    try:
        page = document[number]
    except pdfium.PdfiumError:  # "Failed to load page"; it is counted as one without text
        return _PageText("", False, [])
    text_page = page.get_textpage()
    try:
        characters = with_accents(list(read_characters(page, text_page)))
        text = page_text(characters, is_turned=page.get_rotation() != 0)
        told = "\n".join(annotations(page))
        whole = f"{_whole(text)}\n\n{told}" if told else _whole(text)
        return _PageText(whole, _is_doubtful(characters), lines(characters))
    finally:
        text_page.close()
        page.close()


def _is_doubtful(characters: Sequence[Character]) -> bool:
    """Whether the fonts of a page do not say which letters their shapes are."""
    printed = [each for each in characters if not each.generated and each.text.strip()]
    return sum(each.is_unknown for each in printed) > _FEW_UNKNOWN * len(printed)


def _whole(text: str) -> str:
    """With pairs of surrogates, as which PDFium gives rare characters, made one."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _outline(document: pdfium.PdfDocument) -> Iterator[tuple[int, str, int]]:
    """Yields (level, title, page index) of the outline's entries that lead to a page."""
    for entry in document.get_toc():
        destination = entry.get_dest()
        number = destination.get_index() if destination else None
        if number is not None and 0 <= number < len(document):
            yield entry.level + 1, entry.get_title(), number


def _parse_damaged(data: bytes, reason: Exception) -> Document:
    builder = DocumentBuilder()
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        pages = [builder.add_page(_clean(page.extract_text()), None) for page in reader.pages]
    except (UnreadableError, MemoryError, RecursionError):
        raise
    except Exception as error:  # whatever pypdf stumbles over: nothing else is left to try
        msg = f"damaged: {str(reason).rstrip('.')}; pypdf: {error}"
        raise UnreadableError(msg) from error
    builder.note("damaged: read by pypdf, spaces may be missing")
    _note_scanned(builder, sum(page.start == page.end for page in pages), len(pages))
    return builder.build(Format.PDF)


def _clean(text: str) -> str:
    text = _SPACES.sub(" ", text.translate(_LIGATURES))
    return text if sum(map(str.isalnum, text)) >= MIN_ALPHANUMERIC else ""


def _note_scanned(builder: DocumentBuilder, empty: int, pages: int) -> None:
    """Says how many pages have no text.

    Raises:
        NoTextError: None has.
    """
    if empty == pages:
        msg = f"no text: {empty} of {pages} pages are scans, drawings or damaged; {ocr.advice()}"
        raise NoTextError(msg)
    if empty:
        builder.note(f"{empty} of {pages} pages have no text; {ocr.advice()}")


def _note_doubtful(builder: DocumentBuilder, read: Sequence[_PageText]) -> None:
    doubtful = sum(page.is_doubtful and bool(_clean(page.text)) for page in read)
    if doubtful:
        builder.note(
            f"the fonts of {doubtful} of {len(read)} pages do not say which letters they show: "
            "the text may not be what is seen"
        )
