"""What style sheets and the styles of elements make of a page: seen, hidden, numbered, raised."""

import pytest

from ingest.parsers.html import parse


def text(body: str, sheet: str = "") -> str:
    return parse(f"<head><style>{sheet}</style></head><body>{body}</body>".encode()).text


@pytest.mark.parametrize(
    ("sheet", "body", "read"),
    [
        (".box .in {display: none}", "<div class=box><p class=in>secret</p>a</div>", "a"),
        ("#a > p {display: none}", "<div id=a><p>secret</p><div><p>b</p></div></div>", "b"),
        (".tab {display:none} .tab.on {display:block}", "<p class='tab on'>c</p>", "c"),
        (".tab {display:none}", "<p class=tab style='display:block'>d</p>", "d"),
        ("p {display:none !important}", "<p style='display:block'>no</p>e", "e"),
        ("/* } */ .x {display:none}", "<p class=x>no</p>f", "f"),
        ("a + .x, .x:hover, [x] {display:none}", "<p class=x>g</p>", "g"),
        ("code {color: inherit; background: inherit}", "<code>h</code>", "h"),
        ("@import url(a.css); .x {display:none}", "<p class=x>no</p>i", "i"),
        (".up {vertical-align: super}", "<p>10<span class=up>6</span> litres</p>", "10^6 litres"),
    ],
)
def test_the_rule_that_holds_is_obeyed(sheet: str, body: str, read: str):
    assert text(body, sheet) == read


@pytest.mark.parametrize(
    ("sheet", "body", "read"),
    [
        ("ol.steps {list-style: inside upper-roman}", "<ol class=steps><li>x</ol>", "I. x"),
        ("ol ol {list-style-type: lower-alpha}", "<ol><li>x<ol><li>y</ol></ol>", "1. x\n  a. y"),
        (
            "ol {counter-reset:i} li {display:block} li:before {content: counters(i, '.') ' '}",
            "<ol><li>Scope<ol><li>Goods<li>Fees</ol><li>Term</ol>",
            "1 Scope\n  1.1 Goods\n  1.2 Fees\n2 Term",
        ),
        (
            ".a-1 > li:before {content: '' counter(x, lower-latin) '. '} "
            "ol.a-1 {list-style-type: none}",
            "<ol class='a-1 start' start=3><li>x</ol>",
            "c. x",
        ),
        ("li::before {content: 'Step ' counter(s) ':'}", "<ol><li>Open</ol>", "Step 1: Open"),
        ("li:before {content: '✓'}", "<ul><li>paid</ul>", "- paid"),
        ("", "<ol class='loweralpha simple' start=2><li>x</ol>", "b. x"),
    ],
)
def test_items_have_the_numbers_that_the_sheet_gives(sheet: str, body: str, read: str):
    assert text(body, sheet) == read


@pytest.mark.parametrize(
    "body",
    [
        "<div style='font-size:0px'><p style='font-size:13px'>Order 4711.</p></div>",
        "<section style='margin-top:-120px'>Order 4711.</section>",
        "<div class='row no-gutter'>Order 4711.</div>",
        "<pre class='line-numbers language-sh'>Order 4711.</pre>",
        "<h3><button aria-expanded=false>Order 4711.</button></h3>",
    ],
)
def test_what_only_looks_hidden_is_read(body: str):
    assert text(body) == "Order 4711."


def test_hidden_cells_and_rows_are_left_out():
    table = (
        "<table><tr><th>Name<th style='display:none'>Id<th>Price"
        "<tr><td>Hub<td style='display:none'>77<td>66<tr hidden><td>Old<td>78<td>9</table>"
    )
    assert text(table) == "| Name | Price |\n| Hub | 66 |"
