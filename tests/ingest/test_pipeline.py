import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from embedder.encoder import EncoderId
from ingest import Report, ingest
from ingest.embedding_queue import BATCH_CHUNKS
from ingest.errors import InputError
from ingest.pipeline import Progress, Stopped
from ingest.report import Outcome
from retriever import Index, document_id
from retriever.errors import EncoderMismatchError

CONFTEST = Path(__file__).with_name("conftest.py")


def outcomes(report: Report) -> dict[str, str]:
    return {Path(entry.path).name: entry.outcome.value for entry in report.entries}


def detail(report: Report, name: str) -> str:
    return next(entry.detail for entry in report.entries if Path(entry.path).name == name)


def content(index: Index) -> dict[str, list[str]]:
    """What is stored, vectors included, in a form that can be compared."""
    return {
        record.source: [
            f"{chunk.to_payload(chunks=record.chunks)} {np.round(vector, 5).tolist()}"
            for chunk, vector in zip(
                index.chunks(record.document_id), index.vectors(record.document_id), strict=True
            )
        ]
        for record in index.documents()
    }


def age(path: Path) -> None:
    """A rewritten file of the same size has another time, however coarse the clock."""
    os.utime(path, ns=(1, path.stat().st_mtime_ns - 10**9))


@pytest.fixture
def three(folder: Path) -> Path:
    (folder / "duck.md").write_text("# Ducks\n\n## Food\n\nDucks eat grass.\n")
    (folder / "goose.txt").write_text("Geese fly south in autumn.")
    (folder / "page.html").write_text("<title>Swans</title><p>Swans mate for life.</p>")
    return folder


def test_every_file_is_indexed_and_can_be_found(three: Path, model, index: Index):
    report = ingest([three], model, index)
    assert outcomes(report) == dict.fromkeys(["duck.md", "goose.txt", "page.html"], "indexed")
    assert report.exit_code == 0
    assert (report.embedded_chunks, report.embedded_tokens) == (3, 17)
    assert model.titles == ["Ducks > Food", "", "Swans"]
    hit = index.search(model.encode_documents(["Geese fly south in autumn."])[0], 1)[0].chunk
    status = (three / "goose.txt").stat()
    assert (hit.source, hit.title, hit.text) == (
        str(three / "goose.txt"),
        "goose.txt",
        "Geese fly south in autumn.",
    )
    assert (hit.size, hit.modified_ns) == (status.st_size, status.st_mtime_ns)
    duck = index.chunks(document_id(str(three / "duck.md")))[0]
    assert (duck.title, duck.headings, duck.media_type, duck.page) == (
        "Ducks",
        ("Ducks", "Food"),
        "text/markdown",
        None,
    )


def test_pages_of_a_pdf_are_stored(folder: Path, fixtures: Path, model, index: Index):
    path = folder / "outline.pdf"
    path.write_bytes((fixtures / "outline.pdf").read_bytes())
    ingest([path], model, index)
    pages = [chunk.page for chunk in index.chunks(document_id(str(path)))]
    assert pages == sorted(pages)
    assert set(pages) == {1, 2, 3, 4}


def test_a_second_run_embeds_nothing(three: Path, model, index: Index):
    ingest([three], model, index)
    before = content(index)
    model.embedded.clear()
    (three / "goose.txt").touch()  # other time, same bytes
    report = ingest([three], model, index)
    assert set(outcomes(report).values()) == {"unchanged"}
    assert model.embedded == []
    assert content(index) == before


def test_an_edited_file_is_replaced(three: Path, model, index: Index):
    ingest([three], model, index)
    model.embedded.clear()
    (three / "goose.txt").write_text("Geese fly north in spring..")
    report = ingest([three], model, index)
    assert outcomes(report)["goose.txt"] == "replaced"
    assert model.embedded == ["Geese fly north in spring.."]
    stored = index.chunks(document_id(str(three / "goose.txt")))
    assert [chunk.text for chunk in stored] == ["Geese fly north in spring.."]


