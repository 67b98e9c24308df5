"""Word of 1997 to 2003."""

from pathlib import Path

import pytest

from ingest.errors import UnreadableError
from ingest.parsers.doc import parse
from ingest.sniff import Format
from ingest.worker import ParserWorker

_FLAGS = 10  # in the file's description ([MS-DOC], 2.5.2): its bits tell of a password
_WORD_97 = b"\xec\xa5"
_WORD_95 = b"\xdc\xa5"


@pytest.fixture(scope="module")
def old(fixtures: Path) -> bytes:
    return (fixtures / "legacy_sample.doc").read_bytes()


def test_headings_lists_and_tables_of_the_binary_format(old: bytes):
    document = parse(old)
    assert document.media_type == Format.DOC
    assert [(each.level, each.title) for each in document.headings] == [
        (1, "Swimming in the lake"),
        (1, "Let’s swim!"),
        (2, "Let’s eat"),
    ]
    (table,) = document.tables
    rows = document.text[table.start : table.end].split("\n")
    assert rows[0] == "|  | Food | Calories per portion |"
    assert rows[3] == "| Grain | Corn, Buckwheat, Barley | 200 |"
    assert "- Paddle about\n- Enjoy summer warmth" in document.text
    assert "1. Wear sunglasses\n2. Don’t forget to drink water\n3. Use" in document.text


def test_the_worker_reads_one_by_its_content(tmp_path: Path, old: bytes):
    path = tmp_path / "named.docx"
    path.write_bytes(old)
    with ParserWorker() as worker:
        identity = worker.identify(str(path))
        document, _ = worker.parse(str(path), identity.format)
    assert identity.format is Format.DOC
    assert "cute duckling" in document.text


def test_one_with_a_password_says_so(old: bytes):
    place = old.index(_WORD_97) + _FLAGS
    locked = old[:place] + bytes([old[place], old[place + 1] | 1]) + old[place + 2 :]
    with pytest.raises(UnreadableError, match="opens only with a password"):
        parse(locked)


def test_one_of_word_95_says_so_and_what_to_do(old: bytes):
    reason = r"^written by Word 6 or 95: save it as \.docx in Word or LibreOffice$"
    with pytest.raises(UnreadableError, match=reason):
        parse(old.replace(_WORD_97, _WORD_95, 1))


@pytest.mark.parametrize("damage", ["half", "header"])
def test_what_cannot_be_read_says_what_to_do(old: bytes, damage: str):
    damaged = {
        "half": old[: len(old) // 2],
        "header": old[:100],
    }
    with pytest.raises(UnreadableError, match=r"save it as \.docx in Word or LibreOffice"):
        parse(damaged[damage])
