"""Inline content, notes, lists and tables of Word documents, each by its kind."""

import io
import zipfile

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from ingest.parsers.docx import parse
from tests.ingest.made_docx import NAMESPACES, WORD, cell, run, text, word

RAISED, LOWERED = '<w:vertAlign w:val="superscript"/>', '<w:vertAlign w:val="subscript"/>'


@pytest.mark.parametrize(
    ("runs", "read"),
    [
        (run("holds 10") + run("6", RAISED) + run(" litres"), "holds 10^6 litres"),
        (run("10") + run("-", RAISED) + run("4", RAISED), "10^-4"),
        (run("H") + run("2", LOWERED) + run("O"), "H₂O"),
        (run("in 1998") + run("3", RAISED), "in 1998 [3]"),
        ("<w:r><w:t>4</w:t><w:noBreakHyphen/><w:t>6</w:t></w:r>", "4-6"),
        ("<w:r><w:t>part</w:t><w:softHyphen/><w:t>ner</w:t></w:r>", "partner"),
        ('<w:r><w:sym w:font="Symbol" w:char="F061"/></w:r>', "α"),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>', "☒"),
        (run("seen") + run(" not seen", "<w:vanish/>"), "seen"),
        (run("shown", '<w:vanish w:val="0"/>'), "shown"),
        (f"<w:moveFrom>{run('old place')}</w:moveFrom><w:moveTo>{run('new')}</w:moveTo>", "new"),
        (
            f"<mc:AlternateContent><mc:Choice>{run('once')}</mc:Choice>"
            f"<mc:Fallback>{run('twice')}</mc:Fallback></mc:AlternateContent>",
            "once",
        ),
        ('<w:r><w:drawing><wp:docPr id="1" descr="Sales rose"/></w:drawing></w:r>', "[Sales rose]"),
        (
            f"<w:ruby><w:rt>{run('kan')}</w:rt><w:rubyBase>{run('漢')}</w:rubyBase></w:ruby>",
            "漢(kan)",
        ),
        (
            "<m:oMath><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r>"
            "</m:den></m:f><m:rad><m:deg/><m:e><m:r><m:t>x</m:t></m:r></m:e></m:rad></m:oMath>",
            "(a+b)/2√(x)",
        ),
        (
            "<m:oMath><m:func><m:fName><m:limLow><m:e><m:r><m:t>lim</m:t></m:r></m:e><m:lim><m:r>"
            "<m:t>n→∞</m:t></m:r></m:lim></m:limLow></m:fName><m:e><m:r><m:t>x</m:t></m:r></m:e>"
            "</m:func></m:oMath>",
            "lim_(n→∞) x",
        ),
        (run("10") + run("6", '<w:position w:val="6"/>') + run(" litres"), "10^6 litres"),
        (
            run("Word")
            + '<w:r><w:footnoteReference w:customMarkFollows="1" w:id="2"/><w:t>*</w:t></w:r>',
            "Word [*]",
        ),
        (
            '<w:r><w:fldChar><w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="Kiel"/>'
            '<w:listEntry w:val="Bremen"/></w:ddList></w:ffData></w:fldChar></w:r>',
            "Bremen",
        ),
        ('<w:r><w:drawing><wp:docPr id="1" title="Sales"/></w:drawing></w:r>', "[Sales]"),
        ('<w:r><w:drawing><wp:docPr hidden="1" descr="no"/></w:drawing><w:t>a</w:t></w:r>', "a"),
        (run("10") + f"<w:r><w:rPr>{RAISED}</w:rPr><w:noBreakHyphen/><w:t>6</w:t></w:r>", "10^-6"),
        (run("3") + run("1", RAISED) + run("/") + run("2", LOWERED), "3 1/2"),
        (run("10") + run("6 ", RAISED) + run("litres"), "10^6 litres"),
        (run("at 20 ") + run("o", RAISED) + run("C"), "at 20 °C"),
        (
            "<m:oMath><m:r><m:t>x=</m:t></m:r><w:del><m:r><m:t>5</m:t></m:r></w:del><w:ins><m:r>"
            "<m:t>6</m:t></m:r></w:ins></m:oMath>",
            "x=6",
        ),
    ],
)
def test_inline_content(runs: str, read: str):
    assert text(f"<w:p>{runs}</w:p>").strip() == read


