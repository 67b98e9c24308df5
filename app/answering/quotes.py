"""The sentences of the passages that answer a question best, word for word.

They are what the reader gets when the model's own words cannot be trusted. Four signals rank them:
which of the question's content words a sentence holds (rare ones weigh more), whether the language
model would answer from its passage, how much it looks at the sentence to begin that answer (both
from the pass in which the passage was read anyway), and the encoder's similarity to the question.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.answering.check.codes import is_about_another
from app.answering.check.support import Citation
from app.answering.reading import Reader
from app.answering.sentences import ENTRY, Span, sentence_spans
from app.answering.similarity import calibrated
from app.answering.words import idf
from embedder.encoder import Outlook
from retriever import Chunk, Hit
from retriever.words import content_words

_PASSAGES = 5  # of the best hits
_MAX_SENTENCES = 120
_LOOKED, _ANSWERED = 0.3, 0.15
"""Relevance of a unit of the logarithm of the attention to a sentence and what follows it, and of
the log odds that the model answers from its passage. Of 111 questions on two collections whose
answer stood in a sentence it stood in the first for 90 so, in the first three for 105; for 80 and
98 when the best eight were each read alone, and for 66 and 93 by relevance alone."""
_LEAST_LOOK, _LEAST_DOUBT = 1e-3, 1e-3
_COMPARED = 8
"""The best by all else are compared by their vectors; with all of them it was the same, for six,
too."""
_GAIN = 0.25
"""Relevance of a nat a token by which a sentence makes the question likelier: for models that have
no adapter for answers."""
_BORROWED = 0.5  # what a question's word counts that stands not in the sentence but just above it
_OTHER = 1.0  # what it costs to tell of another code than the question names
_NEARLY = 0.6  # the score by which a sentence may be behind the best one
_MOST_QUOTES = 3
_MOST_LED = 2
_LONGEST = 600  # characters of a sentence
_SHORT = 320  # characters that a sentence and what follows it may have together
_LIST = 1000  # the same of one that leads in
_MIN_WORDS = 3  # shorter ones are headings, labels and page numbers
_MIN_ENTRY = 2  # of "Pets: forbidden"
_DOI = re.compile(r"\bdoi(?:\.org/|:)", re.IGNORECASE)
_VOLUME = re.compile(r"\d\(\d+\),\s\d")
_LONGEST_JOURNAL = 60  # characters between the title of an article and the number of the volume
_ASKS_REFERENCE = re.compile(r"\bdoi\b|\bcit|journal|publish|reference|volume", re.IGNORECASE)
_UNDERLINED = re.compile(r"([-=~^*+#_`])\1{3,}\s*$")  # a heading in plain text, and a table's rule
_PAGES_WITH_HEADINGS = ("text/html", "text/markdown", "text/x-rst", "text/x-tex")
_HEADING = re.compile(  # by its looks: no list item, and no sentence ends in it
    r"(?![-•|]|\d+[.)])(?!.*\w{3}[.!?])[^:\n]{1,80}[^.:;!?\n。！？]"
)


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a passage.

    Attributes:
        number: 1-based number of the passage among the hits.
        chunk: The passage.
        span: Where the sentence stands in `chunk.text`.
        relevance: To the question: share of its words plus similarity (`calibrated`), up to 2.
        score: By which it is ranked: that, and what the language model says of it.
    """

    number: int
    chunk: Chunk
    span: Span
    relevance: float
    score: float

    @property
    def text(self) -> str:
        """The sentence, exactly as it stands in the passage."""
        return self.span.of(self.chunk.text)


