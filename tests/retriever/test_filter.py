"""Filters let through what they say, on every engine, and refuse what nothing could meet."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sniff import Format
from retriever import FILE_TYPES, Filter, document_id
from retriever.errors import FilterError
from retriever.schema import MODIFIED, DocumentRecord

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9


@pytest.fixture
def found(index, document, vector):
    """The chunks that a filter lets through, one letter each, found by either arm."""
    files = (
        ("/docs/a.txt", "text/plain", MIDNIGHT - SECOND),
        ("/docs/sub/b.md", "text/markdown", MIDNIGHT),
        ("/docs/sub/c.txt", "text/plain", MIDNIGHT + SECOND),
        ("/docs-old/d.txt", "text/plain", MIDNIGHT + 2 * SECOND),
    )
    for source, media_type, modified in files:
        texts = [f"{Path(source).stem} pump"]
        when = nanoseconds(modified)
        stored = document(source, texts, media_type=media_type, modified_ns=when, pages=False)
        index.replace_document(stored.chunks, stored.vectors)
    pages = ["w pump", "x pump", "y pump", "z pump"]
    stored = document("/book.pdf", pages, media_type="application/pdf", modified_ns=0)
    index.replace_document(stored.chunks, stored.vectors)

    def letters(**where) -> str:
        results = [
            index.search(vector("query"), 20, Filter(**where), text="pump", mode=mode)
            for mode in ("dense", "lexical", "hybrid")
        ]
        dense, lexical, hybrid = (
            "".join(sorted(h.chunk.text[0] for h in hits)) for hits in results
        )
        assert dense == lexical == hybrid
        return dense

    return letters


def test_a_filter_lets_through_what_meets_all_of_it(found):
    assert found() == "abcdwxyz"
    assert found(source="/docs") == "abc"
    assert found(source="/docs/") == "abc"
    assert found(source="/docs/sub") == "bc"
    assert found(source="/docs/sub/b.md") == "b"
    assert found(source=("/docs/a.txt", "/docs/sub/b.md")) == "ab"
    assert found(source=("/docs/sub/", "/docs/sub/b.md")) == "bc"
    assert found(source="/do") == ""
    assert found(document_id=document_id("/docs-old/d.txt")) == "d"
    assert found(file_type="markdown") == "b"
    assert found(file_type="text/markdown") == "b"
    assert found(file_type="docx") == ""
    assert found(first_page=2, last_page=3) == "xy"
    assert found(last_page=1) == "w"  # what has no pages is on none
    assert found(first_page=4) == "z"
    assert found(first_page=5) == ""
    assert found(modified_after=MIDNIGHT) == "bcd"
    assert found(modified_before=MIDNIGHT) == "awxyz"
    assert found(modified_after=MIDNIGHT, modified_before=MIDNIGHT + SECOND) == "b"
    assert found(source="/docs", file_type="text", modified_after=MIDNIGHT) == "c"
    assert found(file_type="pdf", first_page=3, modified_before=MIDNIGHT) == "yz"
    assert found(source="/docs", first_page=1) == ""


def test_a_moment_means_the_same_in_every_time_zone(found):
    elsewhere = MIDNIGHT.astimezone(timezone(timedelta(hours=-7)))
    assert found(modified_after=elsewhere) == "bcd"


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_are_exact_to_the_microsecond(moment):
    bounds = Filter(modified_after=moment).conditions()[MODIFIED]
    seconds, nanos = divmod(bounds.least, 10**9)
    back = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert back + timedelta(microseconds=nanos // 1000) == moment


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"source": "docs"}, "source is 'docs'; expected an absolute path"),
        ({"source": ""}, "source is ''"),
        ({"source": ()}, "source names no path"),
        ({"source": ("/docs", "a")}, "source is 'a'"),
        ({"document_id": "/docs/a.txt"}, "document_id is '/docs/a.txt'.* give source"),
        ({"file_type": "exe"}, "expected one of code, csv, doc, docx, .*, xml, or a media"),
        ({"first_page": 0}, "first_page is 0; expected a page from 1"),
        ({"last_page": -1}, "last_page is -1"),
        ({"last_page": 10**400}, "expected a page from 1 to 2,147,483,648"),
        ({"first_page": 3, "last_page": 2}, "first_page 3 lies after last_page 2"),
        ({"modified_after": datetime(2026, 1, 1)}, "2026-01-01T00:00:00 without a time zone"),
        (
            {"modified_after": MIDNIGHT, "modified_before": MIDNIGHT},
            "is not before modified_before",
        ),
    ],
)
def test_what_nothing_could_meet_is_refused(values, message):
    with pytest.raises(FilterError, match=message):
        Filter(**values)


def test_every_format_that_is_read_has_a_name():
    assert set(FILE_TYPES.values()) == {each.value for each in Format}


def test_both_engines_index_the_fields_of_filters(stand_in, tmp_path, monkeypatch):
    """A server is asked for the indexes, and a folder has them."""
    import json

    from embedder.encoder import EncoderId
    from retriever import open_index
    from retriever.schema import KEYWORDS, NUMBERS
    from tests.retriever.conftest import StandIn

    asked = {}
    answer = StandIn.answer_points

    def noted(self, name, action, body):
        if action == "index":
            asked[body["field_name"]] = body["field_schema"]
        return answer(self, name, action, body)

    monkeypatch.setattr(StandIn, "answer_points", noted)
    open_index(stand_in.url, EncoderId("model", "1", 8)).close()
    wanted = dict.fromkeys(KEYWORDS, "keyword") | dict.fromkeys(NUMBERS, "integer")
    assert wanted.items() <= asked.items()
    open_index(tmp_path, EncoderId("model", "1", 8)).close()
    (schema,) = tmp_path.glob("generations/*/shard/segments/*/payload_index/config.json")
    assert set(wanted) <= set(json.dumps(json.loads(schema.read_text())).split('"'))


def test_a_document_is_admitted_as_its_chunks_are():
    record = DocumentRecord("id", "/docs/sub/b.md", "", "v", 5_000, 1, "text/markdown", 1, True)
    moment = datetime(1970, 1, 1, 0, 0, 0, 5, tzinfo=UTC)  # 5,000 ns
    admitted = (
        {"source": "/docs"},
        {"source": "/docs/sub/b.md"},
        {"source": ("/docs/sub", "/elsewhere")},
        {"file_type": "markdown"},
        {"modified_after": moment},
        {"modified_before": moment + timedelta(microseconds=1)},
        {"first_page": 3},
    )
    assert all(Filter(**fields).admits(record) for fields in admitted)
    refused = (
        {"source": "/do"},
        {"document_id": document_id("/other")},
        {"file_type": "pdf"},
        {"modified_after": moment + timedelta(microseconds=1)},
        {"modified_before": moment},
    )
    assert not any(Filter(**fields).admits(record) for fields in refused)
