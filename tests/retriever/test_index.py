"""What an index does, on every engine."""

from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import numpy as np
import pytest

from retriever import Filter, document_id, export_index, import_index
from retriever.errors import EncoderMismatchError, InvalidVectorError, RetrieverError
from tests.retriever.conftest import about, step

pytestmark = pytest.mark.filterwarnings(
    "ignore:Payload indexes have no effect:UserWarning",
)


def test_a_stored_chunk_is_found_as_it_was(index, document, vector):
    stored = document("/docs/a.txt", ["rain in spain", "snow in norway"])
    index.replace_document(stored.chunks, stored.vectors)
    hits = index.search(vector("snow in norway"), 2)
    assert [hit.chunk for hit in hits] == stored.chunks[::-1]
    assert hits[0].score == about(index, 1)
    assert hits[1].score < hits[0].score


def test_replacing_leaves_nothing_of_the_former_version(index, document, vector):
    other = document("/docs/b.txt", ["kept"])
    former = document("/docs/a.txt", ["one", "two", "three"])
    latter = document("/docs/a.txt", ["four", "two"], version="v2")
    for stored in (other, former, latter):
        index.replace_document(stored.chunks, stored.vectors)
    assert index.chunks(latter.id) == latter.chunks
    assert {hit.chunk.text for hit in index.search(vector("one"), 10)} == {"four", "two", "kept"}
    assert index.info().chunks == 3


def test_documents_are_listed_by_source_with_what_the_file_was(index, document):
    for source, texts in (("/docs/b.md", ["x"]), ("/docs/a.md", ["x", "y"])):
        stored = document(source, texts, media_type="text/markdown")
        index.replace_document(stored.chunks, stored.vectors)
    first, second = index.documents()
    assert (first.source, first.chunks, first.complete) == ("/docs/a.md", 2, True)
    assert (second.source, second.chunks, second.complete) == ("/docs/b.md", 1, True)
    chunk = stored.chunks[0]
    assert (first.document_id, first.title) == (chunk.document_id, chunk.title)
    assert (first.version, first.modified_ns, first.size) == ("v1", chunk.modified_ns, chunk.size)
    assert first.media_type == "text/markdown"
    assert index.info().documents == 2


def test_an_empty_index_has_nothing(index, vector):
    assert index.documents() == []
    assert index.search(vector("x"), 3) == []
    assert index.chunks(document_id("/x")) == []
    assert index.vectors(document_id("/x")).shape == (0, index.encoder.dimension)
    assert (index.info().documents, index.info().chunks) == (0, 0)


def test_several_documents_are_replaced_at_once(index, document):
    former = [document(f"/docs/{name}.txt", [f"{name} 1", f"{name} 2"]) for name in "abc"]
    index.replace_documents([(each.chunks, each.vectors) for each in former])
    latter = [document(f"/docs/{name}.txt", [f"{name} 3"], version="v2") for name in "ab"]
    index.replace_documents([(each.chunks, each.vectors) for each in latter])
    index.replace_documents([])
    for stored in (*latter, former[2]):
        assert index.chunks(stored.id) == stored.chunks
    assert index.info().chunks == 4


def test_the_present_documents_are_told_whatever_encoder_made_them(place, document):
    assert place.present() == []
    stored = document("/docs/a.txt", ["one", "two"])
    with place.open() as index:
        index.replace_document(stored.chunks, stored.vectors)
        records = index.documents()
    assert place.present() == records
    place.open().close()


def test_deleting_removes_documents_and_only_those(index, document):
    stored = [document(f"/docs/{name}.txt", ["x", "y"]) for name in "abc"]
    for each in stored:
        index.replace_document(each.chunks, each.vectors)
    index.delete_documents([stored[0].id, stored[2].id, document_id("/unknown")])
    index.delete_documents([])
    assert [record.source for record in index.documents()] == ["/docs/b.txt"]
    assert index.info().chunks == 2


def test_stored_vectors_serve_a_moved_file(index, document, vector):
    here = document("/docs/here.txt", [f"text {n}" for n in range(150)])
    index.replace_document(here.chunks, here.vectors)
    there = document("/docs/there.txt", [f"text {n}" for n in range(150)])
    index.replace_document(there.chunks, index.vectors(here.id))
    np.testing.assert_allclose(index.vectors(there.id), here.vectors, atol=step(index))
    hit = index.search(vector("text 97"), 1, Filter(source="/docs/there.txt"))[0]
    assert hit.chunk == there.chunks[97]


