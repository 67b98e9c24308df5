"""What a file is: its content decides, its extension only where that leaves it open."""

from enum import StrEnum

from ingest.errors import UnreadableError, UnsupportedError

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."


class Format(StrEnum):
    """A format that is read; the value is its media type."""

    PDF = "application/pdf"
    DOC = "application/msword"
    DOCX = f"{_OFFICE}wordprocessingml.document"
    PPTX = f"{_OFFICE}presentationml.presentation"
    XLSX = f"{_OFFICE}spreadsheetml.sheet"
    ODT = f"{_OPEN}text"
    ODS = f"{_OPEN}spreadsheet"
    ODP = f"{_OPEN}presentation"
    RTF = "application/rtf"
    EPUB = "application/epub+zip"
    HTML = "text/html"
    MARKDOWN = "text/markdown"
    RESTRUCTURED = "text/x-rst"
    LATEX = "text/x-tex"
    TEXT = "text/plain"
    CSV = "text/csv"
    JSON = "application/json"
    JSON_LINES = "application/jsonl"
    NOTEBOOK = "application/x-ipynb+json"
    EMAIL = "message/rfc822"
    MAILBOX = "application/mbox"
    SUBTITLES = "text/vtt"
    XML = "application/xml"
    CODE = "text/x-source"
    PICTURE = "image/*"


_SUFFIXES = {
    Format.PDF: "pdf",
    Format.DOC: "doc dot",
    Format.DOCX: "docx docm dotx",
    Format.PPTX: "pptx pptm ppsx potx ppt pps",
    Format.XLSX: "xlsx xlsm xltx xls",
    Format.ODT: "odt ott",
    Format.ODS: "ods ots",
    Format.ODP: "odp otp",
    Format.RTF: "rtf",
    Format.EPUB: "epub",
    Format.HTML: "html htm xhtml",
    Format.MARKDOWN: "md markdown mdx qmd",
    Format.RESTRUCTURED: "rst rest",
    Format.LATEX: "tex latex ltx",
    Format.TEXT: "txt text log adoc org asc",
    Format.CSV: "csv tsv tab",
    Format.JSON: "json geojson",
    Format.JSON_LINES: "jsonl ndjson",
    Format.NOTEBOOK: "ipynb",
    Format.EMAIL: "eml",
    Format.MAILBOX: "mbox",
    Format.SUBTITLES: "srt vtt",
    Format.CODE: "py pyi js mjs ts tsx jsx java kt c h cc cpp hpp cs go rs rb php swift scala sh "
    "bash ps1 sql r jl lua pl css scss yaml yml toml ini cfg conf",
    Format.XML: "xml",
    Format.PICTURE: "png jpg jpeg tif tiff bmp webp",
}
_BY_SUFFIX = {f".{name}": of for of, names in _SUFFIXES.items() for name in names.split()}
_BY_SUFFIX[""] = Format.TEXT  # README, LICENSE

_ARCHIVES = frozenset(
    {Format.DOCX, Format.PPTX, Format.XLSX, Format.ODT, Format.ODS, Format.ODP, Format.EPUB}
)
_PARTS = (
    (b"word/document", Format.DOCX),
    (b"ppt/presentation", Format.PPTX),
    (b"xl/workbook", Format.XLSX),
)
_MIMETYPE = b"mimetype"
"""First entry of an ODF or EPUB archive, stored as it is (OCF 3.3, section 4.3)."""
_COMPOUND = b"\xd0\xcf\x11\xe0"
_ENCRYPTED, _WORD, _EXCEL, _EXCEL_95, _POWERPOINT, _OUTLOOK = (
    name.encode("utf-16-le")
    for name in (
        "EncryptedPackage", "WordDocument", "Workbook", "Book", "PowerPoint Document",
        "__substg1.0_",
    )
)  # fmt: skip
"""Streams in the directory of a compound file ([MS-CFB]); each kind of document has its own."""
_OLD = (
    (_EXCEL, "Excel 97 to 2003 is not read: save it as .xlsx in Excel or LibreOffice"),
    (_EXCEL_95, "Excel 5 and 95 is not read: save it as .xlsx in Excel or LibreOffice"),
    (_POWERPOINT, "PowerPoint 97 to 2003 is not read: save it as .pptx there or in LibreOffice"),
    (_OUTLOOK, "Outlook's messages is not read: save it as .eml or .html there"),
)
_INSTEAD = {
    ".xlsb": "save it as .xlsx in Excel or LibreOffice",
    ".msg": "save it as .eml or .html in Outlook",
    ".mobi": "convert it to .epub",
    ".wpd": "save it as .docx in LibreOffice",
    ".pages": "export it as .docx or .pdf",
    ".numbers": "export it as .xlsx or .csv",
    ".key": "export it as .pptx or .pdf",
}
"""What to do with formats that are not read, by extension."""
_OTHER_CONTENT = (
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\xdb\xa5-\x00", "Word 2: save it as .docx in Word or LibreOffice"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"SQLite format 3", "a data base"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)
HEAD = 4096
"""Bytes at the beginning of a file that say what it is, archives excepted."""
_PICTURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"BM", b"RIFF")


