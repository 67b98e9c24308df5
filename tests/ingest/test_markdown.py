import time
from contextlib import suppress

import pytest

from ingest.errors import NoTextError
from ingest.parsers.markdown import parse


def test_headings_have_exact_spans_and_plain_titles():
    source = (
        "# The *big* `code` [guide](x.html) {#id}\n\nText.\n\nUnderlined\n----------\n\n"
        "```\n# no heading\n```\n\n### Deep ###\n\n#\n"
    )
    document = parse(source.encode())
    found = [(h.level, h.title, document.text[h.start : h.end]) for h in document.headings]
    assert found == [
        (1, "The big code guide", "The big code guide"),
        (2, "Underlined", "Underlined"),
        (3, "Deep", "Deep"),
    ]
    assert document.title == "The big code guide"


def test_front_matter_gives_title_language_and_what_people_ask_for():
    document = parse(
        "---\ntitle: '컨테이너'\nlang: ko\nauthor: Ilse Brandt\ndate: 2023-09-14\ntags: [a, b]\n"
        "layout: post\n---\n\n## 개념\n".encode()
    )
    assert (document.title, document.language) == ("컨테이너", "ko")
    assert document.text == "author: Ilse Brandt\ndate: 2023-09-14\ntags: a, b\n\n개념"
    (heading,) = document.headings
    assert document.text[heading.start : heading.end] == "개념"


@pytest.mark.parametrize("block", ["title:\n", "title: null\n", ""])
def test_front_matter_that_gives_no_title_goes_too(block: str):
    document = parse(f"---\n{block}---\n# Heading\nBody.\n".encode())
    assert document.text == "Heading\n\nBody."
    assert document.title == "Heading"


@pytest.mark.parametrize("block", ['title: "open\ntags: [a, b', "date: 2024-13-45"])
def test_front_matter_that_is_no_yaml_is_kept_as_text(block: str):
    document = parse(f"---\n{block}\n---\n# Heading\nBody.\n".encode())
    assert " ".join(block.split()) in " ".join(document.text.split())
    assert document.text.endswith("\n\nHeading\n\nBody.")
    assert [heading.title for heading in document.headings] == ["Heading"]


def test_text_between_two_rules_is_no_front_matter():
    source = "---\n- a list\n---\n# Heading\nBody."
    assert parse(source.encode()).text == "- a list\n\nHeading\n\nBody."


def test_only_targets_that_hold_data_go():
    source = (
        "The results (data: survey, n = 2) show. ![a](data:image/png;base64,iVBOR=) `](data:x)`\n\n"
        "```\ndef parse(data: bytes): ...\n```\n\n[c1]: <data:image/png;base64,iVBOR=>\n\nEnd"
    )
    assert parse(source.encode()).text == (
        "The results (data: survey, n = 2) show. a ](data:x)\n\ndef parse(data: bytes): ...\n\nEnd"
    )


def test_code_is_left_alone_and_comments_go():
    source = (
        "Text <!-- note --> goes on. `<!-- kept -->`\n\n<!--\nsecret\n-->\n\n"
        "```html\n<a id='x'></a>\n<!-- kept -->\n```\n\n<your-key>\n\n"
        "<Tabs>\n<TabItem value='l'>\n```bash\nls\n    -l\n```\n</TabItem>\n</Tabs>"
    )
    assert parse(source.encode()).text == (
        "Text goes on. <!-- kept -->\n\n<a id='x'></a>\n<!-- kept -->\n\n<your-key>\n\nls\n    -l"
    )


def test_exponents_in_tags_are_marked():
    assert parse(b"10<sup>6</sup> litres of H<sub>2</sub>O").text == "10^6 litres of H₂O"


def test_tables_are_known_with_their_header():
    document = parse(b"# T\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nAfter.\n")
    (table,) = document.tables
    assert document.text[table.start : table.header_end] == "| a | b |"
    assert document.text[table.header_end : table.end] == "\n| 1 | 2 |"


def test_only_front_matter_is_no_text():
    with pytest.raises(NoTextError):
        parse(b"---\ntitle: nothing else\n---\n")


