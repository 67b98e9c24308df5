import pytest

from ingest.errors import NoTextError, UnreadableError
from ingest.parsers.text import parse

FRENCH = "La réunion générale aura lieu à Genève le 3 août; coût: 40 £.\n"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("naïve 文".encode(), "naïve 文"),
        ("naïve 文".encode("utf-8-sig"), "naïve 文"),
        ("naïve 文".encode("utf-16"), "naïve 文"),
        (b"\xfe\xff" + "naïve 文".encode("utf-16-be"), "naïve 文"),
        ("naïve 文".encode("utf-32"), "naïve 文"),
        ((FRENCH * 5).encode("latin-1"), (FRENCH * 5).strip()),
        ("Привет, как дела?".encode("cp1251"), "Привет, как дела?"),
        ("これは日本語のテキストです。".encode("cp932"), "これは日本語のテキストです。"),
        ("“Smart quotes” — price € 12.".encode("cp1252"), "“Smart quotes” — price € 12."),
        ("Überall ünd äußerst ".encode() + b"\xff" + b" here", "Überall ünd äußerst \ufffd here"),
        (b"Before.\x00\x00\x00\x00After: MARLIN.", "Before.After: MARLIN."),
    ],
)
def test_encodings(data: bytes, text: str):
    assert parse(data).text == text


def test_chinese_in_gb18030(fixtures):
    assert "负责人是李雷" in parse((fixtures / "gb18030.txt").read_bytes()).text


@pytest.mark.parametrize("data", [bytes(range(256)) * 4, b"\x00\x01\x02\x03" * 99])
def test_binary_data_is_refused(data: bytes):
    with pytest.raises(UnreadableError, match="binary data, not text"):
        parse(data)


def test_white_space_is_no_text():
    with pytest.raises(NoTextError):
        parse(b" \n\t \xc2\xa0\n")


def test_underlined_titles_are_headings():
    document = parse(
        b"Guide\n=====\n\nText.\n\nFirst part\n----------\n\n====  ====\nA     B\n====  ====\n"
        b"Tall\n---\n\n----\n++++\n\nSecond part\n-----------\n\nOther\n=====\n"
    )
    found = [(h.level, h.title, document.text[h.start : h.end]) for h in document.headings]
    assert found == [
        (1, "Guide", "Guide\n====="),
        (2, "First part", "First part\n----------"),
        (2, "Second part", "Second part\n-----------"),
        (1, "Other", "Other\n====="),
    ]
