"""What only a folder's index does: its lock, its files, and how damage is told."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from qdrant_edge import QuantizationSearchParams

from embedder.encoder import EncoderId
from retriever import document_id, open_index, present_documents, rebuild, rollback
from retriever.edge import engine, files, generations, optimize
from retriever.errors import (
    AddressError,
    IndexDamagedError,
    IndexLockedError,
    OutdatedIndexError,
    RetrieverError,
)

ROOT = Path(__file__).parents[2]
ENCODER = EncoderId("model", "1", 8)


@pytest.fixture(scope="module")
def template(tmp_path_factory, document):
    folder = tmp_path_factory.mktemp("template")
    with open_index(folder, ENCODER) as index:
        for name in "abcd":
            stored = document(f"/docs/{name}.txt", [f"{name} {n}" for n in range(3)])
            index.replace_document(stored.chunks, stored.vectors)
    return folder


@pytest.fixture
def folder(tmp_path, template):
    """A closed index of four documents, three chunks each."""
    files.copy_tree(template, tmp_path / "index")
    return tmp_path / "index"


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def test_a_second_process_is_told_who_has_the_index(folder):
    code = (
        "import sys; from embedder.encoder import EncoderId; from retriever import open_index; "
        "index = open_index(sys.argv[1], EncoderId('model', '1', 8)); "
        "print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(IndexLockedError) as caught:
            open_index(folder, ENCODER)
        with pytest.raises(IndexLockedError), rebuild(folder, ENCODER):
            pass
        with pytest.raises(IndexLockedError):
            rollback(folder)
        holder.kill()
    assert f"process {holder.pid} on " in str(caught.value)
    assert str(folder) in str(caught.value)
    open_index(folder, ENCODER).close()
    assert (folder / "lock").exists()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (
            "",
            r"'' is no address of an index: expected a folder \(such as \.duet/index\) or the URL",
        ),
        ("ftp://host/index", "'ftp://host/index' is no address of an index"),
        ("HTTP://host:6333", "'HTTP://host:6333' is no address of an index"),
        ("~no-such-user/index", "~no-such-user/index cannot be found: there is no such user"),
        ("http://localhost:port", "http://localhost:port is no URL of a Qdrant server"),
        ("http://localhost:99999#name", "is no URL of a Qdrant server"),
    ],
)
def test_what_is_no_address_is_refused(address, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AddressError, match=message):
        open_index(address, ENCODER)


def test_a_full_disk_is_told_before_it_kills_the_process(folder, tmp_path, document, monkeypatch):
    stored = document("/docs/new.txt", ["new"])
    with open_index(folder, ENCODER) as index, monkeypatch.context() as patched:
        patched.setattr(files, "ROOM", 1 << 60)
        with pytest.raises(RetrieverError, match=r"has [\d,]+ MB left, the index needs"):
            index.replace_document(stored.chunks, stored.vectors)
        with pytest.raises(RetrieverError, match="Make room"):
            index.delete_documents([document_id("/docs/a.txt")])
    with monkeypatch.context() as patched:
        patched.setattr(files, "ROOM", 1 << 60)
        for path in (folder, tmp_path / "another"):
            with pytest.raises(RetrieverError, match="Make room"):
                open_index(path, ENCODER)
        with pytest.raises(RetrieverError, match="Make room"), rebuild(folder, ENCODER):
            pass
    with open_index(folder, ENCODER) as index:
        assert len(index.documents()) == 4


def test_opening_twice_in_one_process_is_said_to_be_that(folder):
    with (
        open_index(folder, ENCODER),
        pytest.raises(IndexLockedError, match=rf"This process \(process {os.getpid()} .* already"),
    ):
        open_index(folder, ENCODER)


def test_a_refused_index_is_not_left_locked(folder):
    for _ in range(2):
        with pytest.raises(RetrieverError, match="made by the encoder"):
            open_index(folder, EncoderId("other", "2", 8))
    open_index(folder, ENCODER).close()


def test_a_closed_index_says_so(folder, vector):
    index = open_index(folder, ENCODER)
    index.close()
    index.close()
    with pytest.raises(RetrieverError, match=r"is closed: cannot search"):
        index.search(vector("x"), 1)


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.pdf").write_bytes(b"")
    with pytest.raises(AddressError, match=r"not an index: it has thesis\.pdf in it"):
        open_index(tmp_path, ENCODER)
    with pytest.raises(AddressError, match="cannot be kept in"):
        open_index(tmp_path / "thesis.pdf", ENCODER)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.pdf"]


def test_many_passages_are_compared_by_fewer_bits_and_the_best_as_they_are(
    tmp_path, document, monkeypatch
):
    monkeypatch.setattr(engine, "_EXACT_LIMIT", 0)
    wide = EncoderId("model", "1", 64)
    rows = np.random.default_rng(0).standard_normal((400, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    stored = document("/docs/many.txt", [f"passage {n}" for n in range(len(rows))])
    with open_index(tmp_path / "index", wide) as index:
        index.replace_document(stored.chunks, rows)
        for compacted in (False, True):
            if compacted:
                index.compact()
            for query in rows[:20]:
                hits = index.search(query, 10, mode="dense")
                nearest = np.argsort(-(rows @ query))[:10]
                assert [hit.chunk.position for hit in hits] == nearest.tolist()
                cosines = (rows @ query)[nearest]
                assert [hit.score for hit in hits] == pytest.approx(cosines, abs=1e-3)
        by_bits = QuantizationSearchParams(rescore=False)
        monkeypatch.setattr(engine, "_RESCORED", by_bits)
        scores = [hit.score for hit in index.search(rows[-1], 10, mode="dense")]
        assert scores != pytest.approx(np.sort(rows @ rows[-1])[::-1][:10], abs=1e-3)


@pytest.mark.parametrize(("limit", "has_graph"), [(2_500, True), (3_500, False)])
def test_a_graph_is_built_above_its_limit_alone(tmp_path, document, monkeypatch, limit, has_graph):
    monkeypatch.setattr(generations, "GRAPH_LIMIT", limit)
    rows = np.random.default_rng(0).standard_normal((3_000, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    stored = document("/docs/many.txt", [f"passage {n}" for n in range(len(rows))])
    with open_index(tmp_path / "index", EncoderId("model", "1", 64)) as index:
        index.replace_document(stored.chunks, rows)

        def indexed() -> int:  # the sparse vectors always are
            return index._engine._shard.info().indexed_vectors_count

        before = indexed()
        index.compact()
        assert indexed() - before == (len(rows) if has_graph else 0)


def test_only_the_published_generation_and_the_one_before_are_kept(folder, document):
    stored = document("/docs/new.txt", ["new"])
    for _ in range(2):
        with rebuild(folder, ENCODER) as index:
            index.replace_document(stored.chunks, stored.vectors)
            index.compact()
    assert len(list(folder.glob("generations/*"))) == 2
    with open_index(folder, ENCODER) as index:
        index.compact()
        assert index.info().chunks == 1
    assert len(list(folder.glob("generations/*"))) == 2
    rollback(folder)
    open_index(folder, ENCODER).close()


def test_leftovers_of_a_killed_process_are_removed_when_the_index_is_opened(folder):
    (folder / "generations" / ("0" * 32) / "shard").mkdir(parents=True)
    (folder / "generations" / ("1" * 32)).mkdir()
    with open_index(folder, ENCODER) as index:
        assert len(index.documents()) == 4
    assert len(list(folder.glob("generations/*"))) == 1


def test_what_is_no_generation_is_never_removed(folder):
    for name in ("holidays", "2" * 32):
        (folder / "generations" / name).mkdir()
        (folder / "generations" / name / "picture.png").touch()
    with open_index(folder, ENCODER) as index:
        assert len(index.documents()) == 4
    assert len(list(folder.glob("generations/*/picture.png"))) == 2


@pytest.mark.parametrize("name", ["generations", "lock", "pointer.json", "generations/" + "3" * 32])
def test_links_in_an_index_are_not_followed(folder, tmp_path, name):
    """A `generations` that led elsewhere had every folder there removed."""
    victim = tmp_path / "victim"
    if (folder / name).exists():
        (folder / name).rename(victim)
    else:
        (victim / "shard").mkdir(parents=True)
    before = sorted(victim.rglob("*"))
    (folder / name).symlink_to(victim)
    with pytest.raises(AddressError, match="symbolic link"):
        open_index(folder, ENCODER)
    assert sorted(victim.rglob("*")) == before


def test_an_index_is_for_its_user_alone(tmp_path, document):
    folder = tmp_path / "new" / "index"
    open_index(folder, ENCODER).close()
    for path in (folder.parent, folder, folder / "generations", folder / "lock"):
        assert path.stat().st_mode & 0o077 == 0
    (folder / "generations").chmod(0o755)  # as earlier versions left it
    open_index(folder, ENCODER).close()
    assert (folder / "generations").stat().st_mode & 0o077 == 0


def test_a_compaction_that_fails_leaves_the_index_as_it_was(folder, monkeypatch):
    with open_index(folder, ENCODER) as index:
        broken = folder.parent / "broken.py"
        broken.write_text("raise SystemExit('disk full')")
        monkeypatch.setattr(optimize, "__file__", str(broken))
        with pytest.raises(RetrieverError, match=r"Compacting failed \(exit 1: disk full\)"):
            index.compact()
        assert len(index.documents()) == 4
        assert len(list(folder.glob("generations/*"))) == 1


def test_a_compaction_that_cannot_copy_leaves_the_index_as_it_was(folder):
    with open_index(folder, ENCODER) as index:
        (only(folder, "generations/*/shard") / "dangling").symlink_to("nowhere")
        with pytest.raises(RetrieverError, match=r"Compacting failed: .*nowhere|dangling"):
            index.compact()
        assert len(index.documents()) == 4
        assert len(list(folder.glob("generations/*"))) == 1


def test_an_interrupt_while_publishing_loses_neither_index(folder, document, monkeypatch):
    """Ctrl-C after the pointer was replaced: the new index counts, and nothing may remove it."""
    stored = document("/docs/new.txt", ["new"])

    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    def rebuilding() -> None:
        with rebuild(folder, ENCODER) as index:
            index.replace_document(stored.chunks, stored.vectors)
            monkeypatch.setattr(files, "_sync_folder", interrupted)

    with pytest.raises(KeyboardInterrupt):
        rebuilding()
    monkeypatch.undo()
    with open_index(folder, ENCODER) as index:
        assert index.chunks(stored.id) == stored.chunks
    rollback(folder)
    with open_index(folder, ENCODER) as index:
        assert len(index.documents()) == 4


def test_a_file_that_cannot_be_written_is_named(folder, document):
    stored = document("/docs/new.txt", ["new"])
    with open_index(folder, ENCODER) as index:
        draft = only(folder, "generations/*/manifest.json").with_suffix(".json.draft")
        draft.mkdir()
        with pytest.raises(RetrieverError, match=r"manifest\.json cannot be written.*disk full"):
            index.replace_document(stored.chunks, stored.vectors)
        draft.rmdir()
    (folder / "lock").unlink()
    (folder / "lock").mkdir()
    with pytest.raises(AddressError, match="lock cannot be opened"):
        open_index(folder, ENCODER)


def test_chunks_that_the_disk_lost_are_missed(folder):
    """Edge cuts a torn log short without a word; only the manifest knows."""
    ids = only(folder, "generations/*/shard/segments/*/mutable_id_tracker.mappings")
    with ids.open("r+b") as file:
        file.truncate(ids.stat().st_size // 2)
    with pytest.raises(IndexDamagedError, match=r"has \d chunks, but 12 were written.*--rebuild"):
        open_index(folder, ENCODER)
    with rebuild(folder, ENCODER):
        pass
    open_index(folder, ENCODER).close()


@pytest.mark.parametrize(
    ("pattern", "content", "message"),
    [
        ("pointer.json", None, r"pointer\.json cannot be read.*Move .* away and ingest"),
        ("pointer.json", b'{"curr', r"pointer\.json cannot be read.*Move .* away and ingest"),
        ("generations/*/manifest.json", None, r"manifest\.json cannot be read.*--rebuild"),
        ("generations/*/manifest.json", b"[]", r"should have the keys fingerprint, .*--rebuild"),
        (
            "generations/*/manifest.json",
            b'{"fingerprint": 5, "dimension": 8, "chunks": 12}',
            r"manifest\.json is damaged: fingerprint is 5\. .*--rebuild",
        ),
        (
            "generations/*/manifest.json",
            b"[" * 100_000,
            r"manifest\.json cannot be read.*--rebuild",
        ),
        ("pointer.json", b'{"current": 5, "previous": null}', r"damaged: current is 5\. Move"),
        ("generations/*/shard/edge_config.json", b"\0", r"Qdrant Edge cannot open .*--rebuild"),
        ("generations/*/shard/segments/*/segment.json", None, r"Edge cannot open .*--rebuild"),
        (
            # Edge panics at this one, with a BaseException
            "generations/*/shard/segments/*/vector_storage/vectors/status.dat",
            b"\0\0\0\0",
            r"Edge cannot open .*out of bounds.*--rebuild",
        ),
    ],
)
def test_a_damaged_file_is_told_with_the_way_out(folder, pattern, content, message):
    file = only(folder, pattern)
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(IndexDamagedError, match=message):
        open_index(folder, ENCODER)


def test_damage_that_edge_notices_only_when_reading_is_told_too(folder):
    page = only(folder, "generations/*/shard/segments/*/payload_storage/page_0.dat")
    page.write_bytes(bytes(page.stat().st_size))  # Edge panics, with a BaseException
    with (
        open_index(folder, ENCODER) as index,
        pytest.raises(IndexDamagedError, match=r"could not read points: .*corrupted.*--rebuild"),
    ):
        index.documents()


def test_vectors_that_the_disk_has_changed_are_noticed(folder):
    """They were read back as they were: "The documents do not say"."""
    vectors = only(folder, "generations/*/shard/segments/*/vector_storage/vectors/chunk_0.mmap")
    with vectors.open("r+b") as file:
        file.write(bytes(4 * ENCODER.dimension))
    with pytest.raises(IndexDamagedError, match=r"vectors in .* not as they were written.*rebuild"):
        open_index(folder, ENCODER)


def test_damage_that_stops_counting_can_be_rebuilt(folder):
    """Edge gives a plain error here: it was taken for a failure of another kind, and no way out."""
    only(folder, "generations/*/shard/segments/*/payload_index/config.json").unlink()
    with pytest.raises(IndexDamagedError, match=r"could not count: .*--rebuild"):
        present_documents(folder)


def test_a_pointer_that_points_to_nothing_does_not_cost_the_index(folder):
    pointer = folder / "pointer.json"
    former = pointer.read_text()
    pointer.write_text(json.dumps({"current": "0" * 32, "previous": None}))
    with pytest.raises(IndexDamagedError, match=r"manifest\.json cannot be read"):
        open_index(folder, ENCODER)
    pointer.write_text(former)
    with open_index(folder, ENCODER) as index:
        assert len(index.documents()) == 4


def test_the_manifest_never_promises_more_than_there_is(folder, document):
    def promised() -> int:
        return json.loads(only(folder, "generations/*/manifest.json").read_text())["chunks"]

    with open_index(folder, ENCODER) as index:
        assert promised() == 12
        shorter = document("/docs/a.txt", ["one"], version="v2")
        index.replace_document(shorter.chunks, shorter.vectors)
        assert promised() == 10
        index.delete_documents([document_id("/docs/b.txt")])
        assert promised() == 7


def test_holes_in_files_are_copied_as_holes(tmp_path):
    (tmp_path / "from").mkdir()
    content = b"a" * 10 + bytes(1 << 24) + b"b" * 10 + bytes(1 << 24)
    (tmp_path / "from" / "sparse").write_bytes(content)
    files.copy_tree(tmp_path / "from", tmp_path / "to")
    copy = tmp_path / "to" / "sparse"
    assert copy.read_bytes() == content
    assert copy.stat().st_blocks * 512 < 1 << 20


def test_an_index_of_the_pinned_version_still_opens(tmp_path):
    """Written with qdrant-edge-py 0.9.0; when this fails, an upgrade needs a migration.

    Packed with `tar --sparse -cJf`: the shard's files are 100 MB of holes.
    """
    with tarfile.open(Path(__file__).parent / "edge-0.9.0.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    with open_index(tmp_path / "index", ENCODER) as index:
        assert [record.complete for record in index.documents()] == [True, True]
        hits = index.search(np.eye(8, dtype=np.float32)[3], 2)
        assert hits[0].chunk.text == "text 3 of /docs/a.txt"
        assert hits[0].score == pytest.approx(1)


def test_an_index_from_before_the_search_by_words_says_so(tmp_path, document):
    """Its documents are still known, so that a rebuild can ask for those that it would lose."""
    stored = document("/docs/a.txt", ["one", "two"])
    with open_index(tmp_path, ENCODER) as index:
        index.replace_document(stored.chunks, stored.vectors)
    (manifest,) = tmp_path.glob("generations/*/manifest.json")
    content = json.loads(manifest.read_text())
    del content["terms"]
    manifest.write_text(json.dumps(content))
    with pytest.raises(OutdatedIndexError, match=r"python -m ingest FOLDER --rebuild"):
        open_index(tmp_path, ENCODER)
    assert [record.source for record in present_documents(tmp_path)] == ["/docs/a.txt"]
    with rebuild(tmp_path, ENCODER) as index:
        index.replace_document(stored.chunks, stored.vectors)
    with open_index(tmp_path, ENCODER) as index:
        assert index.info().chunks == 2
