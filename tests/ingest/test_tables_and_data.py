"""CSV, Excel, JSON, notebooks and XML: what a reader sees in them, each value with its name."""

import io
import json
from datetime import date, time, timedelta

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment

from ingest.errors import NoTextError, UnreadableError
from ingest.parsers import csv_table, json_values, notebook, spreadsheet, xml_text
from ingest.parsers.number_format import shown


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_what_separates_values_is_found_out(sign: str):
    source = f'Name{sign}Price\nBasic{sign}"1{sign}5 euros"\nMax{sign}9\n'
    document = csv_table.parse(source.encode())
    assert document.text == f"| Name | Price |\n| Basic | 1{sign}5 euros |\n| Max | 9 |".replace(
        "\t", " "
    )
    assert document.tables[0].header_end == len("| Name | Price |")


def test_decimal_commas_are_no_separators():
    document = csv_table.parse(b"Name;Price\nBasic;1,50\nPlus;2,50\nMax;9,00\n")
    assert "| Plus | 2,50 |" in document.text


def test_a_quote_that_is_never_closed_costs_its_line_alone():
    text = csv_table.parse(b'a,b\n"open,1\n2,3\n').text
    assert text == "| a | b |\n| open,1 |\n| 2 | 3 |"


def test_with_many_columns_each_value_has_its_columns_name():
    header = "Major,Total,Men,Women,Rate,Median,Jobs"
    text = csv_table.parse(f"{header}\nPhysics,7,4,3,,35000,12\n".encode()).text
    assert text == "Major: Physics; Total: 7; Men: 4; Women: 3; Median: 35000; Jobs: 12"


def workbook(fill) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_sheets_are_pages_and_tables_stand_apart():
    def fill(book):
        sheet = book.active
        sheet.title = "Prices"
        for row in (["Plans of 2024"], ["Plan", "Price"], ["Basic", 5], [], ["Total", 17]):
            sheet.append(row)
        sheet.merge_cells("A1:B1")
        hidden = book.create_sheet("Secret")
        hidden["A1"] = "hidden"
        hidden.sheet_state = "hidden"
        book.create_sheet("Staff")["A1"] = "Ada"

    document = spreadsheet.parse(workbook(fill))

    assert document.text == (
        "Prices\n\nPlans of 2024\n\n| Plan | Price |\n| Basic | 5 |\n\n| Total | 17 |\n\n"
        "Staff\n\nAda"
    )
    assert [page.label for page in document.pages] == ["Prices", "Staff"]
    assert document.notes == ("the hidden sheet “Secret” was left out",)


def test_hidden_rows_and_columns_are_left_out_and_that_is_said():
    def fill(book):
        sheet = book.active
        for row in (["Plan", "Cost", "Price"], ["Basic", 2, 5], ["Old", 3, 7], ["Plus", 4, 9]):
            sheet.append(row)
        sheet.column_dimensions["B"].hidden = True
        sheet.row_dimensions[3].hidden = True
        sheet.row_dimensions[9].hidden = True  # nothing is lost with it

    document = spreadsheet.parse(workbook(fill))
    assert document.text == "Sheet\n\n| Plan | Price |\n| Basic | 5 |\n| Plus | 9 |"
    assert document.notes == ("left out of the sheet “Sheet”: 1 hidden row, 1 hidden column",)


def test_rows_that_a_filter_or_a_group_hides_are_a_click_away_and_read():
    def fill(book):
        sheet = book.active
        for row in (["Plan", "Price"], ["Basic", 5], ["Plus", 9]):
            sheet.append(row)
        sheet.auto_filter.ref = "A1:B2"
        sheet.auto_filter.add_filter_column(0, ["Plus"])
        sheet.row_dimensions[2].hidden = True
        sheet.row_dimensions.group(3, 3, hidden=True)

    document = spreadsheet.parse(workbook(fill))
    assert document.text == "Sheet\n\n| Plan | Price |\n| Basic | 5 |\n| Plus | 9 |"
    assert document.notes == ()


def test_a_merged_value_stands_in_each_of_its_rows():
    def fill(book):
        for row in (["Region", "Price"], ["North", 1], [None, 2]):
            book.active.append(row)
        book.active.merge_cells("A2:A3")

    assert "| North | 2 |" in spreadsheet.parse(workbook(fill)).text


def test_comments_stand_in_their_cells_and_exponents_have_a_mark():
    raised = TextBlock(InlineFont(vertAlign="superscript"), "6")

    def fill(book):
        book.active["A1"], book.active["B1"] = "Tank", CellRichText("10", raised, " litres")
        book.active["A1"].comment = Comment("Ms Vogt:\nemptied in May", "Ms Vogt")

    text = spreadsheet.parse(workbook(fill)).text
    assert "| Tank [Comment by Ms Vogt: emptied in May] | 10^6 litres |" in text


def test_a_title_over_merged_columns_is_said_once_and_so_is_that_of_a_chart():
    def fill(book):
        sheet = book.active
        sheet.append(["Prices of 2023"])
        sheet.merge_cells("A1:C1")
        for row in ([], ["Item", "Price"], ["Hub", 66]):
            sheet.append(row)
        chart = BarChart()
        chart.title = "Prices as bars"
        chart.add_data(Reference(sheet, min_col=2, min_row=3, max_row=4), titles_from_data=True)
        sheet.add_chart(chart, "F1")

    text = spreadsheet.parse(workbook(fill)).text
    assert text.endswith("Prices of 2023\n\n| Item | Price |\n| Hub | 66 |\n\nPrices as bars")
    assert text.count("Prices of 2023") == 1


