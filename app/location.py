"""Where a passage stands, in words for people."""

from pathlib import PurePosixPath

from retriever import FILE_TYPES, Chunk

_PAGES = {
    FILE_TYPES[name]: word
    for name, word in {
        "pptx": "slide", "odp": "slide", "xlsx": "sheet", "ods": "sheet", "epub": "chapter",
        "mailbox": "message",
    }.items()
}  # fmt: skip


_TYPES = {media_type: name for name, media_type in FILE_TYPES.items()}


def file_type(media_type: str) -> str:
    """The short name of a media type, for example "pdf"; itself where it has none."""
    return _TYPES.get(media_type, media_type)


def file_name(source: str) -> str:
    """The last part of a document's path."""
    return PurePosixPath(source).name


def location(chunk: Chunk) -> str:
    """File and page, for example "guide.pdf, page 14 (printed iv)" or "plan.xlsx, sheet Prices"."""
    if chunk.page is None:
        return file_name(chunk.source)
    word = _PAGES.get(chunk.media_type, "page")
    if word != "page":
        return f"{file_name(chunk.source)}, {word} {chunk.page_label or chunk.page}"
    printed = ""
    if chunk.page_label and chunk.page_label != str(chunk.page):
        printed = f" (printed {chunk.page_label})"
    return f"{file_name(chunk.source)}, page {chunk.page}{printed}"
