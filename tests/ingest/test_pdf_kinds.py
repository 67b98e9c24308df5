"""Exponents, turned text, hyphens, and right-to-left lines of PDFs."""

import pytest

from ingest.parsers.pdf import parse
from ingest.parsers.pdf_characters import Character
from ingest.parsers.pdf_layout import page_text
from tests.ingest.made_pdf import lines, pdf

UNNAMED = (  # glyphs by number, and nothing that says which letters they show
    "<< /Type /Font /Subtype /Type0 /BaseFont /Own /Encoding /Identity-H /DescendantFonts [ << "
    "/Type /Font /Subtype /CIDFontType2 /BaseFont /Own /CIDSystemInfo << /Registry (Adobe) "
    "/Ordering (Identity) /Supplement 0 >> >> ] >>"
)


def text(content: str, **options: int) -> str:
    return parse(pdf(content, **options)).text


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ("(holds 10) Tj 6 Ts /F 7 Tf (6) Tj 0 Ts /F 12 Tf ( litres) Tj", "holds 10^6 litres"),
        ("(in 2023) Tj 6 Ts /F 7 Tf (1) Tj 0 Ts /F 12 Tf ( in Bremen) Tj", "in 2023 [1] in Bremen"),
        ("(H) Tj -3 Ts /F 7 Tf (2) Tj 0 Ts /F 12 Tf (O flows) Tj", "H₂O flows"),
        ("(was shown) Tj 6 Ts /F 7 Tf (6, 7) Tj 0 Ts /F 12 Tf ( then) Tj", "was shown [6, 7] then"),
        ("(1024, 10) Tj 6 Ts /F 7 Tf (6) Tj 0 Ts /F 12 Tf ( cells) Tj", "1024, 10^6 cells"),
        ("(SO) Tj -3 Ts /F 7 Tf (4) Tj 5 Ts (2-) Tj 0 Ts /F 12 Tf ( ions) Tj", "SO₄^(2-) ions"),
        ("(up to 3) Tj 5 Ts /F 6 Tf (3) Tj 0 Ts /F 12 Tf (\\244) Tj /F 6 Tf (4) Tj", "up to 3 3⁄4"),
        ("/F 40 Tf (O) Tj /F 12 Tf 20 Ts (nce there was) Tj", "O\nnce there was"),
        ("(Plain ) Tj /F 9 Tf (small words) Tj /F 12 Tf ( here) Tj", "Plain small words here"),
    ],
)
def test_what_is_raised_or_lowered_is_marked(content: str, read: str):
    assert text(f"BT /F 12 Tf 60 700 Td {content} ET") == read


def test_an_exponent_for_which_a_line_seems_to_end_goes_on():
    parts = ((60, 0, 12, "45"), (76, 0, 12, "m"), (86, 6.5, 6, "2"), (89.4, 0, 12, "."))
    placed = "".join(f"BT /F {size} Tf {x} {700 + up} Td ({t}) Tj ET " for x, up, size, t in parts)
    assert text(placed) == "45 m^2."


def test_turned_text_has_its_lines_from_the_top():
    turned = "BT /F 12 Tf 0 1 -1 0 {} 100 Tm ({}) Tj ET "
    content = "".join(
        turned.format(300 + 16 * row, words)
        for row, words in enumerate(["Line 7 costs 310", "Line 8 costs 422", "All without tax."])
    )
    assert text(content, rotate=90) == "Line 7 costs 310\nLine 8 costs 422\nAll without tax."


def test_on_a_turned_page_lines_are_in_the_order_of_their_places():
    content = "BT /F 12 Tf 60 600 Td (Second.) Tj ET BT /F 12 Tf 60 700 Td (First.) Tj ET"
    assert text(content, rotate=90) == "First.\nSecond."


