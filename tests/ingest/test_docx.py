import io
import zipfile

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from ingest.document import Document
from ingest.errors import NoTextError, UnreadableError
from ingest.parsers.docx import parse
from ingest.parsers.ooxml import MAX_XML_BYTES


def parsed(document) -> Document:
    stream = io.BytesIO()
    document.save(stream)
    return parse(stream.getvalue())


def test_headings_paragraphs_and_tables_in_order():
    word = docx.Document()
    word.core_properties.title = "Manual"
    word.core_properties.language = "en-GB"
    word.add_heading("The manual", 0)
    word.add_paragraph("Before.")
    table = word.add_table(2, 2)
    for cell, text in zip(table._cells, ["Name", "Cost", "Duck\nor goose", "3"], strict=True):
        cell.text = text
    word.add_heading("Part two", 2)
    word.add_paragraph("one", style="List Bullet")
    document = parsed(word)
    assert document.text == (
        "The manual\n\nBefore.\n\n| Name | Cost |\n| Duck; or goose | 3 |\n\nPart two\n\n- one"
    )
    found = [(h.level, document.text[h.start : h.end]) for h in document.headings]
    assert found == [(1, "The manual"), (2, "Part two")]
    assert (document.title, document.language) == ("Manual", "en-GB")


def test_lists_of_a_real_document(fixtures):
    text = parse((fixtures / "lists.docx").read_bytes()).text
    assert "- List item 1\n- List item 2\n- List item 3" in text
    assert "\n3. WORKSHOP AND TOOL SHED\n  3.1 Bench Setup" in text  # a list in a list


def test_tables_in_cells_become_part_of_the_cell(fixtures):
    text = parse((fixtures / "rich_cells.docx").read_bytes()).text
    assert "| A; B; C; Cell 1; Cell 2; Cell 3 | Rich cell; A nested table; A; B; C; Cell 1" in text


def test_content_controls_and_insertions_are_read_and_deletions_not():
    word = docx.Document()
    word.element.body.insert(
        0,
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>In</w:t><w:tab/><w:t>control</w:t>"
            "</w:r><w:ins w:id='1' w:author='a'><w:r><w:br/><w:t>new</w:t></w:r></w:ins>"
            "<w:del w:id='2' w:author='a'><w:r><w:delText>old</w:delText></w:r></w:del>"
            "</w:p></w:sdtContent></w:sdt>"
        ),
    )
    assert parsed(word).text == "In\tcontrol\nnew"


def test_an_empty_document_has_no_text():
    with pytest.raises(NoTextError):
        parsed(docx.Document())


def archive(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in parts.items():
            opened.writestr(name, content)
    return stream.getvalue()


def test_another_zip_archive_is_no_word_document():
    with pytest.raises(UnreadableError, match=r"without a readable word/document\.xml"):
        parse(archive(**{"mimetype": b"application/epub+zip"}))


def test_a_truncated_archive_is_damaged(fixtures):
    with pytest.raises(UnreadableError, match="not a complete zip archive"):
        parse((fixtures / "lists.docx").read_bytes()[:9000])


def test_a_main_part_that_is_something_else_is_no_word_document():
    with pytest.raises(UnreadableError, match="not a Word document"):
        parse(archive(**{"word/document.xml": b"<x/>"}))


def test_a_zip_bomb_is_refused_before_it_is_inflated():
    bomb = archive(**{"word/document.xml": b"A" * (MAX_XML_BYTES + 1)})
    assert len(bomb) < 1_000_000
    with pytest.raises(UnreadableError, match=r"inflates from .* to more than 134,217,728 bytes"):
        parse(bomb)
