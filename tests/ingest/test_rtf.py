r"""Rich Text Format: nothing that a reader sees is lost, and nothing hidden is read."""

import pytest

from ingest.document import Document
from ingest.errors import NoTextError, UnreadableError
from ingest.parsers.rtf import parse


def rtf(body: str) -> Document:
    return parse(rf"{{\rtf1\ansi\ansicpg1252\deff0 {body}}}".encode("latin-1"))


def test_a_footnote_stands_below_its_paragraph_and_not_nowhere():
    read = rtf(
        r"Grease it weekly.{\super\chftn{\footnote\pard\plain{\super\chftn} Lithium only.}} Test."
        r"\par Next.\par"
    )
    assert read.text == "Grease it weekly. [1] Test.\n\n[1] Lithium only.\n\nNext."


def test_headings_by_outline_and_by_style():
    read = rtf(
        r"{\stylesheet{\s0 Normal;}{\s7 heading 2;}{\*\cs8 heading 3;}}{\info{\title Pumps}}"
        r"\pard\outlinelevel0 Upkeep\par\pard\s7 Seals\par\pard\outlinelevel9 Text.\par"
    )
    assert [(each.level, each.title) for each in read.headings] == [(1, "Upkeep"), (2, "Seals")]
    assert (read.title, read.text) == ("Pumps", "Upkeep\n\nSeals\n\nText.")


def test_headers_and_footers_are_read_once_at_the_end_and_page_numbers_not():
    number = r"{\pard QM-0815, revision 7\par Page {\field{\*\fldinst PAGE}{\fldrslt 3}}\par}"
    read = rtf(
        rf"{{\header {number}}}{{\footerl\pard Approved in May\par}}Scales.\par\sect"
        rf"{{\headerr {number}}}Weights.\par"
    )
    assert read.text == "Scales.\n\nWeights.\n\nQM-0815, revision 7\nApproved in May"


def test_numbers_and_bullets_of_lists():
    bullet = r"{\pntext\f1\'b7\tab}"
    read = rtf(
        r"{\listtext\pard 3.\tab}Close it\par {\listtext 4.\tab}Open it\par "
        rf"\pard\ilvl1{bullet}slowly\par\pard Done.\par"
    )
    assert read.text == "3. Close it\n4. Open it\n  - slowly\n\nDone."


def test_tables_with_names_merged_cells_and_a_note():
    head = r"\trowd\trhdr\clvmgf\cellx1\cellx2 \pard\intbl Pump\cell Flow\cell\row "
    rows = (
        r"\trowd\clvmgf\cellx1\cellx2 \pard\intbl Kestrel\par II\cell 42{\footnote At rest.}\cell"
        r"\row \trowd\clvmrg\cellx1\cellx2 \pard\intbl\cell 17\cell\row "
    )
    read = rtf(rf"{head}{rows}\pard After.\par")
    table = "| Pump | Flow |\n| Kestrel; II | 42 [1] |\n| Kestrel; II | 17 |"
    assert read.text == f"{table}\n\n[1] At rest.\n\nAfter."
    assert read.text[: read.tables[0].header_end] == "| Pump | Flow |"


def test_a_wide_cell_stands_in_each_column_that_it_covers():
    narrow = r"\trowd\cellx1000\cellx2000\cellx3000 \pard\intbl {}\cell {}\cell {}\cell\row "
    rows = narrow.format("Region", "2022", "2023")
    rows += r"\trowd\cellx1000\cellx3010 North\cell both 5\cell\row "
    assert rtf(rows + narrow.format("South", "1", "2") + r"\pard\par").text == (
        "| Region | 2022 | 2023 |\n| North | both 5 | both 5 |\n| South | 1 | 2 |"
    )


def test_a_table_with_one_cell_in_a_row_is_a_frame():
    assert rtf(r"\trowd\cellx1\pard\intbl Framed.\cell\row\pard End.\par").text == "Framed.\n\nEnd."


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"caf\'e9 \u8364?5 \u-10179?\u-8704? \emdash  \{x\}", "café €5 😀 — {x}"),
        (r"{\fonttbl{\f1\fcharset204 Arial;}}{\f1\'cf\'f0}", "Пр"),
        (r"{\fonttbl{\f1\fcharset128 Mincho;}}{\f1\'83e\'83\'58\'83g}", "テスト"),
        (r"\uc2\u233 ab!", "é!"),
        (r"10{\up6 6} litres of H{\dn6 2}O", "10^6 litres of H₂O"),
        (r"{\mvf moved }{\mvt here}", "here"),
        (r"10{\super 6} litres of H{\sub 2}O", "10^6 litres of H₂O"),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt the page}} opens", "the page opens"),
        (r"seen {\v unseen}{\deleted gone}{\*\unknown rubbish}{\pict 0fff}", "seen"),
        (r"a {\shp{\*\shpinst{\sp{\sn n}{\sv 1}}{\shptxt In a box\par}}}b\par", "a b\n\nIn a box"),
        (r"{\*\atnauthor Ada}{\*\annotation Ask Bob}Paid.\par", "Paid.\n\nComment by Ada: Ask Bob"),
        ("one\\\ntwo", "one\n\ntwo"),
        (r"x\bin3 }}}y", "xy"),
    ],
)
def test_what_is_seen_is_read_and_nothing_else(body: str, text: str):
    assert rtf(body).text == text


@pytest.mark.parametrize(
    "damage", [r"{\rtf1 text", r"{\rtf1 {\b text}}}}} after", r"{\rtf1 text\'"]
)
def test_groups_that_do_not_end_or_never_began(damage: str):
    assert parse(damage.encode()).text.rstrip("'") == "text"


def test_no_text_and_no_rtf():
    with pytest.raises(NoTextError):
        rtf(r"{\pict 00}")
    with pytest.raises(UnreadableError, match="no readable RTF"):
        parse(b"plain")
