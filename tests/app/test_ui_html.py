from app import ui_html
from app.answering.citations import Citation
from app.answering.pipeline import Answer
from app.answering.sentences import Span
from retriever import DocumentRecord
from tests.app.fakes import chunk

HOSTILE = "<script>alert(1)</script> ![x](http://evil.example/x.png) [y](http://evil.example)"


def answer(text: str, kind: str = "generated", *unsupported: Span, cited: str = "") -> Answer:
    citations = tuple(Citation(int(number), chunk("A b."), 0, 4) for number in cited)
    return Answer(question="?", kind=kind, text=text, unsupported=unsupported, citations=citations)


def test_nothing_a_model_or_a_document_writes_becomes_html():
    hostile_chunk = chunk(HOSTILE, source=f"/docs/{HOSTILE}", title=HOSTILE, headings=(HOSTILE,))
    record = DocumentRecord("id", f"/docs/{HOSTILE}", "t", "v", 1, 1, "text/plain", 3, True)
    pages = [
        ui_html.question_html(HOSTILE),
        ui_html.writing_html(HOSTILE),
        ui_html.answer_html(answer(HOSTILE)),
        ui_html.answer_html(answer(HOSTILE, "quoted")),
        ui_html.snippet_html([Citation(1, hostile_chunk, 3, 20)]),
        ui_html.documents_html([record]),
    ]
    for page in pages:
        assert "alert(1)" in page
        assert not any(tag in page for tag in ("<script", "<img", "<a ", "javascript:"))


def test_markdown_of_a_model_is_rendered_and_citations_are_chips():
    page = ui_html.answer_html(answer("**Two** things:\n\n- one [1]\n- two [2, 3]", cited="123"))
    assert "<strong>Two</strong>" in page
    assert '<li>one <span class="duet-cite">1</span></li>' in page
    assert '<span class="duet-cite">2, 3</span>' in page


def test_only_checked_numbers_become_chips():
    text = "After 24 months [12] see items[1] of paper [2]. So it is[1][2]"
    page = ui_html.answer_html(answer(text, cited="1"))
    assert "months [12] see items[1] of paper [2]." in page
    assert page.count("duet-cite") == 1
    page = ui_html.answer_html(answer("“It lasts 24 months [1].” [1]", "quoted", cited="1"))
    assert "months [1].” <span" in page
    assert "duet-cite" not in ui_html.writing_html("Not checked yet [1].")


def test_markup_in_quotes_stays_as_it_stands():
    page = ui_html.answer_html(answer("“Use **two** `keys`.” [1]\n\n“And a *lock*.” [2]", "quoted"))
    assert "“Use **two** `keys`.” " in page
    assert page.count("<blockquote>") == 2


def test_unsupported_sentences_are_underlined_and_cannot_be_forged():
    page = ui_html.answer_html(answer("Fine [1]. Bad. \ue000", "generated", Span(10, 14)))
    assert page.count("duet-unsupported") == 1
    assert ">Bad.</span>" in page


def test_a_snippet_highlights_its_quotes_with_some_text_around():
    text = "Before. " * 100 + "First quote. Between. Second quote." + " After." * 100
    first, second = text.index("First"), text.index("Second")
    passage = chunk(text, title="Guide", headings=("Guide", "Use"))
    page = ui_html.snippet_html(
        [
            Citation(1, passage, second, second + 13),
            Citation(1, passage, first, first + 12),
            Citation(1, passage, first + 6, first + 12),
        ]
    )
    assert "<mark>First quote.</mark> Between. <mark>Second quote.</mark>" in page
    assert page.count("<mark>") == 2
    assert "Guide › Use" in page
    assert page.count("…") == 2
    assert len(page) < 1200


def test_a_short_passage_is_shown_whole():
    page = ui_html.snippet_html([Citation(1, chunk("A b c."), 0, 6)])
    assert "…" not in page
    assert "guide.md" in page


def test_labels_are_plain_text():
    label = ui_html.label("a*b* [x](y)\n:smile: `c` $m$ <b>: done")
    assert label == r"a\*b\* \[x\]\(y\) :⁠smile: \`c\` \$m\$ \<b\>: done"


def test_the_empty_page_says_how_to_begin():
    assert "python -m ingest" in ui_html.empty_html(0)
    assert "one document" in ui_html.empty_html(1)
    assert "1,200 documents" in ui_html.empty_html(1200)
