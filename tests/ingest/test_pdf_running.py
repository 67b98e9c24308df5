"""Headers and footers of a PDF's pages are told once, and numbers of pages are not."""

from ingest.parsers.pdf import parse
from tests.ingest.made_pdf import book

WORDS = "alder birch cedar elm fir hazel".split()


def page(*placed: tuple[float, str], size: float = 11) -> str:
    """Lines at heights on the page, in points."""
    return "".join(f"BT /F {size} Tf 60 {base} Td ({words}) Tj ET " for base, words in placed)


def body(word: str, top: float = 700) -> str:
    return page(
        *((top - 14 * row, f"Line {row * 7} of the {word} in the wood.") for row in range(9))
    )


def read(*pages: str) -> list[str]:
    document = parse(book(*pages))
    return [document.text[each.start : each.end] for each in document.pages]


def plain(word: str) -> str:
    return "\n".join(f"Line {row * 7} of the {word} in the wood." for row in range(9))


def test_a_header_is_told_once_and_page_numbers_never():
    pages = [
        page((760, "Trees of the wood, draft 7"), (30, f"Page {number} of 6"), size=9) + body(word)
        for number, word in enumerate(WORDS, start=1)
    ]
    first, *rest = read(*pages)
    assert first == f"Trees of the wood, draft 7\n{plain('alder')}"
    assert rest == [plain(word) for word in WORDS[1:]]


def test_what_differs_by_more_than_the_number_of_the_page_stays():
    pages = [
        page((760, f"Stock of {40 + 3 * number} trees")) + body(word)
        for number, word in enumerate(WORDS, start=1)
    ]
    assert [text.split("\n")[0] for text in read(*pages)] == [
        f"Stock of {40 + 3 * number} trees" for number in range(1, 7)
    ]


def test_names_of_columns_and_titles_that_come_again_stay():
    names = page((714, "Line Tree Place"))
    assert all(
        text.startswith("Line Tree Place") for text in read(*(names + body(w) for w in WORDS))
    )
    below = page((700, "Line Tree Place"))  # where the text of other pages begins
    tables = [below + body(word, top=660) for word in WORDS[:3]]
    shown = read(*tables, *map(body, WORDS), body("oak"))
    assert all(text.startswith("Line Tree Place") for text in shown[:3])
    titles = [page((760, "Results"), size=20) + body(word) for word in WORDS]
    assert all(text.startswith("Results") for text in read(*titles))


def test_a_page_with_nothing_but_a_footer_is_no_scan():
    foot = page((30, "Trees of the wood"), size=9)
    pages = [foot + body(word) for word in WORDS]
    document = parse(book(*pages[:4], foot, *pages[4:]))
    assert document.pages[4].start == document.pages[4].end
    assert not document.notes
