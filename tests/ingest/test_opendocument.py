"""Lists, tables and what stands beside the text in OpenDocument files, each by its kind."""

import io
import zipfile

from ingest.document import Document
from ingest.parsers.opendocument import parse

NAMES = {
    "text": "text", "table": "table", "office": "office", "draw": "drawing", "style": "style",
    "svg": "svg-compatible",
}  # fmt: skip
NAMESPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in NAMES.items()
)
LIST = (
    '<text:list-style style:name="L"><text:list-level-style-number text:level="1" '
    'style:num-suffix="." style:num-format="1"/><text:list-level-style-number text:level="2" '
    'style:num-format="1" text:display-levels="2"/></text:list-style>'
)


def read(body: str, styles: str = "", kind: str = "text", **parts: str) -> Document:
    """A text of `body`; further parts by their names in the archive."""
    files = {
        "content.xml": f'<office:document-content {NAMESPACES} '
        'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>"
        f"{body}</office:{kind}></office:body></office:document-content>",
        **parts,
    }  # fmt: skip
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return parse(stream.getvalue())


def item(*content: str) -> str:
    return f"<text:list-item>{''.join(content)}</text:list-item>"


def listed(*items: str, attributes: str = "") -> str:
    return f'<text:list text:style-name="L" {attributes}>{"".join(items)}</text:list>'


def test_numbers_of_several_levels_and_lists_that_go_on():
    inner = f"<text:list>{item('<text:p>b</text:p>')}{item('<text:p>c</text:p>')}</text:list>"
    body = (
        listed(item("<text:p>a</text:p>", inner), item("<text:p>d</text:p>"))
        + "<text:p>Between</text:p>"
        + listed(item("<text:p>e</text:p>"), attributes='text:continue-numbering="true"')
        + "<text:p>Anew</text:p>"
        + listed(item("<text:p>f</text:p>"))
    )
    assert read(body, LIST).text == (
        "1. a\n  1.1 b\n  1.2 c\n2. d\n\nBetween\n\n3. e\n\nAnew\n\n1. f"
    )


def test_headings_have_their_numbers_in_lists_too():
    outline = (
        '<text:outline-style><text:outline-level-style text:level="1" style:num-format="I" '
        'style:num-suffix="."/></text:outline-style>'
    )
    one, two = (f'<text:h text:outline-level="1">{title}</text:h>' for title in ("Aims", "Fees"))
    document = read(one + listed(item(two)), outline + LIST)
    assert [heading.title for heading in document.headings] == ["I. Aims", "1. Fees"]


def test_a_paragraph_in_the_style_of_titles_is_a_heading():
    style = '<style:style style:name="P1" style:parent-style-name="Title"/>'
    document = read('<text:p text:style-name="P1">Rules</text:p><text:p>Text.</text:p>', style)
    assert [heading.title for heading in document.headings] == ["Rules"]


def test_cells_stand_in_each_row_and_column_that_they_cover():
    table = (
        "<table:table><table:table-row>"
        '<table:table-cell table:number-columns-spanned="2"><text:p>Wide</text:p>'
        "</table:table-cell><table:covered-table-cell/>"
        "<table:table-cell><text:p>C</text:p></table:table-cell></table:table-row>"
        '<table:table-row><table:table-cell table:number-rows-spanned="2"><text:p>Tall</text:p>'
        "</table:table-cell><table:table-cell>"
        + listed(item("<text:p>x</text:p>"), item("<text:p>y</text:p>"))
        + "</table:table-cell><table:table-cell><text:p>2</text:p></table:table-cell>"
        "</table:table-row><table:table-row><table:covered-table-cell/>"
        "<table:table-cell><text:p>3</text:p></table:table-cell>"
        "<table:table-cell><text:p>4</text:p></table:table-cell></table:table-row></table:table>"
    )
    assert read(table, LIST).text == (
        "| Wide | Wide | C |\n| Tall | 1. x; 2. y | 2 |\n| Tall | 3 | 4 |"
    )


SHEETS = """
<table:table table:name="Prices">
<table:table-column/><table:table-column table:visibility="collapse"/><table:table-column/>
<table:table-row>{head}</table:table-row>
<table:table-row table:visibility="collapse">{row}</table:table-row>
<table:table-row table:visibility="filter">{row}</table:table-row>
<table:table-row-group><table:table-row table:visibility="collapse">{row}</table:table-row>
</table:table-row-group></table:table>
<table:table table:name="Secret" table:style-name="ta2"><table:table-row>{row}</table:table-row>
</table:table>
"""


