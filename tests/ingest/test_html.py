import pytest

from ingest.errors import NoTextError, UnreadableError
from ingest.parsers.html import parse


def text(body: str) -> str:
    return parse(f"<body>{body}</body>".encode()).text


def test_headings_lists_tables_and_code_in_order():
    document = parse(
        b"<html lang=en><head><title> My \n page </title></head><body><h1>One</h1><p>Some\n text "
        b"with <b>bold</b> words.<br>New line.</p><ul><li>first</li><li><p>second</p></li></ul>"
        b"<table><tr><th>Year</th><th>Cost</th></tr><tr><td>2025</td><td><p>40</p></td></tr></table>"
        b"<h2>Two<a href='#two'>\xc2\xb6</a></h2><pre>  x = 1\n    y = 2</pre>tail</body></html>"
    )
    assert document.text == (
        "One\n\nSome text with bold words.\nNew line.\n\n- first\n- second\n\n"
        "| Year | Cost |\n| 2025 | 40 |\n\nTwo\n\n  x = 1\n    y = 2\n\ntail"
    )
    assert [(h.level, document.text[h.start : h.end]) for h in document.headings] == [
        (1, "One"),
        (2, "Two"),
    ]
    assert (document.title, document.language) == ("My page", "en")


def test_what_a_reader_does_not_see_is_left_out():
    assert text(
        "<script>var a</script><style>b{}</style><nav>menu</nav><p hidden>h</p>"
        "<p style='color:red; display: none'>no</p><p aria-hidden=true>x</p>"
        "<div role=search>s</div>"
        "<!-- comment --><p>seen</p><noscript>n</noscript>"
    ) == "seen"  # fmt: skip


def test_the_main_part_is_taken_where_it_is_marked():
    assert text("<div>Login</div><main><p>Long enough content of the page.</p></main>") == (
        "Long enough content of the page."
    )
    page = "<p>Opening hours: nine to six.</p><article>News: new roses came.</article>"
    assert text(page) == "Opening hours: nine to six.\n\nNews: new roses came."


def test_what_is_left_out_beside_the_main_part_is_said():
    document = parse(f"<main>{'The page says this. ' * 5}</main><p>{'Beside. ' * 4}</p>".encode())

    assert "Beside" not in document.text
    assert document.notes == ("31 characters beside the page's main part were left out",)


def test_sections_and_the_title_beside_the_main_part_are_the_pages_own():
    page = (
        "<header><h1>Choir</h1><p>Menu of the site</p></header><main><p>We sing on Mondays in the "
        "hall of the school.</p></main><section><h2>Fees</h2><p>Seven euros.</p></section>"
        "<section hidden>Old fees: five.</section><footer><section>Imprint</section></footer>"
    )
    text = parse(page.encode()).text
    assert text == "Choir\n\nWe sing on Mondays in the hall of the school.\n\nFees\n\nSeven euros."


def test_a_main_part_that_holds_next_to_nothing_is_a_mistake():
    assert "The text" in text("<main>Hi</main><p>The text is outside of what is marked.</p>")


def test_tables_for_layout_are_read_as_blocks():
    assert text("<table><tr><td><h1>Title</h1><p>Text.</p></td></tr></table>") == "Title\n\nText."


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ('<meta charset="iso-8859-1">', "cp1252"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">', "cp1251"),
        ('<meta charset="nonsense">', "utf-8"),
        ('<meta charset="hex">', "utf-8"),
        ('<meta charset="utf-8">', "cp1252"),
        ("", "utf-16"),
    ],
)
def test_declared_encodings(declaration: str, encoding: str):
    word = "Привет" if encoding == "cp1251" else "Zürich"
    page = f"<html><head>{declaration}</head><body><p>{word}</p></body></html>"
    assert parse(page.encode(encoding)).text == word


def test_a_korean_manual_page(fixtures):
    document = parse((fixtures / "korean_euc_kr.html").read_bytes())
    assert document.language == "ko"
    assert "효율적으로 웹서버를 관리하려면" in document.text
    assert "접근 로그 (Access Log)" in [heading.title for heading in document.headings]


def test_2000_nested_elements_are_read():
    assert "teal" in text("<div>" * 2_000 + "The badge is teal." + "</div>" * 2_000)


def test_a_page_of_which_the_end_would_be_lost_is_refused():
    with pytest.raises(UnreadableError, match="nested too deeply"):
        text("<p>Start</p>" + "<div>" * 50_000 + "The badge is teal.")


def test_broken_markup_is_read():
    assert text("<p>One<p>Two <b>three<table><tr><td>4<td>5").split() == [
        "One",
        "Two",
        "three",
        "|",
        "4",
        "|",
        "5",
        "|",
    ]


@pytest.mark.parametrize("page", [b"<html><body><script>x</script></body></html>", b"<!-- -->"])
def test_nothing_visible_is_no_text(page: bytes):
    with pytest.raises(NoTextError):
        parse(page)


def test_the_title_in_a_header_full_of_links_is_a_heading():
    links = "".join(
        f"<a href=/{language}>{language} version</a> " for language in ("de", "fr", "it")
    )
    page = f"<main><header><h1>Duck</h1>{links}</header><p>A duck is a bird.</p></main>"
    document = parse(f"<body>{page}</body>".encode())
    assert document.text == "Duck\n\nA duck is a bird."
    assert [heading.title for heading in document.headings] == ["Duck"]