def test_footnotes_follow_what_refers_to_them_and_endnotes_the_end():
    body = (
        f'<w:p>{run("The rent")}<w:r><w:footnoteReference w:id="7"/></w:r></w:p>'
        f'<w:p>{run("Pets")}<w:r><w:endnoteReference w:id="2"/></w:r></w:p><w:p>{run("End")}</w:p>'
    )
    notes = {
        f"{kind}s": f'<w:{kind}s {NAMESPACES}><w:{kind} w:id="{name}"><w:p>{run(words)}</w:p>'
        f"</w:{kind}></w:{kind}s>"
        for kind, name, words in (("footnote", 7, "is 940 euros."), ("endnote", 2, "No snakes."))
    }
    assert text(body, **notes) == (
        "The rent [1]\n\n[1] is 940 euros.\n\nPets [i]\n\nEnd\n\n[i] No snakes."
    )


def test_the_text_of_a_note_keeps_its_figures_and_the_number_its_style():
    body = (
        f'<w:p>{run("Take it")}<w:r><w:footnoteReference w:id="7"/></w:r></w:p>'
        f'<w:p>{run("Shown")}<w:r><w:endnoteReference w:id="2"/></w:r></w:p>'
        '<w:sectPr><w:footnotePr><w:numFmt w:val="decimal"/></w:footnotePr></w:sectPr>'
    )
    settings = (
        f"<w:settings {NAMESPACES}><w:endnotePr><w:numFmt w:val='upperLetter'/></w:endnotePr>"
        "</w:settings>"
    )
    notes = {
        f"{kind}s": f'<w:{kind}s {NAMESPACES}><w:{kind} w:id="{name}"><w:p>{run(words)}</w:p>'
        f"</w:{kind}></w:{kind}s>"
        for kind, name, words in (("footnote", 7, "1-24 days."), ("endnote", 2, "By Vogt."))
    }
    assert text(body, settings=settings, **notes) == (
        "Take it [1]\n\n[1] 1-24 days.\n\nShown [A]\n\n[A] By Vogt."
    )


def field(code: str, shown: str) -> str:
    begin, separate, end = (
        f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")
    )
    return f"{begin}{code}{separate}{shown}{end}"


def test_what_a_field_is_made_of_is_not_shown():
    inner = field("<w:r><w:instrText>MERGEFIELD Sex</w:instrText></w:r>", run("M"))
    code = f"<w:r><w:instrText>IF </w:instrText></w:r>{inner}{run(' = M')}"
    assert text(f"<w:p>{run('Dear ')}{field(code, run('Mr'))}{run(' Vogt')}</w:p>") == (
        "Dear Mr Vogt"
    )


def test_a_heading_by_a_style_based_on_another_and_by_outline_level():
    styles = (
        f'<w:styles {NAMESPACES}><w:style w:styleId="a"><w:name w:val="heading 2"/></w:style>'
        '<w:style w:styleId="b"><w:name w:val="Own"/><w:basedOn w:val="a"/></w:style></w:styles>'
    )
    body = (
        f'<w:p><w:pPr><w:pStyle w:val="b"/></w:pPr>{run("By style")}</w:p>'
        f'<w:p><w:pPr><w:outlineLvl w:val="0"/></w:pPr>{run("By level")}</w:p><w:p>{run("x")}</w:p>'
    )
    document = parse(word(body, styles=styles))
    assert [(h.level, h.title) for h in document.headings] == [(2, "By style"), (1, "By level")]


