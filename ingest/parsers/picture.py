"""Pictures: scans and photographs of text; a frame of a TIFF is a page."""

import io

import numpy as np
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from ingest.document import Document, DocumentBuilder
from ingest.errors import NoTextError, UnreadableError
from ingest.parsers import ocr
from ingest.parsers.pdf_hyphens import Hyphens
from ingest.sniff import Format


def parse(data: bytes) -> Document:
    """A PNG, JPEG, TIFF, BMP or WebP file.

    Raises:
        UnreadableError: The file is damaged, or far too large.
        NoTextError: There is no text in it, or nothing is installed that reads it.
    """
    if not ocr.is_installed():
        msg = f"a picture; {ocr.advice()}"
        raise NoTextError(msg)
    builder = DocumentBuilder()
    try:
        texts = _texts(data, builder)
    except UnidentifiedImageError as error:  # whose own text names an object in memory
        msg = "damaged: no readable picture"
        raise UnreadableError(msg) from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        msg = f"damaged: no readable picture ({error})"
        raise UnreadableError(msg) from error
    hyphens = Hyphens(texts)
    for text in texts:
        joined = hyphens.joined(text)
        if len(texts) > 1:
            builder.add_page(joined, None)
        else:
            builder.add(joined)
    builder.note("read by text recognition: compare figures with the picture")
    return builder.build(Format.PICTURE)


def _texts(data: bytes, builder: DocumentBuilder) -> list[str]:
    with Image.open(io.BytesIO(data)) as picture:
        texts = [_text(frame) for frame in ocr.in_time(ImageSequence.Iterator(picture))]
        frames = int(getattr(picture, "n_frames", 1))
    if len(texts) < frames:
        builder.note(f"{frames - len(texts)} of {frames} pages were not read: {ocr.advice()}")
    return texts


def _text(frame: Image.Image) -> str:
    upright = ImageOps.exif_transpose(frame).convert("RGB")
    upright.thumbnail((ocr.LARGEST, ocr.LARGEST))
    return ocr.read(np.asarray(upright)[:, :, ::-1].copy())
