"""Answers, hits and documents as JSON: what the API sends, and what the terminal draws."""

from datetime import UTC, datetime
from typing import Any

from app.answering import Answer, Citation
from app.library import Job
from app.location import file_type, location
from retriever import Chunk, DocumentRecord, Hit


def answer_data(answer: Answer) -> dict[str, Any]:
    """An answer: its text with numbers, its sentences and quotes with their citations."""
    return {
        "question": answer.question,
        "understood": answer.understood,
        "kind": answer.kind,
        "text": answer.text,
        "notice": answer.notice,
        "sentences": [
            {"text": sentence.text, "citations": [_citation(c) for c in sentence.citations]}
            for sentence in answer.sentences
        ],
        "quotes": [_citation(quote) for quote in answer.quotes],
        "citations": [_citation(citation) for citation in answer.citations],
        "rejected": list(answer.rejected),
        "sources": [hit_data(hit) for hit in answer.sources],
        "left_out": [hit_data(hit) for hit in answer.left_out],
    }


def hit_data(hit: Hit) -> dict[str, Any]:
    """A passage that was found, with its scores."""
    return {
        "score": hit.score,
        "lexical": hit.lexical,
        **chunk_data(hit.chunk),
        "copies": [copy.source for copy in hit.copies],
    }


def chunk_data(chunk: Chunk) -> dict[str, Any]:
    """A passage, and where it stands."""
    return {
        "text": chunk.text,
        "place": location(chunk),
        "source": chunk.source,
        "title": chunk.title,
        "headings": list(chunk.headings),
        "page": chunk.page,
        "page_label": chunk.page_label,
        "start": chunk.start,
        "end": chunk.end,
        "document_id": chunk.document_id,
        "position": chunk.position,
    }


def document_data(record: DocumentRecord) -> dict[str, Any]:
    """A document as a whole."""
    return {
        "id": record.document_id,
        "source": record.source,
        "title": record.title,
        "type": file_type(record.media_type),
        "size": record.size,
        "modified": datetime.fromtimestamp(record.modified_ns / 1e9, UTC).isoformat(),
        "passages": record.chunks,
        "complete": record.complete,
    }


def job_data(job: Job) -> dict[str, Any]:
    """A job as it is now."""
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "detail": job.detail,
        "files": job.files,
        "files_total": job.files_total,
        "passages": job.chunks,
        "passages_total": job.chunks_total,
        "begun": job.begun.isoformat(),
        "report": job.result,
    }


def _citation(citation: Citation) -> dict[str, Any]:
    chunk, span = citation.chunk, citation.document_span
    return {
        "number": citation.number,
        "quote": citation.quote,
        "place": location(chunk),
        "source": chunk.source,
        "page": chunk.page,
        "page_label": chunk.page_label,
        "document_id": chunk.document_id,
        "start": span.start,
        "end": span.end,
    }
