"""Inline content, lists, tables and hidden parts of HTML pages, each by its kind."""

import time

import pytest

from ingest.parsers.html import parse


def text(body: str, head: str = "") -> str:
    return parse(f"<html><head>{head}</head><body>{body}</body></html>".encode()).text


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ("The galaxy has 10<sup>11</sup> stars.", "The galaxy has 10^11 stars."),
        ("built in 1998<sup>3</sup>", "built in 1998 [3]"),
        ("in 10<a href='#fn1'><sup>1</sup></a> cities", "in 10 [1] cities"),
        ("in ten<sup><a href='#n2'>2</a></sup> cities", "in ten [2] cities"),
        ("H<sub>2</sub>O and x<sub>max</sub>", "H₂O and x_max"),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "漢(kan)"),
        ("Sales: <img src=a.png alt='from 10 to 14'>", "Sales: from 10 to 14"),
        ("<a href='mailto:help@example.org?subject=x'>write</a>", "write (help@example.org)"),
        ("<a href='mailto:a@example.org'>a@example.org</a>", "a@example.org"),
        ("Size: <select><option>S<option selected>M</select>", "Size: M"),
        ("<input type=checkbox checked> paid", "[x] paid"),
        ("part<wbr>ner soft\u00adhyphen", "partner softhyphen"),
        (
            "<math><semantics><mi>x</mi><annotation encoding='application/x-tex'>x^2"
            "</annotation></semantics></math>",
            "x^2",
        ),
        ("<math><msup><mi>x</mi><mn>2</mn></msup></math>", "x^2"),
        (
            "<math><mi>y</mi><mo>=</mo><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow>"
            "<msqrt><mn>2</mn></msqrt></mfrac></math>",
            "y = (a + b)/(√(2))",
        ),
        (
            "<math><munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi>"
            "</munderover><msub><mi>x</mi><mi>i</mi></msub></math>",
            "∑_(i = 1)^n x_i",
        ),
        ("10<span style='vertical-align: super'>6</span> litres", "10^6 litres"),
        ("CO<span style='Vertical-Align:sub'>2</span>", "CO₂"),
        ("in ten<a epub:type='noteref' href='#n'>2</a> cities", "in ten [2] cities"),
        ("<sup>14</sup>C is old", "^14C is old"),
        ("Name<input value=Ann>City<textarea>Kiel</textarea>", "Name Ann City Kiel"),
        ("now<img alt='a duck'>here", "now a duck here"),
        ("<img src=a.png title='a duck'>", "a duck"),
        ("costs <del>40</del> <ins>50</ins>", "costs ~~40~~ 50"),
        ("<svg role=img><title>Sales</title><text>12</text></svg>", "Sales 12"),
        ("<svg><title>Icon</title></svg>text", "text"),
        ("<span role=img aria-label='4 of 5 stars'></span>", "4 of 5 stars"),
        ("3<sup>1</sup>/<sub>2</sub> cups, <sup>3</sup>&frasl;<sub>4</sub>", "3 1/2 cups, 3⁄4"),
        ("10<sup>6 </sup>litres", "10^6 litres"),
    ],
)
def test_inline_content(body: str, read: str):
    assert text(f"<p>{body}</p>") == read


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ("<ol><li>one<li>two</ol>", "1. one\n2. two"),
        ("<ol start=7><li>seven<li>eight</ol>", "7. seven\n8. eight"),
        ("<ol type=a><li>x<li>y</ol>", "a. x\nb. y"),
        ("<ol type=I start=4><li>x</ol>", "IV. x"),
        ("<ol style='list-style-type: upper-alpha'><li>x</ol>", "A. x"),
        ("<ol reversed><li>x<li>y</ol>", "2. x\n1. y"),
        ("<ol><li value=5>x<li>y</ol>", "5. x\n6. y"),
        ("<ol><li>one<ul><li>in it</ul><li>two</ol>", "1. one\n  - in it\n2. two"),
        ("<ol><li>x</ol><ol><li>y</ol>", "1. x\n\n1. y"),
        ("<ul><li>one<p>more of it</p></ul>", "- one\n  more of it"),
        ("<dl><dt>Term<dd>What it means.</dl>", "Term\n  What it means."),
    ],
)
def test_lists_have_the_numbers_that_a_reader_sees(body: str, read: str):
    assert text(body) == read


def test_spanned_cells_stand_in_each_row_and_column():
    page = (
        "<table><caption>Plans</caption><tr><th rowspan=2>Region<th colspan=2>Price"
        "<tr><th>Basic<th>Plus<tr><td rowspan=2>Alps<td>21<td>34<tr><td>22<td>35</table>"
    )
    document = parse(page.encode())

    assert document.text == (
        "Plans\n\n| Region | Price | Price |\n| Region | Basic | Plus |\n"
        "| Alps | 21 | 34 |\n| Alps | 22 | 35 |"
    )
    (table,) = document.tables
    assert document.text[table.header_end :].startswith("\n| Alps | 21")


def test_lines_and_lists_in_a_cell_stay_apart_on_its_row():
    page = "<table><tr><th>A<th>B<tr><td>x<br>y<td><ul><li>1<li>2</ul></table>"
    assert text(page) == "| A | B |\n| x; y | 1; 2 |"


