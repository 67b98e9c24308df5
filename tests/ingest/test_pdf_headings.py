"""Headings of PDFs: by the outline, or by the size of their letters."""

import pytest

from ingest.parsers.pdf import parse
from tests.ingest.made_pdf import HELVETICA, book, pdf

PROSE = (
    "The pumps of the mill run from early spring on until the",
    "first frost, and two of them are taken apart each winter.",
    "Their seals are greased with lithium, and nothing else.",
) * 3


def page(*blocks: tuple[float, str]) -> str:
    """Blocks of lines of a size in points, from the top down."""
    height, shown = 780.0, ""
    for size, words in blocks:
        height -= 3 * size
        for line in words.split("\n"):
            shown += f"BT /F {size} Tf 60 {height} Td ({line}) Tj ET "
            height -= 1.2 * size
    return shown


def found(*pages: str) -> list[tuple[int, str, str]]:
    document = parse(book(*pages))
    return [(h.level, h.title, document.text[h.start : h.end]) for h in document.headings]


TEXT = (11.0, "\n".join(PROSE))


def test_short_lines_in_larger_letters_above_text_are_headings_by_size():
    first = page((20, "Pumps of\nthe mill"), TEXT, (14, "1.1 Seals"), TEXT)
    second = page((20, "Wheels"), TEXT, (14, "2.1 Spokes"))
    third = page(TEXT)
    assert found(first, second, third) == [
        (1, "Pumps of the mill", "Pumps of\nthe mill"),
        (2, "1.1 Seals", "1.1 Seals"),
        (1, "Wheels", "Wheels"),
        (2, "2.1 Spokes", "2.1 Spokes"),
    ]


@pytest.mark.parametrize(
    "block",
    [
        (14, "It runs day and night."),  # a sentence that is set off
        (14, "12 400"),
        (14, "Ada Vogt,\nBert Holt,\nCleo Brandt,\nDora Timm"),  # authors
        (11, "Seals"),
        (14, "a\nlabel\nof a\ndrawing"),
    ],
)
def test_other_large_lines_are_none(block: tuple[float, str]):
    assert found(page(TEXT, block, TEXT)) == []


def test_headers_of_pages_are_none_but_chapters_that_are_named_alike_are():
    pages = [page((14, f"The mill, page {number}"), TEXT) for number in range(1, 5)]
    assert found(*pages) == []
    chapters = [page((20, f"Chapter {number}"), TEXT) for number in (1, 2)]
    filling = [page(TEXT)] * 5
    titles = [title for _, title, _ in found(chapters[0], *filling, chapters[1], *filling)]
    assert titles == ["Chapter 1", "Chapter 2"]


def test_a_form_has_no_size_of_text_and_so_no_headings():
    sizes = (8, 9, 11, 13, 16)
    assert found(page(*((size, "Name\nStreet and town") for size in sizes))) == []


def test_what_the_outline_says_is_taken_and_nothing_else():
    document = parse(
        book(
            page((20, "Pumps"), TEXT, (14, "Seals"), TEXT),
            page((20, "Wheels"), TEXT),
            outline=(("Seals", 0), ("Wheels", 0), ("Elsewhere", 1)),
        )
    )
    assert [heading.title for heading in document.headings] == ["Seals", "Wheels"]


@pytest.mark.parametrize(
    ("bold", "heads"),
    [
        ("(1.2 Fees and fines) Tj", True),
        ("(Never open this valve by hand.) Tj", False),
        ("(Table 3: fees by year) Tj", False),
        ("(Article) Tj 200 0 Td (Price) Tj", False),
        ("(Fees) Tj /F 11 Tf ( are due in May) Tj", False),
    ],
)
def test_a_bold_line_of_the_text_s_size_is_a_heading(bold: str, heads: bool):
    above = page(TEXT)
    below = "".join(
        f"BT /F 11 Tf 60 {560 - 13 * row} Td ({line}) Tj ET " for row, line in enumerate(PROSE)
    )
    content = f"{above} BT /G 11 Tf 60 590 Td {bold} ET {below}"
    document = parse(pdf(content, second=HELVETICA.replace("Helvetica", "Helvetica-Bold")))
    assert [heading.title for heading in document.headings] == ["1.2 Fees and fines"] * heads


def test_a_watermark_is_none():
    mark = "BT /F 40 Tf 0.8 0.6 -0.6 0.8 100 200 Tm (Draft copy) Tj ET "
    assert found(page(TEXT) + mark + page((11, "\n" * 20 + "Text below it."))) == []