def test_a_renamed_file_takes_its_vectors_along(three: Path, model, index: Index):
    ingest([three], model, index)
    model.embedded.clear()
    (three / "goose.txt").rename(three / "greylag.txt")
    report = ingest([three], model, index)
    assert outcomes(report) == {
        "duck.md": "unchanged",
        "page.html": "unchanged",
        "greylag.txt": "moved",
    }
    assert detail(report, "greylag.txt") == f"from {three / 'goose.txt'}"
    assert model.embedded == []
    assert [record.title for record in index.documents()] == ["Ducks", "greylag.txt", "Swans"]


def test_after_any_changes_the_index_is_as_a_clean_run_makes_it(
    three: Path, model, index: Index, tmp_path: Path, open_fake_index
):
    (three / "a.txt").write_text("Content A.")
    (three / "b.txt").write_text("Content B.")
    ingest([three], model, index)
    (three / "a.txt").rename(three / "c.txt")  # a and b swap their names
    (three / "b.txt").rename(three / "a.txt")
    (three / "c.txt").rename(three / "b.txt")
    (three / "duck.md").rename(three / "mallard.md")  # moved, and something new in its place
    (three / "duck.md").write_text("# New\n\nSomething else.\n")
    (three / "copy 1.md").write_bytes((three / "mallard.md").read_bytes())
    (three / "twin 1.txt").write_text("Twins that are new.")
    (three / "twin 2.txt").write_text("Twins that are new.")
    (three / "page.html").unlink()
    ingest([three], model, index)
    with open_fake_index(tmp_path / "clean") as clean:
        ingest([three], model, clean)
        assert content(index) == content(clean)


def test_the_same_content_twice_is_embedded_once(folder: Path, model, index: Index):
    for name in ("one.md", "two.md", "three.txt"):
        (folder / name).write_text("The same words.")
    report = ingest([folder], model, index)
    assert len(model.embedded) == 1  # as Markdown and as text they are the same
    assert detail(report, "two.md") == f"same content as {folder / 'one.md'}"
    assert len(index.documents()) == 3


def test_a_passage_that_comes_again_and_again_is_embedded_once(folder: Path, model, index: Index):
    sentence = "The gate opens at seven in the morning and closes at nine in the evening.\n\n"
    (folder / "log.txt").write_text(sentence * 40 + "It rained.")
    report = ingest([folder], model, index, chunk_tokens=16)
    assert report.embedded_chunks == 41
    assert len(model.embedded) == 2
    assert report.embedded_tokens == sum(map(model.count_tokens, model.embedded))
    [record] = index.documents()
    vectors = index.vectors(record.document_id)
    assert len(vectors) == 41
    assert np.array_equal(vectors[0], vectors[39])
    assert not np.array_equal(vectors[0], vectors[40])


def test_twins_that_cannot_be_read_both_fail(folder: Path, model, index: Index):
    for name in ("one.pdf", "two.pdf"):
        (folder / name).write_bytes(b"%PDF-1.7 rubbish")
    report = ingest([folder], model, index)
    assert outcomes(report) == {"one.pdf": "failed", "two.pdf": "failed"}
    assert report.exit_code == 1


def test_what_is_gone_from_a_folder_is_removed_and_nothing_else(
    three: Path, model, index: Index, tmp_path: Path
):
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text("Not in the folder.")
    ingest([three, elsewhere], model, index)
    elsewhere.unlink()
    (three / "page.html").unlink()
    report = ingest([three], model, index)
    assert outcomes(report) == {
        "duck.md": "unchanged",
        "goose.txt": "unchanged",
        "page.html": "removed",
    }
    assert [Path(record.source).name for record in index.documents()] == [
        "duck.md",
        "goose.txt",
        "elsewhere.txt",
    ]


def test_a_file_that_fails_keeps_what_was_indexed(three: Path, model, index: Index):
    ingest([three], model, index)
    before = content(index)
    (three / "goose.txt").write_bytes(bytes(range(256)))
    report = ingest([three], model, index)
    assert outcomes(report)["goose.txt"] == "failed"
    assert detail(report, "goose.txt").endswith("; the index keeps what it had of it")
    assert content(index) == before


