import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunk import Passage, cut
from ingest.document import Document, DocumentBuilder
from ingest.parsers.markdown import parse as parse_markdown


def count_words(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))


def count_bytes(text: str) -> int:
    return len(text.encode())


def count_merged(text: str) -> int:
    """Three times the words where they stand alone: sums of parts estimate too low or too high."""
    return len(text.split()) ** 2 // 4 + 1


def texts(document: Document, passages: list[Passage]) -> list[str]:
    return [document.text[passage.start : passage.end] for passage in passages]


def markdown(text: str) -> Document:
    return parse_markdown(text.encode())


ALPHABET = st.sampled_from(
    [
        *"abcXYZ019 \n.,!?-|#*",
        "\n\n",
        ". ",
        "文",
        "件",
        "。",
        "한",
        "é",
        "e\u0301",
        "👩‍💻",
        "\u200d",
    ]
)
BLOCKS = st.lists(ALPHABET, max_size=120).map("".join)


@st.composite
def flowing_documents(draw: st.DrawFn) -> Document:
    builder = DocumentBuilder()
    builder.add("Some text, so that the document is not empty.")
    for level, text in draw(st.lists(st.tuples(st.integers(0, 4), BLOCKS), max_size=6)):
        if level:
            builder.add_heading(level, text)
        else:
            builder.add(text)
    return builder.build("text/plain")


@st.composite
def paged_documents(draw: st.DrawFn) -> Document:
    builder = DocumentBuilder()
    builder.add_page("Some text, so that the document is not empty.", "i")
    for text in draw(st.lists(BLOCKS, max_size=6)):
        page = builder.add_page(text, None)
        builder.mark_heading(1, text[:9], [page])
    return builder.build("application/pdf")


@pytest.mark.parametrize("count", [count_words, count_bytes, count_merged])
@settings(max_examples=150, deadline=None)
@given(document=flowing_documents() | paged_documents(), limit=st.integers(16, 60))
def test_passages_fit_and_cover_the_document_once_in_order(
    count: Callable[[str], int], document: Document, limit: int
):
    passages = cut(document, count, limit)
    covered = "".join("".join(text.split()) for text in texts(document, passages))
    assert covered == "".join(document.text.split())
    assert all(a.end <= b.start for a, b in pairwise(passages))
    for passage, text in zip(passages, texts(document, passages), strict=True):
        assert text == text.strip() != ""
        assert count(text) == passage.tokens <= limit


@settings(max_examples=100, deadline=None)
@given(document=paged_documents())
def test_a_passage_is_on_one_page(document: Document):
    for passage in cut(document, count_words, 40):
        assert passage.page is not None
        assert passage.page.start <= passage.start < passage.end <= passage.page.end


def test_a_section_of_the_top_level_begins_a_passage():
    document = markdown(
        "# Guide\n\n## Install\n\nRun it.\n\n## Use\n\nCall it.\n\n### Notes\n\nNone."
    )
    passages = cut(document, count_words, 100)
    assert texts(document, passages) == [
        "Guide\n\nInstall\n\nRun it.",
        "Use\n\nCall it.\n\nNotes\n\nNone.",
    ]
    assert [passage.headings for passage in passages] == [("Guide", "Install"), ("Guide", "Use")]


def test_a_heading_goes_with_the_text_that_it_heads():
    filler = "word " * 9
    document = markdown(f"# A\n\n## B\n\n{filler}\n\n### C\n\n{'more ' * 20}\n")
    for text in texts(document, cut(document, count_words, 30)):
        assert not text.splitlines()[-1].startswith("#")


def test_what_shares_only_outer_headings_is_said_to_be_under_these():
    document = markdown("# A\n\n# B\n\n## C\n\nOne.\n\n## D\n\nTwo.")
    assert cut(document, count_words, 100)[-1].headings == ("B",)


def test_sentences_stay_whole_where_they_can():
    sentences = [f"This is sentence number {n} of the text." for n in range(30)]
    document = markdown(" ".join(sentences))
    for text in texts(document, cut(document, count_words, 40)):
        assert text.startswith("This")
        assert text.endswith(".")


