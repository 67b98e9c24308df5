import html
import re

from app.answering import OFF_TOPIC, Answer, Citation, Sentence
from app.page import markup
from app.page.document_markup import passages_html
from app.page.source_markup import snippet_html, sources_html
from app.tickets import Place
from retriever import DocumentRecord, document_id
from tests.app.fakes import chunk

HOSTILE = "<script>alert(1)</script> ![x](http://evil.example/x.png) [y](http://evil.example)"

LINKS = {
    '<a class="duet-cite" href="#a-1" title="' + html.escape(HOSTILE) + '"',
    '<a class="duet-file" href="api/files/t" download',
    f'<a href="documents?document={document_id(f"/docs/{HOSTILE}")}"',
}


def answer(*sentences: Sentence, kind: str = "generated", **fields: object) -> Answer:
    return Answer(question="?", understood="?", kind=kind, sentences=sentences, **fields)


def shown(told: Answer) -> str:
    return markup.answer_html(told, "a")


def cite(*numbers: int, text: str = "A b.") -> tuple[Citation, ...]:
    return tuple(Citation(number, chunk(text), 0, len(text)) for number in numbers)


def test_nothing_a_model_or_a_document_writes_becomes_html():
    hostile_chunk = chunk(HOSTILE, source=f"/docs/{HOSTILE}", title=HOSTILE, headings=(HOSTILE,))
    record = DocumentRecord("id", f"/docs/{HOSTILE}", "t", "v", 1, 1, "text/plain", 3, True)
    pages = [
        markup.question_html(HOSTILE),
        markup.writing_html([Sentence(HOSTILE, "", cite(1))]),
        shown(answer(Sentence(HOSTILE, "", ()))),
        shown(answer(kind="quoted", quotes=cite(1, text=HOSTILE))),
        markup.rejected_html([HOSTILE]),
        sources_html(
            answer(kind="quoted", quotes=(Citation(1, hostile_chunk, 3, 20),)), "a", lambda _: "t"
        ),
        markup.documents_html([record]),
    ]
    for page in pages:
        assert "alert(1)" in page
        assert not any(tag in page for tag in ("<script", "<img", "javascript:"))
        assert set(re.findall(r"<a [^>]*", page)) <= LINKS


def test_markdown_of_a_model_is_rendered_and_citations_are_chips():
    sentences = (
        Sentence("**Two** things:", "", ()),
        Sentence("- one", "\n\n", cite(1)),
        Sentence("- two.", "\n", cite(2, 3)),
    )
    page = markup.answer_html(answer(*sentences), "answer-7")
    assert "<strong>Two</strong>" in page
    one, two, three = (
        f'<a class="duet-cite" href="#answer-7-{n}" title="A b.">{n}</a>' for n in (1, 2, 3)
    )
    assert f"<li>one {one}</li>" in page
    assert f"<li>two {two}{three}.</li>" in page
    assert "<a " not in markup.writing_html(sentences)  # there is nothing yet that they lead to


def test_brackets_of_a_document_are_text_and_chips_cannot_be_forged():
    sentence = Sentence(
        "After 24 months [1] see items[1] of paper [2], \ue0001\ue001.", "", cite(1)
    )
    page = shown(answer(sentence))
    assert "months [1] see items[1] of paper [2]" in page
    assert page.count("duet-cite") == 1


def test_markup_in_quotes_stays_as_it_stands():
    quotes = cite(1, text="Use **two** `keys` [1].") + cite(2, text="And a *lock*.")
    page = shown(answer(kind="quoted", quotes=quotes))
    assert "“Use **two** `keys` [1].” <a " in page
    assert page.count("<blockquote>") == page.count("duet-cite") == 2


def test_a_refusal_shows_what_comes_closest_as_such():
    page = shown(answer(kind="refused", quotes=cite(1)))
    assert (
        page.index("The documents do not say.")
        < page.index("The closest passages")
        < page.index("A b.")
    )
    assert "The closest passages" not in shown(answer(kind="refused"))


def test_what_is_closest_of_something_else_is_folded_away():
    page = shown(answer(kind="refused", quotes=cite(1), notice=OFF_TOPIC))
    assert "<details><summary" in page
    assert page.index("<details>") < page.index("<blockquote>") < page.index("</details>")


def test_until_the_first_sentence_the_page_says_what_happens():
    assert "Reading" in markup.writing_html(())
    assert "Reading" not in markup.writing_html([Sentence("Yes.", "", ())])