def test_hidden_sheets_rows_and_columns_are_left_out_and_that_is_said():
    head, row = (
        "".join(f"<table:table-cell><text:p>{name}</text:p></table:table-cell>" for name in names)
        for names in ("ABC", "xyz")
    )
    style = '<style:style style:name="ta2"><style:table-properties table:display="false"/>'
    document = read(SHEETS.format(head=head, row=row), f"{style}</style:style>", kind="spreadsheet")
    assert document.text == "Prices\n\n| A | C |\n| x | z |\n| x | z |"
    assert document.notes == (
        "left out of the sheet “Prices”: hidden rows or columns",
        "the hidden sheet “Secret” was left out",
    )


def test_headers_and_footers_are_read_once_and_page_numbers_not():
    page = (
        "<style:master-page>{header}<style:footer><text:p>Page <text:page-number>3"
        "</text:page-number></text:p><text:p>Approved in May</text:p></style:footer>"
        "</style:master-page>"
    )
    shown = "<style:header><text:p>QM-0815</text:p></style:header>"
    unused = '<style:header style:display="false"><text:p>Draft</text:p></style:header>'
    styles = (
        f"<styles {NAMESPACES}>{page.format(header=shown)}{page.format(header=unused)}</styles>"
    )
    document = read("<text:p>Scales.</text:p>", **{"styles.xml": styles})
    assert document.text == "QM-0815\n\nScales.\n\nApproved in May"


def test_boxes_notes_and_comments_stand_after_their_paragraph():
    body = (
        "<text:p>Rent<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>940 euros.</text:p></text:note-body></text:note> is due<office:annotation>"
        "<dc:creator>Ms Vogt</dc:creator><text:p>On Mondays.</text:p></office:annotation>."
        "<draw:frame><draw:text-box><text:p>Boxed</text:p><text:p>twice</text:p></draw:text-box>"
        "</draw:frame></text:p>"
    )
    assert read(body).text == (
        "Rent [1] is due.\n\nBoxed\n\ntwice\n\n[1] 940 euros.\n\nComment by Ms Vogt: On Mondays."
    )


def test_a_formula_is_read_from_its_part():
    formula = (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><msup><mi>x</mi><mn>2</mn>'
        '</msup><annotation encoding="StarMath 5.0">x^2</annotation></semantics></math>'
    )
    body = '<text:p>Area <draw:frame><draw:object xlink:href="./Object 1"/></draw:frame></text:p>'
    assert read(body, **{"Object 1/content.xml": formula}).text == "Area  x^2"


def test_hidden_sections_and_paragraphs_are_left_out():
    styles = (
        '<style:style style:name="No"><style:text-properties text:display="none"/></style:style>'
        '<style:style style:name="P1" style:parent-style-name="No"/>'
    )
    body = (
        '<text:section text:display="none"><text:p>a</text:p></text:section>'
        '<text:p text:style-name="P1">b</text:p>'
        '<text:p><text:hidden-paragraph text:is-hidden="true"/>c</text:p><text:p>Seen</text:p>'
    )
    assert read(body, styles).text == "Seen"


def test_an_exponent_in_two_pieces_is_one_and_has_the_style_that_its_own_is_based_on():
    styles = (
        '<style:style style:name="Up"><style:text-properties style:text-position="super 58%"/>'
        '</style:style><style:style style:name="T1" style:parent-style-name="Up"/>'
    )
    spans = "".join(
        f'<text:span text:style-name="{name}">{words}</text:span>'
        for name, words in (("T1", "-"), ("Up", "6"))
    )
    assert read(f"<text:p>10{spans} m</text:p>", styles).text == "10^-6 m"


def test_a_table_in_a_header_is_read_by_row():
    cells = "".join(
        f"<table:table-cell><text:p>{words}</text:p></table:table-cell>"
        for words in ("Revision", "7")
    )
    header = f"<table:table><table:table-row>{cells}</table:table-row></table:table>"
    styles = (
        f"<styles {NAMESPACES}><style:master-page><style:header>{header}</style:header>"
        "</style:master-page></styles>"
    )
    document = read("<text:p>Scales.</text:p>", **{"styles.xml": styles})
    assert document.text == "Revision | 7\n\nScales."


def test_items_on_a_slide_have_their_numbers():
    items = listed(item("<text:p>Open</text:p>"), item("<text:p>Close</text:p>"))
    body = f"<draw:page><draw:frame><draw:text-box>{items}</draw:text-box></draw:frame></draw:page>"
    assert read(body, LIST, kind="presentation").text == "1. Open\n2. Close"