BEES = (
    "Bees need a water place near",
    "the hive from early spring on,",
    "because the brood is fed with hon-",
    "ey and water, and the colony",
    "collects it on warm days.",
)
WASPS = (
    "Wasps build nests of paper",
    "in attics and sheds and feed",
    "their larvae with insects that",
    "they chew into small balls and",
    "carry home over long ways.",
)


def side_by_side(*columns: tuple[str, ...], lower: float = 0) -> str:
    """Columns, drawn line by line; each column as many points below the one left of it."""
    return "".join(
        f"BT /F 9 Tf {40 + 180 * place} {700 - 12 * row - lower * place} Td ({words}) Tj ET "
        for row, line in enumerate(zip(*columns, strict=True))
        for place, words in enumerate(line)
    )


@pytest.mark.parametrize("lower", [0, 2])
def test_columns_that_are_drawn_line_by_line_are_read_one_after_the_other(lower: float):
    title = "BT /F 12 Tf 40 720 Td (Bees and wasps, and what both of them do in the year) Tj ET "
    read = text(title + side_by_side(BEES, WASPS, WASPS, lower=lower)).replace("\n", " ")
    bees, wasps = " ".join(BEES).replace("hon- ey", "honey"), " ".join(WASPS)
    assert read == f"Bees and wasps, and what both of them do in the year {bees} {wasps} {wasps}"


def test_rows_of_a_table_stay_whole():
    names = ("Helgoland at sea", "Zugspitze in the Alps", "Potsdam", "Kiel", "Bremen at night")
    facts = ("712 mm of rain a year", "2003 mm of rain", "588 mm", "726 mm", "694 mm of rain")
    rows = [f"{name} {fact}" for name, fact in zip(names, facts, strict=True)]
    assert text(side_by_side(names, facts)).splitlines() == rows


def test_cells_that_pdfium_does_not_part_are_parted():
    figures = [
        Character("0", x, x + 6, x, 700, 12, 0, generated=False) for x in (60, 66, 90, 110, 116)
    ]
    assert page_text(figures, is_turned=False) == "00 0 00"


@pytest.mark.parametrize(
    ("broken", "read"),
    [
        (("It is a treat-", "ment of pain."), "It is a treatment of pain."),
        (("in 2019-", "2020 or so"), "in 2019-2020 or so"),
        (("of COVID-", "19 cases"), "of COVID-19 cases"),
        (("the valve AX-", "7310 is"), "the valve AX-7310 is"),
        (("in Baden-", "Wuerttemberg it"), "in Baden-Wuerttemberg it"),
        (("well-known, and well-", "known too"), "well-known, and well-known too"),
        (("a self-", "service desk"), "a self-service desk"),
        (("the bag-", "of-words model"), "the bag-of-words model"),
        (("an infor-", "mation-theoretic view"), "an information-theoretic view"),
        (("a 24-", "hour service"), "a 24-hour service"),
        (("pages 12\\261", "15 of it"), "pages 12–15 of it"),
        (("call 030-", "445-", "5 now"), "call 030-445-5 now"),
        (("the U.S.-", "based NaCl-", "free kind"), "the U.S.-based NaCl-free kind"),
        (("at https://a.example/b-", "long.html"), "at https://a.example/b-long.html"),
        (("Ein-", "und Ausgabe"), "Ein- und Ausgabe"),
        (("a follow-", "up of twenty-", "five"), "a follow-up of twenty-five"),
        (("to-", "gether with real-", "ity"), "together with reality"),
        (("online they say, and on-", "line they are"), "online they say, and online they are"),
    ],
)
def test_hyphens_at_the_end_of_a_line(broken: tuple[str, ...], read: str):
    assert text(lines(*broken)) == read


def placed(words: str, *, size: float = 12) -> list[Character]:
    """A line as it looks: characters from left to right, six points each."""
    return [
        Character(letter, 6 * x, 6 * x + 6, 6 * x, 700, size, 0, generated=False)
        for x, letter in enumerate(words)
    ]


