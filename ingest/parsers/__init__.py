"""One module a format; each has `parse(data: bytes) -> Document`.

They run in a worker process (`python -m ingest.parsers`, see `ingest.worker`), because what they
read is hostile and some of what reads it is C.
"""

from importlib import import_module

from ingest.document import Document, bounded
from ingest.sniff import Format

_MODULES = {
    Format.PDF: "pdf",
    Format.DOC: "doc",
    Format.DOCX: "docx",
    Format.PPTX: "slides",
    Format.XLSX: "spreadsheet",
    Format.ODT: "opendocument",
    Format.ODS: "opendocument",
    Format.ODP: "opendocument",
    Format.RTF: "rtf",
    Format.EPUB: "epub",
    Format.HTML: "html",
    Format.MARKDOWN: "markdown",
    Format.RESTRUCTURED: "restructured",
    Format.LATEX: "latex",
    Format.TEXT: "text",
    Format.CSV: "csv_table",
    Format.JSON: "json_values",
    Format.JSON_LINES: "json_values",
    Format.NOTEBOOK: "notebook",
    Format.EMAIL: "email_message",
    Format.MAILBOX: "mailbox",
    Format.SUBTITLES: "subtitles",
    Format.XML: "xml_text",
    Format.CODE: "code",
    Format.PICTURE: "picture",
}


def parse(data: bytes, media_type: Format) -> Document:
    """Make a document of a file's bytes.

    Only the parser that is needed is imported: the worker starts in a tenth of a second.

    Raises:
        UnreadableError: The file is damaged, encrypted, or too large.
        NoTextError: The file holds no text.
    """
    return bounded(import_module(f"ingest.parsers.{_MODULES[media_type]}").parse(data))