def test_a_file_that_holds_nothing_any_more_fails_and_the_index_keeps_it(
    three: Path, model, index: Index
):
    (three / "README").write_text("Read this.")
    ingest([three], model, index)
    before = content(index)
    (three / "goose.txt").write_text("")
    (three / "duck.md").write_text(" \n")
    (three / "page.html").write_bytes(b"\x89PNG\r\n\x1a\n")
    (three / "README").write_bytes(b"\x7fELF")
    report = ingest([three], model, index)
    assert {entry.outcome for entry in report.entries} == {Outcome.FAILED}
    kept = "; the index keeps what it had of it"
    assert detail(report, "goose.txt") == f"empty file{kept}"
    assert detail(report, "duck.md") == f"no text{kept}"
    assert detail(report, "page.html") == f"named .html but holds a PNG image{kept}"
    assert detail(report, "README").startswith("unsupported type: a program")
    assert detail(report, "README").endswith(kept)
    assert report.exit_code == 1
    assert content(index) == before


def test_a_large_index_is_compacted_after_it_has_changed(
    three: Path, model, index: Index, tmp_path: Path, monkeypatch
):
    def generation() -> str:
        return next((tmp_path / "index" / "generations").iterdir()).name

    monkeypatch.setattr("retriever.index.GRAPH_LIMIT", 3)
    first = generation()
    ingest([three], model, index)  # not more than three chunks
    assert generation() == first
    (three / "swan.txt").write_text("Swans are white.")
    ingest([three], model, index)
    second = generation()
    assert second != first
    assert ingest([three], model, index).count(Outcome.UNCHANGED) == 4
    assert generation() == second
    assert len(index.documents()) == 4
    hit = index.search(model.encode_documents(["Swans are white."])[0], 1)[0]
    assert hit.chunk.text == "Swans are white."


def test_what_is_written_counts_even_if_there_is_no_room_to_compact(
    three: Path, model, index: Index, tmp_path: Path, monkeypatch
):
    monkeypatch.setattr("retriever.index.GRAPH_LIMIT", 0)
    shard = next((tmp_path / "index").glob("generations/*/shard"))
    (shard / "dangling").symlink_to("nowhere")  # cannot be copied
    report = ingest([three], model, index)
    assert report.count(Outcome.INDEXED) == len(index.documents()) == 3
    assert report.note.startswith("Compacting failed: ")


def test_types_that_are_not_read_and_wrong_names_are_reported(folder: Path, model, index: Index):
    (folder / "table.mp3").write_text("a,b")
    (folder / "picture.pdf").write_bytes(b"\x89PNG\r\n\x1a\n")
    report = ingest([folder], model, index)
    assert [(entry.outcome, entry.detail) for entry in report.entries] == [
        (Outcome.FAILED, "named .pdf but holds a PNG image"),
        (Outcome.SKIPPED, "unsupported type .mp3"),
    ]


def test_what_could_not_be_read_is_tried_and_told_again(folder: Path, model, index: Index):
    (folder / "table.mp3").write_text("a,b")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    (folder / "empty.md").write_text(" \n")
    first, second = (ingest([folder], model, index) for _ in range(2))
    assert first.entries == second.entries
    assert outcomes(second) == {
        "table.mp3": "skipped",
        "broken.pdf": "failed",
        "empty.md": "skipped",
    }
    (folder / "empty.md").write_text("Mended by its author.")
    assert outcomes(ingest([folder], model, index))["empty.md"] == "indexed"


def test_what_was_guessed_of_a_file_that_was_read_is_told(folder: Path, model, index: Index):
    (folder / "old.txt").write_bytes("Die Bücherei öffnet früh, schließt spät.".encode("cp1252"))
    (entry,) = ingest([folder], model, index).entries
    assert (entry.outcome, entry.detail) == (Outcome.INDEXED, "")
    assert "its encoding was guessed" in entry.note


def test_another_size_of_passages_replaces_all(three: Path, model, index: Index):
    ingest([three], model, index)
    report = ingest([three], model, index, chunk_tokens=20)
    assert set(outcomes(report).values()) == {"replaced"}
    assert set(outcomes(ingest([three], model, index, chunk_tokens=20)).values()) == {"unchanged"}