def test_formulas_without_a_result_are_told():
    def fill(book):
        book.active.append(["Sum", "=1+1"])

    assert spreadsheet.parse(workbook(fill)).notes == (
        "1 formulas have no value stored: save it in Excel once",
    )


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.125, "0.0%", "12.5%"),
        (0.5, "0%", "50%"),
        (1234.5, "#,##0.00", "1,234.50"),
        (1234.5, '#,##0.00 "kg"', "1,234.50 kg"),
        (12, "[$€-407]0.00", "€12.00"),
        (-3, "General", "-3"),
        (0.1 + 0.2, "General", "0.3"),
        (7, "000", "007"),
        (5550100, "000-0000", "555-0100"),
        (3015550100, "(###) ###-0000", "(301) 555-0100"),
        (0.5, "# ?/?", "0.5"),
        (timedelta(hours=30), "[h]:mm", "30:00"),
        (time(9, 30), "h:mm", "09:30"),
        (date(2024, 3, 1), "dd.mm.yyyy", "2024-03-01"),
        (True, "General", "TRUE"),
        ("text", "General", "text"),
        (42, ";;;", ""),
    ],
)
def test_numbers_as_the_sheet_shows_them(value, number_format: str, text: str):
    assert shown(value, number_format) == text


def test_a_workbook_that_is_none_is_damaged():
    with pytest.raises(UnreadableError, match="not a complete zip archive"):
        spreadsheet.parse(b"PK\x03\x04 nothing")


def test_json_values_stand_after_their_paths():
    source = {"name": "Duet", "on": True, "tags": ["a", "b"], "deep": {"x": {"y": 1.5}}, "no": None}
    text = json_values.parse(json.dumps(source).encode()).text
    assert text == "name: Duet\n\non: true\n\ntags: a, b\n\ndeep.x.y: 1.5".replace("\n\n", "\n", 2)


def test_alike_objects_are_a_table():
    rows = [{"name": "Ada", "age": 36}, {"name": "Bo", "city": "Bremen"}]
    document = json_values.parse(json.dumps({"staff": rows}).encode())
    assert document.text == ("staff:\n\n| name | age | city |\n| Ada | 36 |  |\n| Bo |  | Bremen |")
    assert len(document.tables) == 1


def test_json_lines_and_broken_json():
    assert "| Bo | 2 |" in json_values.parse(b'{"n": "Ada", "a": 1}\n{"n": "Bo", "a": 2}\n').text
    broken = json_values.parse(b'{"a": [1, 2')
    assert (broken.text, broken.notes) == ('{"a": [1, 2', ("no valid JSON: read as text",))


def test_json_that_is_nested_deep_is_read_to_its_end():
    source = b'{"a":' * 900 + b'"found"' + b"}" * 900
    assert json_values.parse(source).text.endswith("found")


def test_notebooks_show_text_code_and_output():
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "Text."]},
        {"cell_type": "code", "source": "1 + 1", "outputs": [{"data": {"text/plain": ["2"]}}]},
        {"cell_type": "code", "source": "1/0", "outputs": [
            {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "division by zero"}]},
    ]  # fmt: skip
    book = {"cells": cells, "metadata": {"language_info": {"name": "python"}}}
    document = notebook.parse(json.dumps(book).encode())
    assert document.text == (
        "Title\n\nText.\n\n1 + 1\n\n2\n\n1/0\n\nZeroDivisionError: division by zero"
    )
    assert document.title == "Title"
    with pytest.raises(UnreadableError, match="no readable notebook"):
        notebook.parse(b"[1]")


def test_xml_shows_its_text_and_its_values_by_name():
    source = (
        b"<doc><title>Pumps</title><p>A <b>big</b> pump.</p><spec unit='bar'>16</spec>"
        b"<part id='7'/></doc>"
    )
    document = xml_text.parse(source)
    assert document.text == "Pumps\n\nA big pump.\n\nspec (unit: bar): 16\npart (id: 7)"
    assert [heading.title for heading in document.headings] == ["Pumps"]


def test_xml_that_is_damaged_is_read_as_it_is_written():
    document = xml_text.parse(b"<a><b>text</a>")
    assert (document.text, document.notes) == (
        "<a><b>text</a>",
        ("no valid XML: read as it is written",),
    )


def test_entities_that_explode_are_refused():
    source = b'<!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;">]><a>&y;</a>'
    with pytest.raises(UnreadableError, match="entities of its own"):
        xml_text.parse(source)


@pytest.mark.parametrize(
    ("source", "text", "header"),
    [
        (b"sep=;\nName;Price\nHub;66\n", "| Name | Price |\n| Hub | 66 |", "| Name | Price |"),
        (
            b"Account:;DE12\n;\nDate;Payee;Amount\n1.5.;Shop;-12,50\n",
            "Account: DE12\n\n| Date | Payee | Amount |\n| 1.5. | Shop | -12,50 |",
            "| Date | Payee | Amount |",
        ),
    ],
)
def test_what_stands_above_a_table_is_no_row_of_it(source: bytes, text: str, header: str):
    document = csv_table.parse(source)
    (table,) = document.tables
    assert (document.text, document.text[table.start : table.header_end]) == (text, header)


def test_an_empty_table_has_no_text():
    with pytest.raises(NoTextError):
        csv_table.parse(b" \n \n")