def test_what_was_written_is_there_after_opening_again(place, document):
    stored = document("/docs/a.txt", ["one", "two"])
    with place.open() as index:
        index.replace_document(stored.chunks, stored.vectors)
    with place.open() as index:
        assert index.chunks(stored.id) == stored.chunks


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused_and_nothing_changes(index, document, bad):
    stored = document("/docs/a.txt", ["one", "two"])
    index.replace_document(stored.chunks, stored.vectors)
    broken = stored.vectors.copy()
    broken[1, 3] = bad
    with pytest.raises(InvalidVectorError, match=r"not finite for /docs/a\.txt"):
        index.replace_document(stored.chunks, broken)
    with pytest.raises(InvalidVectorError, match="not finite for the query"):
        index.search(broken[1], 1)
    np.testing.assert_allclose(index.vectors(stored.id), stored.vectors, atol=step(index))


def test_a_wrong_width_is_refused_with_both_shapes(index, document):
    stored = document("/docs/a.txt", ["one", "two"])
    with pytest.raises(InvalidVectorError, match=r"shape \[2, 8\].*got \[2, 7\]"):
        index.replace_document(stored.chunks, stored.vectors[:, :7])
    with pytest.raises(InvalidVectorError, match=r"shape \[2, 8\].*got \[1, 8\]"):
        index.replace_document(stored.chunks, stored.vectors[:1])
    with pytest.raises(InvalidVectorError, match=r"shape \[8\].*got \[7\]"):
        index.search(stored.vectors[0, :7], 1)
    assert index.documents() == []


def test_chunks_of_two_documents_or_with_gaps_are_refused(index, document):
    one, two = document("/docs/a.txt", ["one"]), document("/docs/b.txt", ["one", "two"])
    with pytest.raises(ValueError, match=r"chunk 1 of /docs/a\.txt.*chunk 1 of /docs/b\.txt"):
        index.replace_document([*one.chunks, two.chunks[1]], two.vectors)
    with pytest.raises(ValueError, match="chunk 0"):
        index.replace_document(two.chunks[1:], two.vectors[1:])
    with pytest.raises(ValueError, match="delete_documents"):
        index.replace_document([], two.vectors[:0])
    with pytest.raises(ValueError, match="at least 1"):
        index.search(two.vectors[0], 0)


def test_a_document_left_half_written_is_not_complete(index, document):
    """A writer that was killed between writing the new points and dropping the old ones."""
    former = document("/docs/a.txt", ["one", "two"])
    latter = document("/docs/a.txt", ["three", "four", "five"], version="v2")
    other = document("/docs/b.txt", ["six"])
    for stored in (former, other):
        index.replace_document(stored.chunks, stored.vectors)
    nowhere = {"metadata.document_id": "none"}
    engine = index._engine  # the only way to stop half-way
    for written in (1, 3):
        engine.replace(_points(latter)[-written:], nowhere)
        assert [record.complete for record in index.documents()] == [False, True]
    index.replace_document(latter.chunks, latter.vectors)
    assert [record.complete for record in index.documents()] == [True, True]
    assert index.chunks(latter.id) == latter.chunks


def test_another_encoder_is_refused_with_both_names_and_the_way_out(place):
    place.open().close()
    with pytest.raises(EncoderMismatchError) as caught:
        place.open(label="other@2")
    for part in ("model@1", "other@2", "python -m ingest FOLDER --rebuild"):
        assert part in str(caught.value)
    with pytest.raises(EncoderMismatchError):
        place.open(dimension=9)
    place.open().close()


def test_the_same_encoder_under_another_name_is_let_in(place):
    place.open(label="downloads/model@1").close()
    place.open(label="elsewhere/model@1").close()


def test_a_rebuild_replaces_the_index_in_one_step_and_can_be_undone(place, document):
    former, latter = document("/docs/a.txt", ["one"]), document("/docs/b.txt", ["two"])
    with place.open() as index:
        index.replace_document(former.chunks, former.vectors)
    with place.rebuild(label="other@2", dimension=4) as index:
        assert index.documents() == []
        index.replace_document(latter.chunks, latter.vectors[:, :4])
    with place.open("other@2", 4) as index:
        assert index.chunks(latter.id) == latter.chunks
        assert index.info().chunks == 1
    place.rollback()
    with place.open() as index:
        assert index.chunks(former.id) == former.chunks
    place.rollback()
    place.open("other@2", 4).close()


def test_a_rebuild_that_fails_changes_nothing(place, document):
    stored = document("/docs/a.txt", ["one"])
    with place.open() as index:
        index.replace_document(stored.chunks, stored.vectors)

    def stopped() -> None:
        with place.rebuild("other@2") as index:
            index.replace_document(stored.chunks, stored.vectors)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    with place.open() as index:
        assert index.chunks(stored.id) == stored.chunks
    with pytest.raises(RetrieverError, match="nothing to go back to"):
        place.rollback()


