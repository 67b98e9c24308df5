"""Passages of any script, counted by the tokenizer of the model that comes with the project."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedder import LLM2VecGen
from ingest.document import Document, DocumentBuilder
from ingest.prepare import Prepared, Preparer
from ingest.scan import File

SCRIPTS = {
    "Latin": "The pump runs until noon, façade included. It’s off! ",
    "Cyrillic": "Насос работает до полудня. Выключите его! ",
    "Greek": "Η αντλία λειτουργεί ως το μεσημέρι. Κλείστε την· ",
    "Arabic": "تعمل المضخة حتى الظهر. أوقفها الآن؟ می\u200cخواهم ",
    "Devanagari": "पंप दोपहर तक चलता है। इसे बंद करें। क्षत्रिय ",
    "Thai": "ปั๊มทำงานจนถึงเที่ยงแล้วปิดมันเสียก่อน ",
    "CJK": "水泵运行到中午。请把它关掉！ポンプは止まる。펌프가 멈춘다. ",
    "emoji": "👩‍💻👍🏽🇩🇪🏴󠁧󠁢󠁳󠁣󠁴󠁿 ",
    "base64": "iVBORw0KGgoAAAANSUhEUgAA/+9s0xQ2kZ==",
    "minified": "!function(a,b){for(var c=0;c<a;c++)b[c]&&d(e[c],{f:1})}(g);",
}
PIECES = st.sampled_from(list(SCRIPTS.values())).flatmap(
    lambda text: st.tuples(st.integers(0, len(text)), st.integers(1, 12)).map(
        lambda cut: text[cut[0] :] + text * cut[1]
    )
)
MIXED = st.lists(PIECES | st.sampled_from(["\n", "\n\n", "- ", "  "]), max_size=8).map("".join)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Headings, text, tables and pages, of all scripts."""
    builder = DocumentBuilder()
    builder.add("Some text, so that the document is not empty.")
    for kind in draw(st.lists(st.sampled_from(["page", "heading", "text", "table"]), max_size=8)):
        if kind == "page":
            builder.start_page(None)
        elif kind == "heading":
            builder.add_heading(draw(st.integers(1, 3)), draw(MIXED)[:80])
        elif kind == "text":
            builder.add(draw(MIXED))
        else:
            cells = st.lists(PIECES.map(lambda text: text[:40]), min_size=2, max_size=3)
            builder.add_table(draw(st.lists(cells, max_size=12)))
    return builder.build("text/plain", title=draw(PIECES)[:60])


def prepared(document: Document, model: LLM2VecGen, chunk_tokens: int) -> Prepared:
    preparer = Preparer(model.count_tokens, model.max_tokens, chunk_tokens)
    made = preparer.prepare(document, File("/a/b.txt", 1, 1), "v")
    for chunk, title, tokens in zip(made.chunks, made.titles, made.tokens, strict=True):
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert model.count_tokens(chunk.text) == tokens <= preparer.limit
        assert model.count_tokens(f"{title}\n{chunk.text}") <= model.max_tokens
    ends = [0, *(chunk.end for chunk in made.chunks)]
    starts = [*(chunk.start for chunk in made.chunks), len(document.text)]
    between = [document.text[end:start] for end, start in zip(ends, starts, strict=True)]
    assert "".join(between).strip() == "", "lost between passages"
    assert all(a.end <= b.start for a, b in pairwise(made.chunks))
    return made


@settings(max_examples=60, deadline=None)
@given(document=documents(), chunk_tokens=st.sampled_from([16, 40, 200]))
def test_spans_are_exact_and_nothing_is_lost_or_too_long(
    bundled: LLM2VecGen, document: Document, chunk_tokens: int
):
    made = prepared(document, bundled, chunk_tokens)
    starts = {chunk.start for chunk in made.chunks}
    for table in document.tables:
        place = table.start
        for row in document.text[table.start : table.end].split("\n"):
            if bundled.count_tokens(row) <= chunk_tokens:
                inside = range(place + 1, place + len(row))
                assert starts.isdisjoint(inside), "a row that fits was cut"
            place += len(row) + 1


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_line_of_100_kb_is_cut_without_a_loss(bundled: LLM2VecGen, script: str):
    builder = DocumentBuilder()
    builder.add(SCRIPTS[script] * (100_000 // len(SCRIPTS[script].encode())))
    made = prepared(builder.build("text/plain"), bundled, 200)
    filled = sum(made.tokens) / len(made.tokens)
    assert filled > 130, f"passages of {filled:.0f} tokens on average, of 200"


def test_a_line_of_1_mb_is_cut_without_a_loss(bundled: LLM2VecGen):
    builder = DocumentBuilder()
    builder.add("".join(SCRIPTS.values()).replace(" ", "") * 1_700)
    document = builder.build("text/plain")
    assert len(document.text.encode()) > 1_000_000
    assert len(prepared(document, bundled, 200).chunks) > 1_000