def test_merged_cells_stand_in_each_row_and_column():
    def cell(words: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p>{run(words)}</w:p></w:tc>"

    wide = '<w:gridSpan w:val="2"/>'
    begins, goes_on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    body = (
        f"<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr>{cell('Region')}"
        f"{cell('Price', wide)}</w:tr>"
        f"<w:sdt><w:sdtContent><w:tr>{cell('North', begins)}{cell('12')}{cell('14')}</w:tr>"
        f"</w:sdtContent></w:sdt><w:tr>{cell('', goes_on)}{cell('70')}{cell('75')}</w:tr></w:tbl>"
    )
    document = parse(word(body))
    assert document.text == "| Region | Price | Price |\n| North | 12 | 14 |\n| North | 70 | 75 |"
    assert document.tables[0].header_end == len("| Region | Price | Price |")


def test_headers_are_read_once_and_page_numbers_not():
    def margin(words: str) -> str:
        return f"<w:hdr {NAMESPACES}><w:p>{run(words)}</w:p></w:hdr>"

    body = f"<w:p>{run('Text.')}</w:p><w:sectPr>" + "".join(
        f'<w:headerReference r:id="header{number}"/>' for number in (1, 2, 3)
    )
    document = parse(
        word(
            f"{body}</w:sectPr>",
            header1=margin("Document QM-0815"),
            header2=margin("Document QM-0815"),
            header3=margin("Page 3 of 10"),
        )
    )
    assert document.text == "Document QM-0815\n\nText."


def test_headers_that_are_switched_off_are_not_read_and_their_tables_are_rows():
    number = f'<w:fldSimple w:instr=" PAGE ">{run("3")}</w:fldSimple>'
    row = "".join(cell(f"<w:p>{words}</w:p>") for words in (run("Revision"), run("7"), number))
    headers = {
        f"header{number}": f"<w:hdr {NAMESPACES}>{content}</w:hdr>"
        for number, content in enumerate(
            (
                f"<w:tbl><w:tr>{row}</w:tr></w:tbl>",
                f"<w:p>{run('Draft')}</w:p>",
                f"<w:p>{run('Old')}</w:p>",
            )
        )
    }
    references = "".join(
        f'<w:headerReference w:type="{kind}" r:id="header{number}"/>'
        for number, kind in enumerate(("default", "first", "even"))
    )
    body = f"<w:p>{run('Text.')}</w:p><w:sectPr>{references}%s</w:sectPr>"
    assert text(body % "", **headers) == "Revision | 7\n\nText."
    assert text(body % "<w:titlePg/>", **headers) == "Revision | 7\nDraft\n\nText."


def test_text_boxes_are_read_once_beside_their_paragraph():
    document = docx.Document()
    paragraph = document.add_paragraph("Text.")
    box = "<w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p></w:txbxContent>"
    paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}><w:pict>{box}</w:pict></w:r>"))
    stream = io.BytesIO()
    document.save(stream)
    assert parse(stream.getvalue()).text == "Text.\n\nIn a box."


def test_strict_open_xml_and_targets_that_are_null_are_not_damaged():
    body = f"<w:p>{run('Strict text.')}</w:p>"
    assert text(body, image1="") == "Strict text."
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        document = f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>"
        name = "http://purl.oclc.org/ooxml/wordprocessingml/main"
        archive.writestr("word/document.xml", document.replace(WORD, name))
    assert parse(stream.getvalue()).text == "Strict text."


def test_an_unclosed_tag_costs_a_note_and_no_text():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        body = f"<w:p>{run('All of it')}</w:p><w:p>{run('is here.')}"
        archive.writestr(
            "word/document.xml", f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>"
        )
    document = parse(stream.getvalue())
    assert document.text == "All of it\n\nis here."
    assert document.notes == ("its XML is damaged: text may be missing",)


def test_a_comment_stands_below_what_it_is_on_with_its_author():
    body = f"<w:p>{run('The date is open.')}<w:r><w:commentReference w:id='7'/></w:r></w:p>"
    comments = (
        f"<w:comments {NAMESPACES}><w:comment w:id='7' w:author='Ms Vogt'><w:p>{run('5 June.')}"
        f"</w:p></w:comment></w:comments>"
    )
    read = text(body + f"<w:p>{run('Next.')}</w:p>", comments=comments)
    assert read == "The date is open.\n\nComment by Ms Vogt: 5 June.\n\nNext."


def test_paragraphs_whose_end_is_deleted_are_one():
    deleted = "<w:pPr><w:rPr><w:del/></w:rPr></w:pPr>"
    assert text(f"<w:p>{deleted}{run('First half ')}</w:p><w:p>{run('second.')}</w:p>") == (
        "First half second."
    )


def test_rows_and_boxes_that_are_hidden_or_deleted_are_left_out():
    row = cell(f"<w:p>{run('a')}</w:p>") + cell(f"<w:p>{run('b')}</w:p>")
    hidden = f"<w:tr><w:trPr><w:hidden/></w:trPr>{row}</w:tr>"
    box = f"<w:del><w:r><w:txbxContent><w:p>{run('gone')}</w:p></w:txbxContent></w:r></w:del>"
    body = f"<w:tbl><w:tr>{row}</w:tr>{hidden}</w:tbl><w:p>{box}{run('End')}</w:p>"
    assert text(body) == "| a | b |\n\nEnd"


