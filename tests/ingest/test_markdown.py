import pytest

from ingest.errors import NoTextError
from ingest.parsers.markdown import parse


def test_headings_have_exact_spans_and_plain_titles():
    source = (
        "# The *big* `code` [guide](x.html) {#id}\n\nText.\n\nUnderlined\n----------\n\n"
        "```\n# no heading\n```\n\n### Deep ###\n\n- # in a list\n\n#\n"
    )
    document = parse(source.encode())
    found = [(h.level, h.title, document.text[h.start : h.end]) for h in document.headings]
    assert found == [
        (1, "The big code guide", "# The *big* `code` [guide](x.html) {#id}"),
        (2, "Underlined", "Underlined\n----------"),
        (3, "Deep", "### Deep ###"),
    ]
    assert document.title == "The big code guide"


def test_front_matter_gives_title_and_language_and_goes():
    document = parse("---\ntitle: '컨테이너'\nlang: ko\ntags: [a]\n---\n\n## 개념\n".encode())
    assert (document.title, document.language) == ("컨테이너", "ko")
    assert document.text == "## 개념"


@pytest.mark.parametrize(
    "block", ['title: "open\ntags: [a, b\n', "- a list\n", "date: 2024-13-45\n", "title: 3\n", ""]
)
def test_front_matter_that_gives_no_title_goes_too(block: str):
    document = parse(f"---\n{block}---\n# Heading\nBody.\n".encode())
    assert document.text == "# Heading\nBody."
    assert document.title == "Heading"


def test_only_front_matter_is_no_text():
    with pytest.raises(NoTextError):
        parse(b"---\ntitle: nothing else\n---\n")


def test_html_inside_becomes_its_text():
    document = parse(
        b"Before <b>it</b>.\n\n<table>\n<tr><th>Level</th><td>2</td></tr>\n</table>\n\n"
        b"<!-- hidden -->\n\n<a name='x'></a>\n\n## <a id='y'></a>After\n"
    )
    assert document.text == "Before <b>it</b>.\n\n| Level | 2 |\n\n## After"
    assert document.headings[0].title == "After"


def test_pictures_in_the_text_go():
    document = parse(b"See ![logo](data:image/png;base64," + b"iVBORw0KGgo" * 999 + b") here.")
    assert document.text == "See ![logo]() here."
