"""Lists, diagrams, comments and places on slides, each by its kind."""

import io

import pptx
import pytest
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml import parse_xml
from pptx.util import Cm

from ingest.parsers.slides import parse

A = "http://schemas.openxmlformats.org/drawingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"


@pytest.fixture
def deck():
    return pptx.Presentation()


@pytest.fixture
def slide(deck):
    return deck.slides.add_slide(deck.slide_layouts[6])


def text(deck) -> str:
    stream = io.BytesIO()
    deck.save(stream)
    return parse(stream.getvalue()).text


def box(slide, words: str, left: float, top: float):
    shape = slide.shapes.add_textbox(Cm(left), Cm(top), Cm(5), Cm(2))
    shape.text_frame.text = words
    return shape


def relate(deck, slide, kind: str, content: str) -> str:
    name = PackURI(f"/ppt/parts/{kind}.xml")
    part = Part(name, "application/xml", deck.part.package, content.encode())
    return slide.part.relate_to(part, f"{RELATIONS}/{kind}")


def test_items_have_the_numbers_that_the_slide_shows(deck, slide):
    frame = box(slide, "Open the valve", 1, 1).text_frame
    for words in ("Wait", "Close it"):
        frame.add_paragraph().text = words
    for paragraph, kind in zip(
        frame.paragraphs,
        ('arabicPeriod"', 'arabicPeriod"', 'alphaLcParenR" startAt="3"'),
        strict=True,
    ):
        properties = paragraph._p.get_or_add_pPr()
        properties.append(parse_xml(f'<a:buAutoNum xmlns:a="{A}" type="{kind}/>'))
    frame.paragraphs[2].level = 1
    assert text(deck) == "1. Open the valve\n2. Wait\nc) Close it"


def test_items_with_a_bullet_of_their_own_are_items(deck, slide):
    frame = box(slide, "Tools:", 1, 1).text_frame
    for words in ("spanner", "lamp"):
        properties = frame.add_paragraph()._p.get_or_add_pPr()
        properties.append(parse_xml(f'<a:buChar xmlns:a="{A}" char="•"/>'))
        frame.paragraphs[-1].text = words
    assert text(deck) == "Tools:\n- spanner\n- lamp"


def test_what_stands_at_nearly_one_height_is_read_from_the_left(deck, slide):
    for words, left, top in (("right", 12, 3.0), ("left", 1, 3.1), ("below", 1, 9)):
        box(slide, words, left, top)
    assert text(deck) == "left\n\nright\n\nbelow"


def test_comments_are_told(deck, slide):
    box(slide, "Budget", 1, 1)
    content = f'<p:cmLst xmlns:p="{P}"><p:cm><p:text>Too high</p:text></p:cm></p:cmLst>'
    relate(deck, slide, "comments", content)
    assert text(deck) == "Budget\n\nComment: Too high"


def test_words_of_a_diagram_are_read_from_its_part(deck, slide):
    points = "".join(
        f"<d:pt><d:t><a:p><a:r><a:t>{words}</a:t></a:r></a:p></d:t></d:pt>"
        for words in ("Plan", "Build")
    )
    data = (
        f'<d:dataModel xmlns:d="{DIAGRAM}" xmlns:a="{A}"><d:ptLst>{points}</d:ptLst></d:dataModel>'
    )
    name = relate(deck, slide, "diagramData", data)
    frame = slide.shapes.add_table(1, 1, Cm(1), Cm(1), Cm(5), Cm(2))._element
    graphic = frame.find(f".//{{{A}}}graphicData")
    for child in list(graphic):
        graphic.remove(child)
    graphic.set("uri", DIAGRAM)
    graphic.append(
        parse_xml(f'<d:relIds xmlns:d="{DIAGRAM}" xmlns:r="{RELATIONS}" r:dm="{name}"/>')
    )
    assert text(deck) == "Plan\nBuild"


COMPATIBLE = "http://schemas.openxmlformats.org/markup-compatibility/2006"
MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def shape(words: str, attributes: str = "", placeholder: str = "") -> str:
    return (
        f'<p:sp xmlns:p="{P}" xmlns:a="{A}"><p:nvSpPr><p:cNvPr id="9" name="x" {attributes}/>'
        f"<p:cNvSpPr/><p:nvPr>{placeholder}</p:nvPr></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/>"
        f"<a:p>{words}</a:p></p:txBody></p:sp>"
    )


def written(words: str, baseline: int = 0) -> str:
    return f'<a:r><a:rPr baseline="{baseline}"/><a:t>{words}</a:t></a:r>'


def test_a_box_with_an_equation_is_read_once(deck, slide):
    equation = f'<m:oMath xmlns:m="{MATH}"><m:r><m:t>x=5</m:t></m:r></m:oMath>'
    slide.shapes._spTree.append(
        parse_xml(
            f'<mc:AlternateContent xmlns:mc="{COMPATIBLE}"><mc:Choice Requires="a14">'
            f"{shape(written('Area is ') + equation)}</mc:Choice><mc:Fallback>"
            f"{shape(written('picture'))}</mc:Fallback></mc:AlternateContent>"
        )
    )
    assert text(deck) == "Area is x=5"


def test_hidden_shapes_and_numbers_of_slides_are_left_out(deck, slide):
    number = shape(written("12"), placeholder='<p:ph type="sldNum" idx="12"/>')
    for xml in (shape(written("Secret"), 'hidden="1"'), number, shape(written("Seen"))):
        slide.shapes._spTree.append(parse_xml(xml))
    assert text(deck) == "Seen"


def test_an_exponent_in_two_pieces_is_one(deck, slide):
    words = written("10") + written("-", 30000) + written("6 ", 30000) + written("m")
    slide.shapes._spTree.append(parse_xml(shape(words)))
    assert text(deck) == "10^-6 m"
