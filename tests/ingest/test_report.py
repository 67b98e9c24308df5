import io
import json

import pytest
from rich.console import Console

from ingest.report import Entry, Outcome, Report, printable, shorten


def report(*entries: Entry, interrupted: bool = False) -> Report:
    return Report(
        entries=entries,
        embedded_chunks=12,
        embedded_tokens=2_400,
        seconds=2.0,
        interrupted=interrupted,
    )


def shown(what: Report) -> str:
    stream = io.StringIO()
    Console(file=stream, width=120).print(what)
    return stream.getvalue()


def test_the_table_has_totals_and_reasons():
    text = shown(
        report(
            Entry("/docs/a.md", Outcome.INDEXED, chunks=12),
            Entry("/docs/[b] new\nline.md", Outcome.FAILED, "damaged"),
            Entry("/docs/c.csv", Outcome.SKIPPED, "unsupported type .csv"),
        )
    )
    assert "1 indexed, 1 skipped, 1 failed" in text
    assert "12 chunks, 2,400 tokens embedded in 2.0 s (1,200 tokens/s)" in text
    assert r"/docs/[b] new\nline.md" in text
    assert "damaged" in text
    assert "unsupported type .csv" in text
    assert "/docs/a.md" not in text


def test_what_was_left_out_of_a_file_that_was_read_is_told():
    entries = (
        Entry("/docs/a.xlsx", Outcome.INDEXED, chunks=3, note="the hidden sheet “S” was left out"),
        Entry("/docs/b.md", Outcome.INDEXED, "same content as /docs/c.md", chunks=1),
    )
    text = shown(Report.from_json(report(*entries).to_json()))
    assert "read, with a note (1)" in text
    assert "the hidden sheet “S” was left out" in text
    assert "b.md" not in text


def test_an_interrupted_run_says_so():
    text = shown(report(interrupted=True))
    assert "Interrupted. nothing done" in text


def test_json_holds_every_entry_and_any_name():
    entries = (Entry("/docs/bad-\udcff.md", Outcome.FAILED, "rename"), Entry("/文", Outcome.MOVED))
    text = report(*entries).to_json()
    assert text.isascii()
    content = json.loads(text)
    assert content["totals"]["failed"] == 1
    assert content["files"][0]["path"] == "/docs/bad-\udcff.md"
    assert content["files"][1] == {
        "path": "/文",
        "outcome": "moved",
        "detail": "",
        "chunks": 0,
        "note": "",
    }


@pytest.mark.parametrize(
    ("entry", "interrupted", "code"),
    [
        (Entry("/a", Outcome.SKIPPED), False, 0),
        (Entry("/a", Outcome.FAILED), False, 1),
        (Entry("/a", Outcome.FAILED), True, 130),
    ],
)
def test_exit_codes(entry: Entry, interrupted: bool, code: int):
    assert report(entry, interrupted=interrupted).exit_code == code


def test_names_are_printable():
    assert printable("a\n\x1b[31m\udcff 文📄") == "a\\n\\x1b[31m\\xff 文📄"


def test_long_paths_are_shortened_from_the_left():
    assert shorten("/docs/a.md") == "/docs/a.md"
    short = shorten("/folder" * 20 + "/file.md")
    assert len(short) == 60
    assert short.startswith("…")
    assert short.endswith("/file.md")