def test_a_table_of_one_column_places_what_is_in_it():
    heading = f'<w:p><w:pPr><w:outlineLvl w:val="0"/></w:pPr>{run("Fees")}</w:p>'
    words = f"<w:p>{run('Seven.')}</w:p>"
    document = parse(word(f"<w:tbl><w:tr>{cell(heading + words)}</w:tr></w:tbl>"))
    assert document.text == "Fees\n\nSeven."
    assert [heading.title for heading in document.headings] == ["Fees"]


def test_cells_merged_in_the_old_way_and_boxes_in_cells_are_read_once():
    box = f"<w:txbxContent><w:p>{run('boxed')}</w:p></w:txbxContent>"
    twice = (
        f"<w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
        "</mc:AlternateContent></w:r>"
    )
    row = (
        cell(f"<w:p>{run('wide')}</w:p>", '<w:hMerge w:val="restart"/>')
        + cell("<w:p/>", "<w:hMerge/>")
        + cell(f"<w:p>{run('beside')}{twice}</w:p>")
    )
    assert text(f"<w:tbl><w:tr>{row}</w:tr></w:tbl>") == "| wide | wide | beside; boxed |"


CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


def series(name: str, axes: dict[str, tuple[str, list[str]]]) -> str:
    """A series of a chart; each axis has the code of its format, empty for text, and values."""
    told = f"<c:tx><c:strRef><c:strCache><c:pt><c:v>{name}</c:v></c:pt></c:strCache></c:strRef>"
    told += "</c:tx>"
    for axis, (code, values) in axes.items():
        kind = "num" if code else "str"
        points = "".join(f'<c:pt idx="{i}"><c:v>{v}</c:v></c:pt>' for i, v in enumerate(values))
        code = f"<c:formatCode>{code}</c:formatCode>" if code else ""
        told += f"<c:{axis}><c:{kind}Ref><c:{kind}Cache>{code}{points}</c:{kind}Cache>"
        told += f"</c:{kind}Ref></c:{axis}>"
    return f"<c:ser>{told}</c:ser>"


def chart(*plots: str, title: str = "Rain") -> str:
    rich = f"<c:title><c:tx><c:rich><a:p><a:r><a:t>{title}</a:t></a:r></a:p></c:rich></c:tx>"
    return (
        f'<c:chartSpace xmlns:c="{CHART}" xmlns:a="{DRAWING}"><c:chart>{rich}</c:title>'
        f"<c:plotArea>{''.join(plots)}</c:plotArea></c:chart></c:chartSpace>"
    )


def drawn(name: str) -> str:
    return (
        f'<w:p><w:r><w:drawing><c:chart xmlns:c="{CHART}" r:id="{name}"/></w:drawing></w:r></w:p>'
    )


def test_every_plot_of_a_chart_in_three_dimensions_is_read():
    months = ("", ["May", "June"])
    bars = series("Kiel", {"cat": months, "val": ("General", ["61.50000000000001", "70"])})
    line = series("Mean", {"cat": months, "val": ("0%", ["0.5", "#N/A"])})
    both = chart(f"<c:bar3DChart>{bars}</c:bar3DChart>", f"<c:lineChart>{line}</c:lineChart>")
    read = parse(word(f"<w:p/>{drawn('chart1')}", chart1=both))
    assert read.text == "Rain\n\n|  | Kiel | Mean |\n| May | 61.5 | 50% |\n| June | 70 | #N/A |"
    assert len(read.tables) == 1


def test_points_with_dates_of_their_own_are_a_table_for_each_series():
    days = [("d/m/yyyy", ["45000"]), ("d/m/yyyy", ["45001"])]
    plots = [
        series(name, {"xVal": when, "yVal": ("General", ["7"])})
        for name, when in zip("AB", days, strict=True)
    ]
    read = text(f"<w:p/>{drawn('chart1')}", chart1=chart(*plots))
    assert read == "Rain\n\n|  | A |\n| 2023-03-15 | 7 |\n\n|  | B |\n| 2023-03-16 | 7 |"


def test_the_words_of_a_diagram_are_read():
    ids = f'<d:relIds xmlns:d="{DRAWING[:-4]}diagram" r:dm="diagramData1"/>'
    point = "<d:pt><d:t><a:p><a:r><a:t>Plan</a:t></a:r></a:p></d:t></d:pt>"
    data = f'<d:dataModel xmlns:d="{DRAWING[:-4]}diagram" xmlns:a="{DRAWING}">{point}</d:dataModel>'
    body = f"<w:p><w:r><w:t>Steps</w:t><w:drawing>{ids}</w:drawing></w:r></w:p>"
    assert text(body, diagramData1=data) == "Steps\n\nPlan"
