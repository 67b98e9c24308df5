"""How an answer was found, as HTML: what was searched, what came, and how long it took.

Everything that a document wrote is escaped here, as in `app.page.markup`.
"""

import html

from app.answering import Answer
from app.location import location
from app.page.markup import rejected_html
from retriever import Hit

_CAPTION = "Passages found, the cited first"


def found_html(answer: Answer) -> str:
    """What was searched, the passages with their scores, what was left out, and the times.

    A passage has the score of each arm of the search: the cosine of its vector and the question's,
    and BM25 of the words that it shares with the question.
    """
    parts = [f"<p>Searched for: {html.escape(answer.understood)}</p>"]
    if answer.sources:
        rows = "".join(
            _row(number, hit, answer) for number, hit in enumerate(answer.sources, start=1)
        )
        head = "".join(
            f'<th scope="col">{name}</th>' for name in ("#", "Passage", "Cosine", "BM25", "Use")
        )
        parts.append(
            f'<div class="duet-scroll" tabindex="0"><table class="duet-found"><caption>{_CAPTION}'
            f"</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )
    if answer.rejected:
        parts.append(rejected_html(answer.rejected))
    if answer.timings is not None:
        finding, writing = answer.timings.finding, answer.timings.writing
        parts.append(f"<p>Finding took {finding:.1f} s, writing and checking {writing:.1f} s.</p>")
    return f'<div class="duet-how">{"".join(parts)}</div>'


def _row(number: int, hit: Hit, answer: Answer) -> str:
    where = f"{location(hit.chunk)}, passage {hit.chunk.position + 1}"
    return (
        f"<tr><td>{number}</td><td>{html.escape(where)}</td><td>{hit.score:.3f}</td>"
        f"<td>{hit.lexical:.2f}</td><td>{_use(number, hit, answer)}</td></tr>"
    )


def _use(number: int, hit: Hit, answer: Answer) -> str:
    if any(citation.number == number for citation in answer.citations):
        return "cited"
    return "no room" if hit in answer.left_out else ""
