"""A model without weights: hashed bags of words as vectors, and replies from a script."""

import threading
import time
from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from embedder.chat import Message
from embedder.encoder import Attention, Decoded, EncoderId, Outlook
from embedder.reply import Reply
from retriever import Chunk, document_id
from retriever.words import content_words


class ScriptedModel:
    """Stands in for `LLM2VecGen` wherever the weights do not matter.

    Args:
        reply: What it answers, whatever the prompt is.
        context_tokens: Its window; a token is a word here.
        pause: Seconds before each word.
    """

    id = EncoderId("scripted", "000000000000", 256)
    trusted_to_refuse = False
    max_tokens = 200

    def __init__(self, reply: str = "", *, context_tokens: int = 4000, pause: float = 0.0) -> None:
        self.reply = reply
        self.context_tokens = context_tokens
        self.pause = pause
        self.prompts: list[Sequence[Message]] = []
        self.doubts: dict[str, float] = {}
        """By a word of the prompt; a model without the adapter as long as there is none."""
        self.looks_at: dict[str, float] = {}
        """Weights by words of the prompt."""
        self.read: list[str] = []
        """Prompts of which it was asked whether it would refuse."""
        self.sureness = 1.0
        self.written = 0
        """Words of the last reply."""

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        return sum(self.count_tokens(message["content"]) for message in messages)

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.id.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in content_words(text):
                row[blake2b(word.encode()).digest()[0]] += 1
            row[0] += 0.01
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def encode_documents(
        self, texts: Sequence[str], titles: Sequence[str] | None = None
    ) -> NDArray[np.float32]:
        titled = zip(titles or [""] * len(texts), texts, strict=True)
        return self.encode_queries([f"{title} {text}" for title, text in titled])

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int = 512,
        stop: threading.Event | None = None,
        answering: bool = False,
    ) -> Reply:
        assert answering
        self.prompts.append(messages)
        return Reply(self._words(max_new_tokens, stop), [self.sureness])

    def _words(self, limit: int, stop: threading.Event | None) -> Iterator[str]:
        words = self.reply.split(" ")[:limit]
        for number, word in enumerate(words):
            self.written = number + 1
            time.sleep(self.pause)
            if stop is not None and stop.is_set():
                return
            yield word if number == 0 else f" {word}"

    def decode(self, text: str, *, max_new_tokens: int = 64) -> Decoded:
        return Decoded(f"Expected: {text}", (("word",),))

    def likelihood_gains(self, question: str, passages: Sequence[str]) -> list[float | None]:
        return [None] * len(passages)

    def outlook(self, messages: Sequence[Message]) -> Outlook | None:
        if not self.doubts:
            return None
        prompt = messages[-1]["content"]
        self.read.append(prompt)
        refusal = next((doubt for word, doubt in self.doubts.items() if word in prompt), 1.0)
        looked = [
            Attention(prompt.index(word), prompt.index(word) + len(word), weight)
            for word, weight in self.looks_at.items()
            if word in prompt
        ]
        return Outlook(refusal, tuple(looked))


def chunk(
    text: str, *, source: str = "/docs/guide.md", position: int = 0, **fields: object
) -> Chunk:
    """A chunk with defaults for everything that a test does not care about."""
    values: dict[str, object] = {
        "document_id": document_id(source),
        "title": "",
        "headings": (),
        "page": None,
        "page_label": None,
        "start": 0,
        "end": len(text),
        "version": "v1",
        "modified_ns": 1,
        "size": len(text),
        "media_type": "text/markdown",
        "language": "en",
    }
    return Chunk(text=text, source=source, position=position, **{**values, **fields})


def pdf(pages: Sequence[str]) -> bytes:
    """A PDF with one line of text a page."""
    count = len(pages)
    kids = " ".join(f"{3 + 2 * n} 0 R" for n in range(count))
    font = "<< /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
    ]
    for number, text in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 900 200] /Resources {font} "
            f"/Contents {4 + 2 * number} 0 R >>"
        )
        content = f"BT /F 12 Tf 20 100 Td ({text}) Tj ET"
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    data = "%PDF-1.4\n"
    offsets: list[int] = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF"
    return f"{data}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()
