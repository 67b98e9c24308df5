"""Questions that a reader might begin with, made from the documents' headings."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from retriever import DocumentRecord, Index
from retriever.words import content_words

_LONGEST = 60  # characters; longer ones are sentences
_LEAST_WORDS = 2  # that tell something: "Introduction" is about nothing
_OF_EACH = 3


def heading_questions(
    documents: Sequence[DocumentRecord], index: Index
) -> Iterator[tuple[str, str]]:
    """Documents' paths and a question about each; one of every document before a second one.

    No question comes twice.
    """
    asked: set[str] = set()
    of_each = [_questions(record, index) for record in documents]
    for turn in zip_longest(*of_each):
        for record, question in zip(documents, turn, strict=True):
            if question is not None and question not in asked:
                asked.add(question)
                yield record.source, question


def _questions(record: DocumentRecord, index: Index) -> list[str]:
    chunks = index.chunks(record.document_id)
    headings = dict.fromkeys(heading for chunk in chunks for heading in chunk.headings[-1:])
    telling = (
        heading
        for heading in headings
        if len(heading) <= _LONGEST and len(content_words(heading)) >= _LEAST_WORDS
    )
    return [_question(heading) for heading, _ in zip(telling, range(_OF_EACH), strict=False)]


def _question(heading: str) -> str:
    return heading if heading.endswith("?") else f"What do the documents say about {heading}?"
