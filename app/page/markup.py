"""What the chat page shows of answers and documents, as HTML.

Models and documents are data: everything they wrote is escaped here, and the little Markdown that
models write in answers is rendered without raw HTML, links or images.
"""

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from markdown_it import MarkdownIt

from app.answering import OFF_TOPIC, Answer, Sentence
from app.location import file_name, location
from app.tickets import Place
from retriever import DocumentRecord

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(
    ["image", "link", "autolink", "reference", "heading", "lheading"]
)

# Stand round a citation's number while Markdown is rendered; private-use characters, taken out of
# the text first, so that a document cannot forge them.
_OPEN, _CLOSE = "\ue000", "\ue001"

_UNCITED = ' <span class="duet-uncited" title="This sentence rests on no passage.">no source</span>'
_LONGEST_TIP = 400  # characters of a quote that shows under the pointer


def question_html(question: str) -> str:
    """What the reader asked, as typed."""
    return f'<div class="duet-question">{html.escape(question)}</div>'


def name_html(name: str) -> str:
    """What a conversation is called."""
    return f'<h1 class="duet-name">{html.escape(name)}</h1>'


def writing_html(sentences: Sequence[Sentence]) -> str:
    """What stands there while the model writes: what it has written, as far as it was checked."""
    if not sentences:
        return '<div class="duet-dim duet-waiting" role="status">Reading the documents …</div>'
    body = _rendered(sentences, _plain_chip)
    going = '<span class="duet-waiting" aria-hidden="true">…</span>'
    return f'<div class="duet-answer" aria-live="polite">{body}</div>{going}'


def answer_html(answer: Answer, name: str) -> str:
    """A finished answer: the model's sentences, quotes as they stand, or why there is none.

    Args:
        answer: Is shown.
        name: What its sources are called on the page (`source_markup`): their numbers lead there.
    """
    tips: dict[int, str] = {}
    for citation in answer.citations:
        tips.setdefault(citation.number, " ".join(citation.quote.split()))

    def chip(number: int) -> str:
        tip = html.escape(tips.get(number, "")[:_LONGEST_TIP])
        return f'<a class="duet-cite" href="#{name}-{number}" title="{tip}">{number}</a>'

    if answer.kind == "refused":
        body = f"<p>{html.escape(f'{answer.text} {answer.notice}')}</p>"
    else:
        body = _rendered(answer.sentences, chip, is_checked=answer.kind != "collection")
    quotes = "".join(
        f"<blockquote>“{html.escape(' '.join(quote.quote.split()))}” {chip(quote.number)}"
        "</blockquote>"
        for quote in answer.quotes
    )
    if answer.kind != "refused" or not quotes:
        body += quotes
    elif answer.notice == OFF_TOPIC:  # else they would look like an answer
        body += (
            f'<details><summary class="duet-dim">The closest passages</summary>{quotes}</details>'
        )
    else:
        body += f'<p class="duet-dim">The closest passages, for you to judge:</p>{quotes}'
    return f'<div class="duet-answer duet-{answer.kind}" aria-live="polite">{body}</div>'


def copy_html(answer: Answer) -> str:
    """What copies an answer with its sources; `app.page.script` makes it work."""
    sources = [f"[{c.number}] {location(c.chunk)}" for c in answer.citations]
    text = "\n".join((f"{answer.text}\n", *dict.fromkeys(sources))).strip()
    return f'<button class="duet-copy" data-text="{html.escape(text)}">Copy</button>'


def rejected_html(sentences: Sequence[str]) -> str:
    """Sentences of the model's that no passage supports."""
    items = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences)
    told = "The model wrote this, too; the passages that it cites do not say it."
    return f'<div class="duet-dim">{told}{items}</div>'


def documents_html(records: Sequence[DocumentRecord]) -> str:
    """The list of indexed documents."""
    rows = (
        f'<div title="{html.escape(record.source)}">'
        f"<span>{html.escape(file_name(record.source))}</span>"
        f'<span class="duet-dim duet-count">{passages(record.chunks)}</span></div>'
        for record in records
    )
    return f'<div class="duet-documents" tabindex="0">{"".join(rows)}</div>'


def document_html(record: DocumentRecord) -> str:
    """A document's name and path."""
    title = html.escape(record.title or file_name(record.source))
    return (
        f'<h1 class="duet-name">{title}</h1>'
        f'<div class="duet-path">{html.escape(record.source)}</div>'
    )


def file_html(record: DocumentRecord, issue: Callable[[Place], str]) -> str:
    """A link to a document's file."""
    ticket = issue(Place(record.document_id, 0, ()))
    return f'<a class="duet-file" href="api/files/{ticket}" download>Get the file</a>'


def empty_html(count: int) -> str:
    """What stands where there is no conversation yet, and so many documents."""
    text = f"Answers come from {documents(count)}, each with the sentences that it rests on."
    if not count:
        text = (
            "Nothing is indexed yet. Add files here; whole folders on the page of documents, or by "
            "<code>python -m ingest FOLDER</code>"
        )
    return f'<div class="duet-empty"><h1>Ask your own documents</h1><p>{text}</p></div>'


def documents(count: int) -> str:
    """A number of documents, in words."""
    return "1 document" if count == 1 else f"{count:,} documents"


def passages(count: int) -> str:
    """A number of passages, in words."""
    return "1 passage" if count == 1 else f"{count:,} passages"


def label(text: str) -> str:
    """Text for a widget's label, which Streamlit reads as Markdown: on one line, no markup.

    A word joiner after a colon inside a word keeps `:smile:` and `:red[...]` what they are; one
    after `@` and `www` keeps addresses from becoming links.
    """
    one_line = " ".join(text.split())
    escaped = re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$^&])", r"\\\1", one_line)
    return re.sub(r":(?=\S)|@|\bwww(?=\\\.)", "\\g<0>\u2060", escaped, flags=re.IGNORECASE)


def _rendered(
    sentences: Sequence[Sentence], chip: Callable[[int], str], *, is_checked: bool = False
) -> str:
    """Markdown with a chip for each citation; brackets of the documents' own stay text.

    Args:
        sentences: To be rendered.
        chip: Draws a citation's number.
        is_checked: Whether a sentence without citations is marked as such.
    """
    text = "".join(
        _unforged(sentence.before)
        + replace(sentence, text=_unforged(sentence.text)).marked(_fence)
        + (_fence(0) if is_checked and not sentence.citations else "")
        for sentence in sentences
    )
    rendered = _MARKDOWN.render(text)
    return re.sub(
        f"{_OPEN}(\\d+){_CLOSE}",
        lambda match: chip(int(match[1])) if match[1] != "0" else _UNCITED,
        rendered,
    )


def _fence(number: int) -> str:
    return f"{_OPEN}{number}{_CLOSE}"


def _unforged(text: str) -> str:
    return text.replace(_OPEN, "�").replace(_CLOSE, "�")


def _plain_chip(number: int) -> str:
    return f'<span class="duet-cite">{number}</span>'