@pytest.mark.parametrize(
    ("table", "read"),
    [
        (
            "<tr><th>Run<th>Use<tr><td><pre>ls -l\nls</pre><td>lists<tr><td><h4>rm</h4><td>removes",
            "| Run | Use |\n| ls -l; ls | lists |\n| rm | removes |",
        ),
        (
            "<tr><th>A<th>B<tbody><tr><td>1<td>2</tbody><tfoot><tr><td>9<td>9</tfoot>",
            "| A | B |\n| 1 | 2 |\n| 9 | 9 |",
        ),
    ],
)
def test_rows_stay_rows_in_their_order(table: str, read: str):
    assert text(f"<table>{table}</table>") == read


def test_a_span_that_claims_the_world_is_bounded():
    page = "<table><tr><td colspan=99999999>a<td rowspan=65534>b<tr><td>c</table>"
    assert len(text(page)) < 2000


@pytest.mark.parametrize(
    "body",
    [
        "<p style='DISPLAY: NONE'>secret</p>",
        "<p style='font-size:0px'>secret</p>",
        "<p style='opacity: 0'>secret</p>",
        "<p style='position:absolute; left:-9999px'>secret</p>",
        "<p style='color:#fff;background-color:white'>secret</p>",
        "<p class='a x'>secret</p>",
        "<p id=y>secret</p>",
        "<dialog>secret</dialog>",
        "<h2><span class='mw-editsection'>[<a href=x>secret</a>]</span></h2>",
        "<input type=hidden value=secret>",
        "<p><button>secret</button></p>",
        "<ul class=nav><li><a href=1>secret</a><li><a href=2>A</a><li><a href=3>B</a></ul>",
    ],
)
def test_hidden_by_any_common_means(body: str):
    head = "<style>@media print{.z{display:none}} .x, #y {display:none}</style>"
    assert text(f"{body}<p class=z>shown</p>", head) == "shown"


def test_what_looks_hidden_and_is_not_is_read():
    page = (
        "<p style='opacity:0.5'>a</p><p style='font-size:0.8em'>b</p><p style='color:white'>c</p>"
    )
    assert text(page) == "a\n\nb\n\nc"


def test_asides_with_text_and_lists_of_links_in_the_text_are_read():
    page = (
        "<aside>Warning: hot.</aside>"
        "<ul><li><a href=1>a</a><li><a href=2>b</a><li><a href=3>c</a></ul>"
    )
    assert text(page) == "Warning: hot.\n\n- a\n- b\n- c"


def test_code_is_read_as_it_is_shown():
    page = (
        "<pre><div>for i in x:</div><div>    print(i)</div></pre>"
        "<table><tr><td class=linenos><pre>1\n2</pre><td><pre>a\n\nb</pre></table>"
    )
    assert text(page) == "for i in x:\n    print(i)\n\na\n\nb"


def test_author_and_date_of_the_head_are_read_once():
    head = "<meta name=author content='Ada Vogt'><meta name=date content='2024-03-01'>"
    assert text("<p>By Ada Vogt.</p>", head) == "Date: 2024-03-01\n\nBy Ada Vogt."


def test_a_style_sheet_takes_linear_time():
    def seconds(size: int) -> float:
        sheet = f"<style>{'{' * size}</style>"
        began = time.process_time()
        assert text("<p>x</p>", sheet) == "x"
        return time.process_time() - began

    seconds(1000)
    assert seconds(400_000) < 40 * max(seconds(40_000), 0.01)


def test_a_span_of_no_rows_reaches_the_end_of_its_group_and_none_goes_beyond():
    table = (
        "<table><tbody><tr><td rowspan=0>North<td>1<tr><td>2</tbody>"
        "<tbody><tr><td rowspan=9>South<td>3</tbody><tbody><tr><td>East<td>4</tbody></table>"
    )
    assert text(table) == "| North | 1 |\n| North | 2 |\n| South | 3 |\n| East | 4 |"


def test_a_corner_without_a_name_leaves_the_row_a_header():
    page = "<table><tr><td><th>2022<th>2023<tr><th>Hub<td>66<td>71</table>"
    (table,) = parse(page.encode()).tables
    assert table.header_end == len("|  | 2022 | 2023 |")


@pytest.mark.parametrize(
    "table",
    [
        "<div role=table><div role=row><span role=cell>Hub</span><span role=cell>66</span></div>"
        "<div role=row><span role=cell>Cable</span><span role=cell>12</span></div></div>",
        "<div style='display:table'><div style='display: table-row'>"
        "<div style='display:table-cell'>Hub</div><div style='display:table-cell'>66</div></div>"
        "<div style='display:table-row'>"
        "<div style='display:table-cell'>Cable</div><div style='display:table-cell'>12</div></div>"
        "</div>",
    ],
)
def test_tables_of_other_elements_are_tables(table: str):
    assert text(table) == "| Hub | 66 |\n| Cable | 12 |"


def test_headings_by_role_have_their_level():
    (heading,) = parse(b"<div role=heading aria-level=3>Fees</div><p>Seven euros.").headings
    assert (heading.level, heading.title) == (3, "Fees")


@pytest.mark.parametrize(
    "style",
    [
        "color: transparent",
        "position:absolute; clip: rect(0 0 0 0)",
        "height:0;overflow:hidden",
        "width:1px; height:1px; overflow:hidden",
        "font-size:1px",
        "transform: scale(0)",
        "clip-path: inset(50%)",
    ],
)
def test_hidden_by_its_size_or_colour(style: str):
    assert text(f"<p style='{style}'>Pay 95 euros.</p><p>Pay 5 euros.</p>") == "Pay 5 euros."


def test_lines_are_kept_where_the_style_keeps_them():
    assert text("<div style='white-space: pre-wrap'>a\n  b</div>") == "a\n  b"