def test_small_documents_share_a_batch_and_large_ones_take_several(
    folder: Path, model, index: Index
):
    for n in range(BATCH_CHUNKS + 1):
        (folder / f"{n:03}.txt").write_text(f"Note {n}.")
    (folder / "long.txt").write_text("\n\n".join(f"Word {n}. " * 25 for n in range(90)))
    seen: list[Progress] = []
    report = ingest([folder], model, index, progress=seen.append)
    assert model.calls == -(-report.embedded_chunks // BATCH_CHUNKS)
    assert len(index.documents()) == BATCH_CHUNKS + 2
    assert seen[-1] == Progress(
        files=BATCH_CHUNKS + 2,
        files_total=BATCH_CHUNKS + 2,
        chunks=report.embedded_chunks,
        chunks_total=report.embedded_chunks,
        tokens=report.embedded_tokens,
    )


def test_whoever_follows_a_run_can_end_it(folder: Path, model, index: Index):
    for n in range(3 * BATCH_CHUNKS):
        (folder / f"{n:03}.txt").write_text(f"Note {n}.")

    def stop_after_a_batch(progress: Progress) -> None:
        if progress.chunks:
            raise Stopped

    report = ingest([folder], model, index, progress=stop_after_a_batch)
    assert report.interrupted
    assert (model.calls, index.documents()) == (1, [])
    assert ingest([folder], model, index).exit_code == 0
    assert len(index.documents()) == 3 * BATCH_CHUNKS


def test_long_titles_are_cut_to_fit_into_the_encoder(folder: Path, model, index: Index):
    headings = "".join(f"{'#' * n} Heading {n} {'word ' * 30}\n\n" for n in range(1, 7))
    (folder / "a.md").write_text(f"{headings}Text.")
    ingest([folder], model, index)
    assert all(0 < model.count_tokens(title) <= model.max_tokens // 4 for title in model.titles)
    assert model.titles[-1].startswith("Heading 6")


def test_what_cannot_be_done_at_all_changes_nothing(three: Path, model, index: Index):
    ingest([three], model, index)
    before = content(index)
    for path in three.iterdir():
        path.unlink()
    with pytest.raises(InputError, match="no files in"):
        ingest([three], model, index)
    with pytest.raises(InputError, match="chunk_tokens is 15, expected at least 16"):
        ingest([three], model, index, chunk_tokens=15)
    model.id = EncoderId("other", "1", model.id.dimension)
    with pytest.raises(EncoderMismatchError, match="other@1"):
        ingest([three], model, index)
    assert content(index) == before


def test_ctrl_c_ends_the_run_with_a_report_and_the_next_run_does_the_rest(
    folder: Path, model, index: Index
):
    for n in range(BATCH_CHUNKS + 20):
        (folder / f"{n:03}.txt").write_text(f"Note {n}.")

    def interrupt(progress: Progress) -> None:
        if progress.files:  # the first batch is written
            raise KeyboardInterrupt

    report = ingest([folder], model, index, progress=interrupt)
    assert report.interrupted
    assert report.exit_code == 130
    assert len(report.entries) == BATCH_CHUNKS
    assert len(index.documents()) == BATCH_CHUNKS
    report = ingest([folder], model, index)
    assert (report.count(Outcome.UNCHANGED), report.count(Outcome.INDEXED)) == (
        BATCH_CHUNKS,
        20,
    )


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_after_a_kill_the_next_run_makes_what_a_clean_run_makes(
    folder: Path, model, tmp_path: Path, share: float, open_fake_index: Callable
):
    for n in range(40):
        words = " ".join(f"Sentence {i} of note {n}." for i in range(5 + 7 * (n % 9)))
        (folder / f"{n:03}.txt").write_text(words)
    started = time.monotonic()
    run = [sys.executable, str(CONFTEST)]
    environment = {**os.environ, "PYTHONPATH": str(CONFTEST.parents[2])}
    subprocess.run([*run, str(tmp_path / "clean"), str(folder)], env=environment, check=True)
    duration = time.monotonic() - started
    process = subprocess.Popen([*run, str(tmp_path / "index"), str(folder)], env=environment)
    time.sleep(share * duration)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with open_fake_index(tmp_path / "index") as index, open_fake_index(tmp_path / "clean") as clean:
        ingest([folder], model, index)
        assert content(index) == content(clean)
        assert all(record.complete for record in index.documents())
