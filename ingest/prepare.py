"""From a parsed document to what is embedded and stored: chunks, and a title for each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.chunk import CountTokens, cut
from ingest.document import Document
from ingest.scan import File
from retriever import Chunk, document_id
from retriever.titles import Titles, file_name


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document's chunks, as they go into the index.

    Attributes:
        chunks: In order, at least one.
        titles: What is embedded in front of each: the document's title and the heading path.
        tokens: Of each chunk, without its title.
    """

    chunks: tuple[Chunk, ...]
    titles: tuple[str, ...]
    tokens: tuple[int, ...]


class Preparer:
    """Cuts documents for one encoder.

    Args:
        count_tokens: The encoder's tokenizer.
        max_tokens: The longest text that the encoder accepts, with its title.
        chunk_tokens: How long passages may be.

    Attributes:
        limit: How long they become: with their titles they fit into the encoder.
    """

    def __init__(self, count_tokens: CountTokens, max_tokens: int, chunk_tokens: int) -> None:
        self._count_tokens = count_tokens
        self._titles = Titles(count_tokens, max_tokens)
        self.limit = min(chunk_tokens, max_tokens - self._titles.limit - 1)  # 1: a newline

    def prepare(self, document: Document, file: File, version: str) -> Prepared:
        """The chunks of a document.

        Args:
            document: What the parser made of the file.
            file: Where it lies, and what its size and time were before it was read.
            version: See `retriever.Chunk`.
        """
        passages = cut(document, self._count_tokens, self.limit)
        chunks = tuple(
            Chunk(
                text=document.text[passage.start : passage.end],
                document_id=document_id(file.path),
                source=file.path,
                title=document.title or file_name(file.path),
                headings=passage.headings,
                page=passage.page.number if passage.page else None,
                page_label=passage.page.label if passage.page else None,
                start=passage.start,
                end=passage.end,
                version=version,
                modified_ns=file.modified_ns,
                size=file.size,
                media_type=document.media_type,
                language=document.language,
                position=position,
                context=passage.context,
            )
            for position, passage in enumerate(passages)
        )
        return Prepared(
            chunks,
            tuple(self._titles.of(chunk) for chunk in chunks),
            tuple(passage.tokens for passage in passages),
        )


def moved_chunks(chunks: Sequence[Chunk], file: File) -> list[Chunk]:
    """The chunks of a file that has the same content as another one, from that one's."""
    return [
        replace(
            chunk,
            source=file.path,
            document_id=document_id(file.path),
            title=file_name(file.path) if chunk.title == file_name(chunk.source) else chunk.title,
            modified_ns=file.modified_ns,
            size=file.size,
        )
        for chunk in chunks
    ]
