"""Word of 1997 to 2003 (.doc): turned into the newer format, and read as that."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from doc2docx import convert
from doc2docx.errors import Doc2DocxError, EncryptedDocumentError

from ingest.document import Document
from ingest.errors import UnreadableError
from ingest.parsers import docx
from ingest.sniff import Format

_ADVICE = "save it as .docx in Word or LibreOffice"
_WORD_95 = "0xA5DC"
"""The number with which documents of Word 6 and 95 begin, as the converter's error says."""


def parse(data: bytes) -> Document:
    """A Word document in the binary format.

    Raises:
        UnreadableError: The file is damaged, older than Word 97, or needs a password.
        NoTextError: It holds no text.
    """
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "old.doc"), Path(folder, "new.docx")
        source.write_bytes(data)
        try:
            convert(source, target)
        except EncryptedDocumentError as error:
            msg = "encrypted: it opens only with a password; save a copy without one"
            raise UnreadableError(msg) from error
        except Doc2DocxError as error:
            is_old = _WORD_95 in str(error)
            what = "written by Word 6 or 95" if is_old else f"damaged ({error})"
            msg = f"{what}: {_ADVICE}"
            raise UnreadableError(msg) from error
        converted = target.read_bytes()
    return replace(docx.parse(converted), media_type=Format.DOC)
