"""Where a passage stands, in words for people."""

from pathlib import PurePosixPath

from retriever import Chunk


def file_name(source: str) -> str:
    """The last part of a document's path."""
    return PurePosixPath(source).name


def location(chunk: Chunk) -> str:
    """File and page, for example "guide.pdf, page 14 (printed iv)"."""
    if chunk.page is None:
        return file_name(chunk.source)
    printed = ""
    if chunk.page_label and chunk.page_label != str(chunk.page):
        printed = f" (printed {chunk.page_label})"
    return f"{file_name(chunk.source)}, page {chunk.page}{printed}"