def test_html_inside_becomes_its_text():
    document = parse(
        b"Before <b>it</b>.\n\n<table>\n<tr><th>Level</th><td>2</td></tr>\n</table>\n\n"
        b"<!-- hidden -->\n\n<a name='x'></a>\n\n## <a id='y'></a>After\n"
    )
    assert document.text == "Before it.\n\n| Level | 2 |\n\nAfter"
    assert document.headings[0].title == "After"


def test_pictures_in_the_text_go():
    document = parse(b"See ![logo](data:image/png;base64," + b"iVBORw0KGgo" * 999 + b") here.")
    assert document.text == "See logo here."


def test_what_a_reader_does_not_see_of_links_emphasis_and_components_goes():
    document = parse(
        b"## Usage {/*usage*/}\n\nCall **it** with `<your-key>` or <token>, see\n"
        b"[the guide](https://example.org/(b)) &mdash; <Icon name='x'/> and __all__ of [[2]](#two)."
        b"\n\n```jsx\n{/* kept */}\n```\n\n7. seven\n8. eight\n   - inner\n"
    )
    assert document.text == (
        "Usage\n\nCall it with <your-key> or <token>, see the guide — and all of [2]."
        "\n\n{/* kept */}\n\n7. seven\n8. eight\n  - inner"
    )


@pytest.mark.parametrize(
    "unit",
    [
        "> ",
        "- ",
        "[",
        "*a ",
        "<a ",
        "{/*",
        "`",
        "![a](",
        "%% ",
        "-- --\n\n",
        "-- --- ---\n",
        "------\n\n",
        "!!! a\n    ",
    ],
)
def test_reading_takes_linear_time(unit: str):
    def seconds(repeats: int) -> float:
        started = time.perf_counter()
        with suppress(NoTextError):
            parse((unit * repeats).encode())
        return time.perf_counter() - started

    seconds(100)
    small, large = (min(seconds(count) for _ in range(3)) for count in (5_000, 20_000))
    assert large < 8 * max(small, 0.005), "four times as much took more than twice as long a piece"


def test_a_sign_in_an_attribute_of_a_component_does_not_hide_what_it_holds():
    source = '<Steps when="a > b">\nFirst this.\n</Steps>\n\nThen that.'
    assert parse(source.encode()).text == "First this.\n\nThen that."


def test_components_show_their_titles_and_what_they_hold_as_it_is_written():
    source = (
        "import Tabs from '@theme/Tabs';\nimport Tab from \"x\";\n\n"
        '<Tabs>\n  <Tab title="Linux" id="l">\n    ```sh\n    ls\n      -l\n    ```\n  </Tab>\n'
        "  <Tab label='Mac'>\n    Go.\n  </Tab>\n</Tabs>\n"
    )
    assert parse(source.encode()).text == "Linux\n\nls\n  -l\n\nMac\n\nGo."


def test_all_of_a_front_matter_is_told_but_how_the_page_is_shown():
    source = (
        "---\ntitle: Lease\nowner: Ms Vogt\nauthors:\n  - name: Ada\n  - Ben\ndraft: true\n"
        "layout: wide\nsidebar_position: 3\nvalid_until: 2025-01-31\n---\n\nBody\n"
    )
    assert parse(source.encode()).text == (
        "owner: Ms Vogt\nauthors: name: Ada, Ben\nvalid_until: 2025-01-31\n\nBody"
    )


def test_values_of_a_front_matter_stay_as_they_are_written():
    yaml = "version: 1.10\nphone: 0421\nopens: 12:30\nvegan: yes\nfinal: true\naliases: [Dr. H]\n"
    assert parse(f"\n---\n{yaml}---\nBody".encode()).text == (
        "version: 1.10\nphone: 0421\nopens: 12:30\nvegan: yes\naliases: Dr. H\n\nBody"
    )
    assert parse(b"+++\nversion = 1.10\naliases = ['/old/']\n+++\nBody").text == (
        "version: 1.10\n\nBody"
    )


def test_a_front_matter_of_toml_is_one():
    document = parse(b'+++\ntitle = "Cake"\nauthor = "Ilse"\ndate = 2023-09-14\n+++\n\nBody\n')
    assert document.title == "Cake"
    assert document.text == "author: Ilse\ndate: 2023-09-14\n\nBody"