def test_the_number_of_a_list_item_stays_with_its_words():
    items = "\n".join(f"{n}. SHALL be word {n} of these. It is so." for n in range(1, 20))
    parts = texts(markdown(items), cut(markdown(items), count_words, 24))
    assert len(parts) > 5
    assert not any(re.search(r"(^|\n)\d+\.$", part) for part in parts)


def test_chinese_is_cut_after_its_full_stops():
    document = markdown("检索增强生成系统的测试文件。负责人是李雷，电话分机号是四二。" * 30)
    passages = texts(document, cut(document, count_bytes, 200))
    assert len(passages) > 10
    assert all(text.endswith("。") for text in passages)


def test_passages_of_running_text_are_well_filled():
    document = markdown(" ".join(f"Sentence number {n} is here." for n in range(500)))
    passages = cut(document, count_words, 100)
    assert sum(passage.tokens for passage in passages) / len(passages) > 85


@pytest.mark.parametrize(
    "unit",
    [
        "The pump runs. It stops at noon! Why? ",
        "水泵在运行。它在中午停止！为什么？",
        "ポンプは動いています。正午に止まります。",
        "ปั๊มทำงานอยู่และหยุดตอนเที่ยง ",
        "पंप चल रहा है। यह दोपहर को रुकता है। ",
        "المضخة تعمل. تتوقف عند الظهر؟ ",
        "Насос работает. Он остановится в полдень. ",
        "Η αντλία λειτουργεί. Σταματά το μεσημέρι; ",
        "👩‍💻👍🏽🇩🇪",
        "iVBORw0KGgoAAAANSUhEUgAA/+9s=",
        "function(a,b){return a&&b||!a};",
    ],
    ids="English Chinese Japanese Thai Hindi Arabic Russian Greek emoji base64 minified".split(),
)
def test_nothing_is_lost_in_any_script_and_no_passage_is_too_long(unit: str):
    builder = DocumentBuilder()
    builder.add(unit * (40_000 // len(unit)))
    document = builder.build("text/plain")
    passages = cut(document, count_bytes, 400)
    assert max(count_bytes(text) for text in texts(document, passages)) <= 400
    spans = [(0, 0), *((p.start, p.end) for p in passages), (len(document.text),) * 2]
    between = [document.text[before:after] for (_, before), (after, _) in pairwise(spans)]
    assert "".join(between).strip() == ""
    assert sum(end - start for start, end in spans) + sum(map(len, between)) == len(document.text)


def test_300_kb_without_a_space_are_cut_with_few_counts():
    counted = []

    def count(text: str) -> int:
        counted.append(len(text))
        return (len(text) + 3) // 4

    document = markdown("abcdefgh" * 37_500)
    passages = cut(document, count, 200)
    assert sum(passage.end - passage.start for passage in passages) == 300_000
    assert min(passage.tokens for passage in passages[:-1]) > 150
    assert sum(counted) < 4 * 300_000


def test_a_letter_and_its_accent_stay_together():
    document = Document(text="e\u0301" * 500, media_type="text/plain")
    for text in texts(document, cut(document, count_bytes, 50)):
        assert text.startswith("e")


def test_the_tiny_model_accepts_every_passage_with_its_title(tiny, fixtures):
    from ingest.parsers.docx import parse

    document = parse((fixtures / "rich_cells.docx").read_bytes())
    passages = cut(document, tiny.count_tokens, 60)
    titles = [" > ".join(passage.headings)[:40] for passage in passages]
    assert len(tiny.encode_documents(texts(document, passages), titles)) == len(passages)


@pytest.mark.parametrize("words", range(26, 34))
def test_no_heading_is_a_passage_by_itself(words: int):
    body = " ".join(["seal"] * words)
    document = markdown(f"# Pumps\n\n{body}\n\n# Seals of pumps\n\n{body}\n")
    shown = texts(document, cut(document, count_words, 32))
    assert not {"Pumps", "Seals of pumps"} & set(shown)
