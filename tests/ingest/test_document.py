import pytest

from ingest.document import (
    MAX_CHARACTERS,
    Document,
    DocumentBuilder,
    Heading,
    Page,
    bounded,
    normalise,
)
from ingest.errors import NoTextError, UnreadableError


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("a\r\nb\rc\x0cd\u2028e", "a\nb\nc\nd\ne"),
        ("e\u0301", "é"),
        (
            "nul\x00 bell\x07 soft\u00adhyphen \ufeffmark \ud800half",
            "nul bell softhyphen mark half",
        ),
        ("line  \n\t\n\n\n\nnext", "line\n\nnext"),
        ("    indented\n", "    indented"),
        ("می\u200cخواهم 👩\u200d💻", "می\u200cخواهم 👩\u200d💻"),
    ],
)
def test_normalise(raw: str, normal: str):
    assert normalise(raw) == normal
    assert normalise(normal) == normal


def test_a_long_run_of_spaces_takes_linear_time():
    assert len(normalise((" " * 2_000_000) + "x")) == 2_000_001


def test_spans_of_pages_and_headings_are_exact():
    builder = DocumentBuilder()
    first = builder.add_page("Preface\nHello.", "i")
    builder.add_page("", None)
    third = builder.add_page("2 The   long\ntitle\nBody text.", "1")
    for level, title, page in (
        (1, "Preface", first),
        (2, " 2 The long title", third),
        (2, "Not there", third),
        (2, " ", third),
    ):
        builder.mark_heading(level, title, [page])
    document = builder.build("application/pdf")
    assert [document.text[page.start : page.end] for page in document.pages] == [
        "Preface\nHello.",
        "",
        "2 The   long\ntitle\nBody text.",
    ]
    assert [(page.number, page.label) for page in document.pages] == [(1, "i"), (2, None), (3, "1")]
    found = [(h.title, document.text[h.start : h.end]) for h in document.headings]
    assert found == [("Preface", "Preface"), ("2 The long title", "2 The   long\ntitle")]


@pytest.mark.parametrize(
    ("title", "text", "place"),
    [
        ("Naming", "1\n2.2 Naming\nText.", "2.2 Naming"),
        ("Naming", "A.2 Naming\nText.", "A.2 Naming"),
        ("Self-made 'plans'", "Self‑made ‘plans’\nText.", "Self‑made ‘plans’"),
        ("2.3.1 Scope and aims", "2.3.1\n(May 2022)\nScope and\naims\nText.", "2.3.1"),
        ("2-1 Input", "Exhibit 2-1 (May 2022)\nInput\nText.", "Exhibit 2-1 (May 2022)"),
        ("Fees", "The fees\nFees are due.", None),
        ("2.3 Scope", "In 2.3 we say\n2.31\n", None),
        ("x" * 301, "x" * 301, None),
    ],
)
def test_a_title_from_a_table_of_contents_is_found_as_the_page_spells_it(
    title: str, text: str, place: str | None
):
    builder = DocumentBuilder()
    builder.mark_heading(1, title, [builder.add_page(text, None)])
    document = builder.build("application/pdf")
    assert [document.text[h.start : h.end] for h in document.headings] == ([place] if place else [])


def test_sections_of_one_title_are_told_apart_and_a_page_too_early_is_forgiven():
    builder = DocumentBuilder()
    pages = [builder.add_page(text, None) for text in ("Fees\nFive.\nFees\nSix.", "Aims\nTwo.")]
    for title in ("Fees", "Fees", "Aims"):
        builder.mark_heading(1, title, pages)
    document = builder.build("application/pdf")
    assert [h.start for h in document.headings] == [0, 11, document.pages[1].start]


def test_no_text_is_no_document():
    builder = DocumentBuilder()
    builder.add(" \n\t")
    builder.add_heading(1, "\x00")
    with pytest.raises(NoTextError, match="no text"):
        builder.build("text/plain")


def test_too_much_text_is_refused_with_the_limit():
    builder = DocumentBuilder()
    builder.add("x" * (MAX_CHARACTERS + 1))
    with pytest.raises(UnreadableError, match=r"16,000,001 characters.*limit is 16,000,000"):
        builder.build("text/plain")


def test_a_page_of_several_blocks_spans_them_all():
    builder = DocumentBuilder()
    builder.start_page("Prices")
    builder.add_heading(1, "Plans")
    builder.add("Basic costs 5 euros.")
    builder.start_page("Empty")
    builder.start_page("Staff")
    builder.add("Ada leads.")

    document = builder.build("text/plain")

    spans = [document.text[page.start : page.end] for page in document.pages]
    assert spans == ["Plans\n\nBasic costs 5 euros.", "", "Ada leads."]
    assert [page.label for page in document.pages] == ["Prices", "Empty", "Staff"]


def test_a_table_has_its_rows_on_lines_and_knows_its_header():
    builder = DocumentBuilder()
    builder.add("Before.")
    builder.add_table([["Plan", "Price\nin euros"], ["", ""], ["Basic", "5"]])

    document = builder.build("text/plain")

    (table,) = document.tables
    assert document.text[table.start : table.end] == "| Plan | Price in euros |\n| Basic | 5 |"
    assert document.text[table.start : table.header_end] == "| Plan | Price in euros |"


def test_what_is_stored_with_each_passage_is_bounded():
    long = Heading(1, "x" * 100_000, 0, 1)
    document = bounded(
        Document(text="x", media_type="text/plain", title="y" * 999, language="z" * 99,
                 pages=(Page(1, "p" * 999, 0, 1),), headings=(long,))
    )  # fmt: skip

    fields = [document.title, document.headings[0].title, document.pages[0].label]
    assert [len(field or "") for field in fields] == [300, 300, 300]
    assert document.language is None


def test_a_page_that_is_listed_over_and_over_is_refused():
    pages = (Page(1, None, 0, 1),) * 20_001

    with pytest.raises(UnreadableError, match="20,001 pages"):
        bounded(Document(text="x", media_type="application/pdf", pages=pages))


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([["Region", "2022", "2023"], ["North", "12", "14"]], 1),
        ([["Founded", "1998"], ["Members", "212"]], 0),
        ([["12", "14"], ["13", "15"]], 0),
        ([["Plant", "Output", "Output"], ["", "Day", "Night"], ["Bremen", "310", "120"]], 2),
        ([["Kiel", "open", "open"], ["Ulm", "open", "9 to 5"], ["Jena", "open", "shut"]], 0),
    ],
)
def test_which_rows_name_the_columns(rows: list[list[str]], names: int):
    builder = DocumentBuilder()
    builder.add_table(rows)
    (table,) = builder.build("text/plain").tables
    lines = [f"| {' | '.join(row)} |" for row in rows[:names]]
    assert table.header_end - table.start == len("\n".join(lines))