@pytest.mark.parametrize(
    ("looks", "read"),
    [
        ("ליגר", "רגיל"),
        (")הלבק( 18:00 העשב", "בשעה 18:00 (קבלה)"),
        ("Visa קר", "Visa רק"),
        ("Visa אלא ןאכ", "כאן אלא Visa"),
        ("םיפד 1,250.50 םלש", "שלם 1,250.50 דפים"),
        ("\ufe94\ufe92\ufea4\ufee3", "محبة"),
        ("םוקמ 5–3", "3–5 מקום"),
        ("4567 03-123 ןופלט", "טלפון 03-123 4567"),
        ("רדח Office 365 ילש", "שלי Office 365 חדר"),
        (".a@b.example :תבותכל בתכ", "כתב לכתובת: a@b.example."),
        ("%5 ₪7 לש החנה", "הנחה של ₪7 %5"),
        (".%5 ةدايز", "زيادة 5%."),
        ("٢٥٠٬٠٠٠ لاير", "ريال ٢٥٠٬٠٠٠"),
        (".(16 הסרג( Word", "Word (גרסה 16)."),
        ("The word רפס ה is old", "The word ה ספר is old"),
    ],
)
def test_lines_from_the_right_are_read_in_their_order(looks: str, read: str):
    assert page_text(placed(looks), is_turned=False) == read


def test_words_from_the_right_are_parted_by_gaps_and_lines_go_as_their_page_does():
    words = ("דח", "ליגר", "םוי")  # from the left as they look, and 0.25 of the size apart
    letters = [(letter, 6 * x + 3 * y) for y, word in enumerate(words) for x, letter in
               enumerate(word, start=sum(map(len, words[:y])))]  # fmt: skip
    line = [Character(letter, x, x + 6, x, 700, 12, 0, generated=False) for letter, x in letters]
    end = Character("\n", 0, 0, 0, 0, 0, 0, generated=True)
    latin = placed("info@library.example :ראוד")
    assert page_text(line, is_turned=False) == "יום רגיל חד"
    assert page_text([*line, end, *latin, end, *line, end, *line], is_turned=False).splitlines()[
        1
    ] == ("דואר: info@library.example")


def test_columns_of_a_turned_page_are_read_one_after_the_other():
    upright = side_by_side(BEES, WASPS)
    read = text(f"q 0 1 -1 0 800 0 cm {upright} Q", rotate=90)
    assert read.endswith("\n".join(WASPS))


@pytest.mark.parametrize(("glyphs", "is_told"), [(12, True), (1, False)])
def test_letters_that_their_font_does_not_name_are_told(glyphs: int, is_told: bool):
    content = f"{lines('Sixty letters that the font of this page does name, as is usual')} "
    content += f"BT /G 12 Tf 60 600 Td <{'03B2' * glyphs}> Tj ET"
    document = parse(pdf(content, second=UNNAMED))
    assert document.text.startswith("Sixty letters")
    told = [note for note in document.notes if "may not be what is seen" in note]
    assert [note.startswith("the fonts of 1 of 1 pages") for note in told] == [True] * is_told


@pytest.mark.parametrize(
    ("accent", "x", "read"),
    [
        (r"\302", 75.3, "Théo Bluche"),  # as TeX draws it: over the letter, and after the line
        (r"\310", 82, "Theö Bluche"),
        (r"\302", 135, "Theo Bluche ´"),  # beside the words
    ],
)
def test_accents_that_are_drawn_over_their_letters_are_part_of_them(
    accent: str, x: float, read: str
):
    content = f"BT /F 12 Tf 60 700 Td (Theo Bluche) Tj ET BT /F 12 Tf {x} 700 Td ({accent}) Tj ET"
    assert text(content) == read


def test_an_accent_before_its_capital_stands_higher():
    content = "BT /F 12 Tf 62 703 Td (\\302) Tj ET BT /F 12 Tf 60 700 Td (Etude) Tj ET"
    assert text(content) == "Étude"