def test_a_snippet_highlights_its_quotes_with_some_text_around():
    text = "Before. " * 100 + "First quote. Between. Second quote." + " After." * 100
    first, second = text.index("First"), text.index("Second")
    passage = chunk(text)
    page = snippet_html(
        [
            Citation(1, passage, second, second + 13),
            Citation(1, passage, first, first + 12),
            Citation(1, passage, first + 6, first + 12),
        ]
    )
    assert "<mark>First quote.</mark> Between. <mark>Second quote.</mark>" in page
    assert page.count("<mark>") == 2
    assert page.count("…") == 2
    assert "…Before. " in page  # no word is cut
    assert "After.…" in page
    assert len(page) < 1200


def test_text_without_spaces_is_cut_all_the_same():
    text = "保修期为两年。" * 200
    page = snippet_html([Citation(1, chunk(text), 700, 707)])
    assert page.count("…") == 2
    assert len(page) < 900


def test_a_short_passage_is_shown_whole():
    page = snippet_html([Citation(1, chunk("A b c."), 0, 6)])
    assert "…" not in page


def test_the_lines_of_a_page_flow_and_its_lists_stay():
    lines = "The typewriter changed the way in which people\nwrote letters (see also the list of\n"
    text = f"{lines}• IBM MT/ST\n• Wang\n\nEnd."
    paged = chunk(text, source="/docs/plan.pdf", media_type="application/pdf", page=3)
    start = text.index("wrote")
    page = snippet_html([Citation(1, paged, start, start + len("wrote letters"))])
    assert "in which people <mark>wrote letters</mark> (see" in page
    assert "list of\n• IBM MT/ST\n• Wang\n\nEnd." in page
    plain = snippet_html([Citation(1, chunk(text), start, start + 5)])
    assert "in which people\n<mark>wrote</mark>" in plain


def test_a_source_has_its_file_and_the_page_of_a_pdf():
    told = []

    def issue(place):
        told.append(place)
        return "ticket"

    paged = chunk("A b. C d.", source="/docs/plan.pdf", media_type="application/pdf", page=3)
    quotes = (Citation(1, paged, 0, 4), Citation(1, paged, 5, 9), *cite(2))
    page = sources_html(answer(kind="quoted", quotes=quotes), "answer-1", issue)
    assert '<summary>[1] plan.pdf, page 3</summary><div id="answer-1-1" tabindex="0">' in page
    picture = '<img class="duet-page" loading="lazy" src="api/pages/ticket?part=true"'
    assert page.count(picture) == page.count('<a href="api/pages/ticket"') == 1
    assert page.count('href="api/files/ticket"') == 2
    assert page.count(f'href="documents?document={paged.document_id}"') == 1
    assert page.count("Next source") == page.count("Previous source") == 1
    assert told[0] == Place(paged.document_id, 0, ((0, 4), (5, 9)))


def test_a_source_says_under_which_headings_it_stands():
    def shown_source(**fields: object) -> str:
        quotes = (Citation(1, chunk("A b.", **fields), 0, 4),)
        return sources_html(answer(kind="quoted", quotes=quotes), "a", lambda _: "t")

    page = shown_source(title="Guide", headings=("Guide", "Use"))
    assert '<div class="duet-dim">Guide › Use</div>' in page
    assert '<div class="duet-dim">' not in shown_source()  # its name stands there already


def test_a_document_does_not_repeat_its_headings():
    chunks = [
        chunk("Title\n=====\n\nFirst.", headings=("Title",)),
        chunk("## Use\n", headings=("Title", "Use")),
        chunk("Use it so.", headings=("Title", "Use")),
        chunk("# Part\n\n## Care\n\nWith care.", headings=("Part", "Care")),
        chunk(
            "The Seals of\nthe Pump\nThey last.", headings=("The Seals of the Pump",), page=2,
            media_type="application/pdf",
        ),
    ]  # fmt: skip
    page = passages_html(chunks)
    passages = re.findall(r'duet-passage">(.*?)</div>', page)
    assert passages == ["First.", "Use it so.", "With care.", "They last."]
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", page) == [
        "Title", "Title › Use", "Part › Care", "page 2 › The Seals of the Pump",
    ]  # fmt: skip


def test_labels_are_plain_text():
    label = markup.label("a*b* [x](y)\n:smile: `c` $m$ <b>: done")
    assert label == r"a\*b\* \[x\]\(y\) :⁠smile: \`c\` \$m\$ \<b\>: done"


def test_the_empty_page_says_how_to_begin():
    assert "python -m ingest" in markup.empty_html(0)
    assert "1 document" in markup.empty_html(1)
    assert "1,200 documents" in markup.empty_html(1200)


def test_labels_make_no_links():
    joined = markup.label("ada@example.org WWW.example.org https://example.org")
    assert "@\u2060example" in joined
    assert "WWW\u2060" in joined
    assert "https:\u2060//" in joined