def needs_only_head(suffix: str) -> bool:
    """Whether the first `HEAD` bytes tell all that `sniff` finds out of a file with this suffix."""
    return suffix.lower() not in _BY_SUFFIX


def sniff(data: bytes, suffix: str) -> Format:
    """The format of a file.

    Args:
        data: All of it, at least one byte.
        suffix: Extension with its dot, in any case.

    Raises:
        UnsupportedError: The format is none that is read.
        UnreadableError: The content is not what the extension says, nor anything that is read.
    """
    suffix = suffix.lower()
    expected = _BY_SUFFIX.get(suffix)
    head = data[:HEAD]
    # Some servers and mail programs put something in front of the header.
    if head.startswith(b"%PDF-") or (expected is Format.PDF and b"%PDF-" in head):
        return Format.PDF
    if expected is None:
        advice = f": {_INSTEAD[suffix]}" if suffix in _INSTEAD else ""
        msg = f"unsupported type {suffix}{advice}"
        raise UnsupportedError(msg)
    if head.startswith(b"PK\x03\x04"):
        return _archive(data, expected, suffix)
    if expected is Format.PICTURE:
        if head.startswith(_PICTURES):
            return Format.PICTURE
        raise _misnamed(suffix, "no such picture")
    return _plain(data, expected, suffix)


def _plain(data: bytes, expected: Format, suffix: str) -> Format:
    head = data[:HEAD]
    if head.startswith(b"{\\rtf"):
        return Format.RTF
    if head.startswith(_COMPOUND):
        return _compound(data, suffix)
    for magic, what in _OTHER_CONTENT:
        if head.startswith(magic):
            raise _misnamed(suffix, what)
    if suffix == ".xls":  # many programs call pages and lists so, for Excel to open them
        return _table_as_text(head)
    if expected in _ARCHIVES or expected is Format.PDF:
        raise _misnamed(suffix, "something else (it has no such header)")
    if expected in (Format.TEXT, Format.RTF, Format.DOC):
        return Format.HTML if _is_html(head) else Format.TEXT
    return expected


def _table_as_text(head: bytes) -> Format:
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(b"<?xml") and not _is_html(head):
        return Format.XML
    return Format.HTML if begin.startswith(b"<") else Format.CSV


def _compound(data: bytes, suffix: str) -> Format:
    """The format of what the Office of 1997 to 2003 wrote, or of an encrypted document.

    Raises:
        UnsupportedError: It is none that is read; says what to do.
        UnreadableError: It is encrypted, or unknown.
    """
    if _ENCRYPTED in data:
        msg = "encrypted: it opens only with a password; save a copy without one"
        raise UnreadableError(msg)
    # A workbook can have a document of Word in it.
    if _WORD in data and not (_EXCEL in data and suffix == ".xls"):
        return Format.DOC
    for stream, what in _OLD:
        if stream in data:
            msg = f"the format of {what}"
            raise UnsupportedError(msg)
    raise _misnamed(suffix, "an old or password-protected Office document")


def _archive(data: bytes, expected: Format, suffix: str) -> Format:
    if data[30:38] == _MIMETYPE:
        named = data[38:130]
        for of in (Format.ODT, Format.ODS, Format.ODP, Format.EPUB):
            if named.startswith(of.encode()):
                return of
    for name, of in _PARTS:
        if name in data:
            return of
    if expected in _ARCHIVES:
        return expected  # its parser says what is missing
    raise _misnamed(suffix, "a zip archive: unpack it")


def _is_html(head: bytes) -> bool:
    """Whether a text begins as a page does, after comments and an XML declaration."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    while text.startswith((b"<?xml", b"<!--")):
        end = b"?>" if text.startswith(b"<?xml") else b"-->"
        _, _, text = text.partition(end)
        text = text.lstrip()
    return text.startswith((b"<!doctype html", b"<html"))


def _misnamed(suffix: str, what: str) -> Exception:
    if not suffix:
        return UnsupportedError(f"unsupported type: {what} without an extension")
    return UnreadableError(f"named {suffix} but holds {what}")