def closest_quotes(
    reader: Reader,
    hits: Sequence[Hit],
    *,
    least: float = 0.0,
    first: Sequence[Citation] = (),
    read_on: Callable[[], bool] = _always,
) -> list[Citation]:
    """The sentences that come closest to an answer, with what follows them; at most three.

    Args:
        reader: Knows the question, and tells how near a sentence is to an answer.
        hits: Where to look; a citation's number is a hit's place, from 1.
        least: None whose relevance is below; where it is not 0, none that scores much worse than
            the best.
        first: Sentences that an answer would rest on which is not believed: up to two lead.
        read_on: Whether the language model may read sentences; where it may not, words and
            similarity alone rank them.
    """
    ranked = rank_quotes(reader, hits, read_on=read_on)
    enough = [quote for quote in ranked if quote.relevance >= least]
    bar = enough[0].score - _NEARLY if enough and least else -math.inf
    found: list[Citation] = []
    leads = (led for led in first if _may_lead(led, reader.question))
    near = (
        Citation(quote.number, quote.chunk, *quote.span) for quote in enough if quote.score >= bar
    )
    for most, citations in ((_MOST_LED, leads), (_MOST_QUOTES, near)):
        for citation in citations:
            # Overlapping chunks share sentences, and what follows one may be the next.
            if any(citation.quote in other.quote for other in found):
                continue
            span = _with_next(citation.chunk.text, Span(citation.start, citation.end))
            if not _joined(found, replace(citation, end=span.end)):
                if len(found) == most:
                    break
                found.append(replace(citation, end=span.end))
    return found


def _is_entry(text: str, start: int) -> bool:
    """Whether an entry of a form or list begins there: "Deposit: 50 EUR"."""
    return text[start - 1 : start] in ("", "\n") and ENTRY.match(text, start) is not None


def _least_words(chunk: Chunk, span: Span) -> int:
    return _MIN_ENTRY if _is_entry(chunk.text, span.start) else _MIN_WORDS


def _may_lead(led: Citation, question: str) -> bool:
    span = Span(led.start, led.end)
    return _states(led.chunk, span, question) and not _is_about_another(led.chunk, span, question)


def _is_about_another(chunk: Chunk, span: Span, question: str) -> bool:
    return is_about_another(question, chunk.text, span, "\n".join(chunk.above))


def _joined(found: list[Citation], citation: Citation) -> bool:
    """Whether `citation` overlaps one that was found, and that was made to hold both."""
    for place, other in enumerate(found):
        start, end = min(citation.start, other.start), max(citation.end, other.end)
        shares = citation.start < other.end and other.start < citation.end
        if citation.chunk == other.chunk and shares and end - start <= _LIST:
            found[place] = replace(other, start=start, end=end)
            return True
    return False


def with_following(quote: Citation) -> str:
    """A quote as a model should read it: an entry of a form with those that follow it."""
    span = _with_next(quote.chunk.text, Span(quote.start, quote.end), entries=True)
    return span.of(quote.chunk.text)


def _with_next(text: str, span: Span, *, entries: bool = False) -> Span:
    """The sentence, and those after it in its paragraph as long as all stays short.

    An entry ("Deposit: 50 EUR") begins something else, unless `entries` are wanted. A sentence
    that leads in ("Such secrets:") says nothing without what it leads to.
    """
    leads = span.of(text).endswith((":", "："))
    end = span.end
    for following in sentence_spans(text):
        if following.start < end:
            continue
        parted = "\n\n" in text[end : following.start] and not (leads and end == span.end)
        other = _is_entry(text, following.start) and not (leads or entries)
        if parted or other or following.end - span.start > (_LIST if leads else _SHORT):
            break
        end = following.end
    return Span(span.start, end)


def rank_quotes(
    reader: Reader, hits: Sequence[Hit], *, read_on: Callable[[], bool] = _always
) -> list[Quote]:
    """The sentences of the first few hits, the best answer to the reader's question first.

    Arguments as in `closest_quotes`.
    """
    hits = hits[:_PASSAGES]
    candidates = [
        (number, hit.chunk, span, above)
        for number, hit in enumerate(hits, start=1)
        for span, above in _statements(hit.chunk, reader.question)
    ][:_MAX_SENTENCES]
    wanted = set(content_words(reader.question))
    words = [set(content_words(span.of(chunk.text))) for _, chunk, span, _ in candidates]
    # A sentence that only repeats the question ("Length of passwords") answers nothing.
    telling = [
        i
        for i, (found, (_, chunk, span, _)) in enumerate(zip(words, candidates, strict=True))
        if found - wanted and len(found) >= _least_words(chunk, span)
    ]
    if not telling:
        return []
    weights, may_read = idf(words), read_on()
    outlooks = [reader.outlook(hit.chunk.content) if may_read else None for hit in hits]
    quotes: list[Quote] = []
    for i in telling:
        number, chunk, span, above = candidates[i]
        own = weights.share(wanted, words[i])
        near = weights.share(wanted, words[i] | above)
        relevance = own + _BORROWED * (near - own)
        promise = _promise(outlooks[number - 1], chunk, span)
        if _is_about_another(chunk, span, reader.question):
            promise -= _OTHER
        quotes.append(Quote(number, chunk, span, relevance, relevance + promise))
    quotes.sort(key=lambda quote: -quote.score)
    best = _compared(quotes[:_COMPARED], reader)
    if may_read and None in outlooks:
        best = _asked(best, reader)
    return sorted(best, key=lambda quote: -quote.score) + quotes[_COMPARED:]


