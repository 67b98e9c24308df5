"""The numbers that Word shows before the items of lists and before headings."""

from ingest.parsers.docx import parse
from tests.ingest.made_docx import NAMESPACES, cell, run, text, word


def numbered(level: int, words: str) -> str:
    numbering = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>'
    return f"<w:p><w:pPr>{numbering}</w:pPr>{run(words)}</w:p>"


def level(place: int, style: str, pattern: str) -> str:
    return (
        f'<w:lvl w:ilvl="{place}"><w:start w:val="1"/><w:numFmt w:val="{style}"/>'
        f'<w:lvlText w:val="{pattern}"/></w:lvl>'
    )


def test_lists_have_the_numbers_that_word_shows():
    levels = (
        level(0, "decimal", "%1.") + level(1, "decimal", "%1.%2") + level(2, "lowerLetter", "%3)")
    )
    numbering = (
        f'<w:numbering {NAMESPACES}><w:abstractNum w:abstractNumId="5">{levels}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="5"/></w:num></w:numbering>'
    )
    items = [(0, "Delivery"), (1, "free"), (1, "risk"), (2, "sea"), (0, "Liability"), (1, "limit")]
    body = "".join(numbered(*item) for item in items)
    assert text(body, numbering=numbering) == (
        "1. Delivery\n  1.1 free\n  1.2 risk\n    a) sea\n2. Liability\n  2.1 limit"
    )


def item(words: str, list_id: int, level: int = 0) -> str:
    numbering = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>'
    return f"<w:p><w:pPr>{numbering}</w:pPr>{run(words)}</w:p>"


def test_a_column_of_numbers_is_read():
    rows = "".join(
        f"<w:tr>{cell(item('', 1))}{cell(f'<w:p>{run(words)}</w:p>')}</w:tr>" for words in "ab"
    )
    decimal = f'<w:abstractNum w:abstractNumId="0">{levels("%1.")}</w:abstractNum>'
    lists = '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    read = text(f"<w:tbl>{rows}</w:tbl>", numbering=numbering(decimal, lists))
    assert read == "| 1. | a |\n| 2. | b |"


def test_items_have_the_numbers_of_their_language():
    styles = (("chineseCounting", "%1、"), ("ganada", "%2."), ("decimalEnclosedCircle", "%3"))
    definitions = "".join(level(place, *style) for place, style in enumerate(styles))
    lists = '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    read = text(
        "".join(item("x", 1, place) for place in (0, 0, 1, 1, 2, 2)),
        numbering=numbering(
            f'<w:abstractNum w:abstractNumId="0">{definitions}</w:abstractNum>', lists
        ),
    )
    assert read == "一、 x\n二、 x\n  가. x\n  나. x\n    ① x\n    ② x"


def levels(*patterns: str) -> str:
    """Levels of a list; `|` parts what is written from further elements."""
    return "".join(
        f'<w:lvl w:ilvl="{place}"><w:lvlText w:val="{pattern.partition("|")[0]}"/>'
        f"{pattern.partition('|')[2]}</w:lvl>"
        for place, pattern in enumerate(patterns)
    )


def numbering(definitions: str, lists: str) -> str:
    return f"<w:numbering {NAMESPACES}>{definitions}{lists}</w:numbering>"


def test_a_level_that_never_restarts_goes_on_counting():
    counting = levels("%1.", '(%2)|<w:lvlRestart w:val="0"/>')
    body = item("a", 1) + item("b", 1, 1) + item("c", 1) + item("d", 1, 1)
    read = text(
        body,
        numbering=numbering(
            f'<w:abstractNum w:abstractNumId="0">{counting}</w:abstractNum>',
            '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>',
        ),
    )
    assert read == "1. a\n  (1) b\n2. c\n  (2) d"


def test_a_list_that_only_names_another_definition_has_its_numbers():
    definitions = (
        '<w:abstractNum w:abstractNumId="0"><w:numStyleLink w:val="Steps"/></w:abstractNum>'
        '<w:abstractNum w:abstractNumId="1"><w:styleLink w:val="Steps"/>'
        f"{levels('Step %1:')}</w:abstractNum>"
    )
    lists = (
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        '<w:num w:numId="2"><w:abstractNumId w:val="0"/>'
        f'<w:lvlOverride w:ilvl="0">{levels("%1)")}</w:lvlOverride></w:num>'
    )
    body = item("a", 1) + item("b", 1) + item("c", 2)
    read = text(body, numbering=numbering(definitions, lists))
    assert read == "Step 1: a\nStep 2: b\n3) c"


def test_the_level_of_a_numbered_heading_is_that_which_names_its_style():
    styles = "".join(
        f'<w:style w:styleId="H{level}"><w:name w:val="heading {level}"/>'
        '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        for level in (1, 2)
    )
    counting = levels('%1|<w:pStyle w:val="H1"/>', '%1.%2|<w:pStyle w:val="H2"/>')
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="H{level}"/></w:pPr>{run("Title")}</w:p>'
        for level in (1, 2, 2, 1)
    )
    document = parse(
        word(
            body,
            styles=f"<w:styles {NAMESPACES}>{styles}</w:styles>",
            numbering=numbering(
                f'<w:abstractNum w:abstractNumId="0">{counting}</w:abstractNum>',
                '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>',
            ),
        )
    )
    titles = [heading.title for heading in document.headings]
    assert titles == ["1 Title", "1.1 Title", "1.2 Title", "2 Title"]