def test_bytes_of_a_picture_in_a_sentence_are_left_out_and_not_in_code():
    picture = f"data:image/png;base64,{'iVBORw0K' * 8}"
    assert parse(f"See {picture} here.".encode()).text == "See here."
    assert parse(f"```\n{picture}\n```".encode()).text == picture


def test_footnotes_of_one_word_are_no_addresses_of_links():
    source = (
        "Pumps run.[^1] They stop.[^b]\n\n[^1]: Ibid.\n[^b]: See below,\n    at the end.\n# Next\n"
        "[link] stays[^c].\n[^c]: Here\n\n[link]: http://a.b\n"
    )
    document = parse(source.encode())
    assert document.text == (
        "Pumps run.[^1] They stop.[^b]\n\n[^1]: Ibid.\n\n[^b]: See below, at the end.\n\nNext\n\n"
        "link stays[^c].\n\n[^c]: Here"
    )
    assert [heading.title for heading in document.headings] == ["Next"]
    assert parse(b"```\n[^1]: code\n```").text == "[^1]: code"


@pytest.mark.parametrize(
    ("source", "read"),
    [
        (":::tip Mind this\nUse **it**.\n:::\nNext", "Tip: Mind this\n\nUse it.\n\nNext"),
        (":::note[Mind]\n\n- a\n\n:::", "Note: Mind\n\n- a"),
        ("::: {.callout-note}\nBody\n:::", "Body"),
        ('!!! note "Mind"\n    Dry.\n\n    - a\n\nNext', "Note: Mind\n\nDry.\n\n- a\n\nNext"),
        ("Text\n??? warning\n    Hot.", "Text\n\nWarning\n\nHot."),
        ('=== "Linux"\n\n    ```\n    ls\n      -l\n    ```', "Linux\n\nls\n  -l"),
        ('=== "A"\n\n    | a | b |\n    |---|---|\n    | 1 | 2 |', "A\n\n| a | b |\n| 1 | 2 |"),
        ("Seen %%not\nseen%% again. 5%%6 %% x", "Seen again. 5%%6 %% x"),
        ("`%%a` and `%%b`", "%%a and %%b"),
        ("Text\n{: .big }", "Text"),
        ("```\n:::tip\n!!! note\n{: .a}\n```", ":::tip\n!!! note\n{: .a}"),
        ("Wow!!! What\n\n!!! Really so?", "Wow!!! What\n\n!!! Really so?"),
    ],
)
def test_boxes_tabs_and_comments_of_other_kinds_of_markdown(source: str, read: str):
    assert parse(source.encode()).text == read


SIMPLE = "  Name     Price\n  ------ -------\n  *Hub*       66\n  Cable       12\n\nAfter"
MULTILINE = """\
-------------------------
 Name      Price in
           euros
--------- ---------------
 Hub       66
           net

 Cable     12
-------------------------
"""
HEADERLESS = "------ ----\nHub      66\nCable    12\n------ ----\n"
GRID = """\
+-------+---------------+
| Name  | Price         |
+=======+:=====:+=======+
| *Hub* | 66            |
| II    |               |
+-------+-------+-------+
| Cable | 12    | 13    |
+-------+-------+-------+
"""


@pytest.mark.parametrize(
    ("source", "read", "header"),
    [
        (SIMPLE, "| Name | Price |\n| Hub | 66 |\n| Cable | 12 |\n\nAfter", "| Name | Price |"),
        (
            MULTILINE,
            "| Name | Price in euros |\n| Hub | 66 net |\n| Cable | 12 |",
            "| Name | Price in euros |",
        ),
        (HEADERLESS, "| Hub | 66 |\n| Cable | 12 |", ""),
        (
            GRID,
            "| Name | Price | Price |\n| Hub II | 66 | 66 |\n| Cable | 12 | 13 |",
            "| Name | Price | Price |",
        ),
    ],
)
def test_tables_that_pandoc_draws(source: str, read: str, header: str):
    document = parse(source.encode())
    (table,) = document.tables
    assert (document.text, document.text[table.start : table.header_end]) == (read, header)


@pytest.mark.parametrize("source", ["a\n\n--- ---\n\nb", "------\n\nb\n\n------\n", "+---+\nb"])
def test_lines_of_dashes_that_draw_no_table(source: str):
    assert not parse(source.encode()).tables