def test_the_first_build_may_be_a_rebuild(place, document):
    stored = document("/docs/a.txt", ["one"])
    with place.rebuild() as index:
        index.replace_document(stored.chunks, stored.vectors)
    with place.open() as index:
        assert index.chunks(stored.id) == stored.chunks


def test_closing_the_index_of_a_rebuild_early_is_no_harm(place, document):
    stored = document("/docs/a.txt", ["one"])
    with place.rebuild() as index, index:
        index.replace_document(stored.chunks, stored.vectors)
    with place.open() as index:
        assert index.chunks(stored.id) == stored.chunks


def test_compacting_changes_no_answer(index, document, vector):
    for name in "abc":
        stored = document(f"/docs/{name}.txt", [f"{name} {n}" for n in range(5)])
        index.replace_document(stored.chunks, stored.vectors)
    index.delete_documents([document_id("/docs/b.txt")])
    before = index.search(vector("query"), 20)
    index.compact()
    after = index.search(vector("query"), 20)
    assert [hit.chunk for hit in after] == [hit.chunk for hit in before]
    assert [hit.score for hit in after] == pytest.approx([hit.score for hit in before], abs=1e-6)
    index.replace_document(stored.chunks, stored.vectors)
    assert index.info().chunks == 10


def test_what_was_measured_is_there_after_opening_again(place, document):
    stored = document("/docs/a.txt", ["one"])
    with place.open() as index:
        assert index.measured("gate") is None
        index.note("gate", 0.4)
        index.replace_document(stored.chunks, stored.vectors)
        index.note("other", 2.0)
    with place.open() as index:
        assert (index.measured("gate"), index.measured("other")) == (0.4, 2.0)
        index.compact()
        assert index.measured("gate") == 0.4
    with place.rebuild() as index:
        assert index.measured("gate") is None


def test_what_cannot_be_kept_is_known_until_the_index_is_closed(place, monkeypatch, caplog):
    with place.open() as index:
        monkeypatch.setattr(index._engine, "note", Mock(side_effect=RetrieverError("disk is full")))
        index.note("gate", 0.4)
        assert index.measured("gate") == 0.4
    assert "disk is full" in caplog.text


def test_an_export_reads_back_to_the_same_index(place, document, vector, tmp_path):
    file = tmp_path / "export.jsonl"
    with place.open() as index:
        for name in "ab":
            stored = document(f"/docs/{name}.txt", [f"{name} {n}\u2028" for n in range(3)])
            index.replace_document(stored.chunks, stored.vectors)
        before = index.search(vector("query"), 10)
        assert export_index(index, file) == 6
    with place.rebuild() as index:
        assert import_index(index, file) == 6
        after = index.search(vector("query"), 10)
    assert [hit.chunk for hit in after] == [hit.chunk for hit in before]
    assert [hit.score for hit in after] == pytest.approx([hit.score for hit in before], abs=1e-6)
    with place.rebuild("other@2") as index, pytest.raises(EncoderMismatchError):
        import_index(index, file)


def test_an_export_leaves_out_half_documents(index, document, tmp_path):
    whole, half = document("/docs/a.txt", ["one"]), document("/docs/b.txt", ["two", "three"])
    index.replace_document(whole.chunks, whole.vectors)
    index._engine.replace(_points(half)[:1], {"metadata.document_id": "none"})
    assert export_index(index, tmp_path / "export.jsonl") == 1


def test_eight_threads_read_and_write_at_once(index, document, vector):
    def work(thread: int) -> None:
        for n in range(4):
            mine = document(f"/docs/{thread}.txt", [f"{thread} {n} {i}" for i in range(3)])
            index.replace_document(mine.chunks, mine.vectors)
            assert index.chunks(mine.id) == mine.chunks
            assert index.search(vector(f"{thread} {n} 1"), 1)[0].chunk == mine.chunks[1]
            index.documents()
            if thread == 7:
                index.delete_documents([mine.id])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert [record.complete for record in index.documents()] == [True] * 7
    assert index.info().chunks == 21


def _points(stored):
    from retriever.engine import Point

    payloads = [chunk.to_payload(chunks=len(stored.chunks)) for chunk in stored.chunks]
    rows = zip(stored.chunks, payloads, stored.vectors.tolist(), strict=True)
    return [Point(chunk.id, payload, vector) for chunk, payload, vector in rows]