def _promise(outlook: Outlook | None, chunk: Chunk, span: Span) -> float:
    """What it adds to a score that the model would answer, and where it looks for that."""
    if outlook is None:
        return 0.0
    told = _with_next(chunk.text, span)
    before = len(chunk.content) - len(chunk.text)  # the header of a table
    looked = sum(
        weight
        for start, end, weight in outlook.attention
        if told.start <= (start + end - 1) // 2 - before < told.end
    )
    doubt = min(max(outlook.refusal, _LEAST_DOUBT), 1 - _LEAST_DOUBT)
    return _LOOKED * math.log(looked + _LEAST_LOOK) + _ANSWERED * math.log((1 - doubt) / doubt)


def _compared(quotes: Sequence[Quote], reader: Reader) -> list[Quote]:
    """The quotes, with the encoder's similarity to the question."""
    model = reader.model
    vectors = model.encode_documents([quote.text for quote in quotes])
    similarities = vectors @ model.encode_queries([reader.question])[0]
    near = [calibrated(float(similarity), model) for similarity in similarities]
    return [
        replace(quote, relevance=quote.relevance + more, score=quote.score + more)
        for quote, more in zip(quotes, near, strict=True)
    ]


def _asked(quotes: Sequence[Quote], reader: Reader) -> list[Quote]:
    """The quotes, with how much likelier each makes the question: for want of an outlook."""
    told = [_with_next(quote.chunk.text, quote.span).of(quote.chunk.text) for quote in quotes]
    gains = reader.model.likelihood_gains(reader.question, told)
    return [
        replace(quote, score=quote.score + _GAIN * (gain or 0.0))
        for quote, gain in zip(quotes, gains, strict=True)
    ]


def _states(chunk: Chunk, span: Span, question: str) -> bool:
    """Whether a sentence may tell something: no question, heading, or entry of a bibliography."""
    sentence = span.of(chunk.text)
    if sentence.endswith(("?", "？")) or _UNDERLINED.search(sentence):
        return False
    entry = chunk.text[span.start : span.end + _LONGEST_JOURNAL]
    if (_DOI.search(sentence) or _VOLUME.search(entry)) and not _ASKS_REFERENCE.search(question):
        return False
    alone = "\n\n" in f"\n\n{chunk.text}"[max(0, span.start - 1) : span.start + 2]
    ends = chunk.text[span.end : span.end + 2] in ("\n\n", "")
    is_page = chunk.media_type in _PAGES_WITH_HEADINGS
    return not (is_page and alone and ends and _HEADING.fullmatch(sentence))


def _statements(chunk: Chunk, question: str) -> Iterator[tuple[Span, set[str]]]:
    """Sentences that state something, each with the words of what stands above it."""
    context = set(content_words(" ".join(chunk.above)))
    previous: set[str] = set()
    for span in _short(chunk.text):
        sentence = span.of(chunk.text)
        if _states(chunk, span, question):
            yield span, context | previous
        previous = set(content_words(sentence))


def _short(text: str) -> Iterator[Span]:
    """The sentences of `text`; what runs on without a full stop, as tables do, line by line."""
    for span in sentence_spans(text):
        if span.end - span.start <= _LONGEST:
            yield span
            continue
        for line in re.finditer(r"\S[^\n]*", span.of(text)):
            yield Span(span.start + line.start(), span.start + line.end())
