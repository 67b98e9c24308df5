import os
import socket
from pathlib import Path

import pytest

from ingest import scan as scan_module
from ingest.errors import InputError
from ingest.report import Outcome
from ingest.scan import scan


def reasons(found) -> dict[str, str]:
    return {Path(entry.path).name: entry.detail for entry in found.entries}


def test_files_are_listed_once_and_sorted(folder: Path):
    (folder / "sub").mkdir()
    for name in ("b.md", "a.md", "sub/c.md", "-rf.md", "with [x] #1.md"):
        (folder / name).write_text("x")
    found = scan([folder, folder / "a.md", folder / "sub"])
    paths = [file.path for file in found.files]
    assert paths == sorted(paths)
    assert len(paths) == 5
    assert found.entries == []
    assert found.folders == [str(folder), str(folder / "sub")]


def test_what_lies_elsewhere_is_not_covered(folder: Path, tmp_path: Path):
    (folder / "a.md").write_text("x")
    (tmp_path / "b.md").write_text("x")
    found = scan([folder, tmp_path / "b.md"])
    assert all(found.covers(str(path)) for path in (folder / "a.md", folder / "gone" / "c.md"))
    assert found.covers(str(tmp_path / "b.md"))
    assert not found.covers(str(tmp_path / "c.md"))
    assert not found.covers(f"{folder}-old/a.md")


def test_what_is_not_read_has_a_reason(folder: Path, tmp_path: Path):
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    (folder / "a.md").write_text("x")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")
    (folder / ".hidden.md").write_text("x")
    (folder / "~$a.docx").write_text("x")
    (folder / "empty.txt").touch()
    (folder / "loop").symlink_to("loop")
    (folder / "up").symlink_to(folder)
    (folder / "dangling.md").symlink_to("nowhere")
    (folder / "link.txt").symlink_to(outside)
    os.mkfifo(folder / "pipe.txt")
    found = scan([folder])
    assert [Path(file.path).name for file in found.files] == ["a.md"]
    assert {entry.outcome for entry in found.entries} == {Outcome.SKIPPED}
    assert reasons(found) == {
        ".git": "hidden folder",
        ".hidden.md": "hidden file",
        "~$a.docx": "lock file of an office program",
        "empty.txt": "empty file",
        "loop": "symbolic link that leads nowhere",
        "up": "symbolic link to something that is read where it is",
        "dangling.md": "symbolic link that leads nowhere",
        "link.txt": f"symbolic link out of the folder: give {outside} itself",
        "pipe.txt": "not a regular file (pipe, socket or device)",
    }


def test_a_link_and_a_hidden_file_that_are_given_themselves_are_read(folder: Path):
    (folder / ".notes.md").write_text("x")
    (folder / "link").symlink_to(".notes.md")
    found = scan([folder / "link"])
    assert [file.path for file in found.files] == [str(folder / ".notes.md")]


def test_the_index_among_the_documents_is_left_out(folder: Path):
    (folder / "a.md").write_text("x")
    (folder / "index").mkdir()
    (folder / "index" / "segment").write_text("x")
    assert reasons(scan([folder], exclude=folder / "index")) == {"index": "the index itself"}


def test_a_name_that_is_not_utf8_fails(folder: Path):
    Path(os.fsdecode(os.fsencode(folder) + b"/bad-\xff.md")).write_text("x")
    entry = scan([folder]).entries[0]
    assert (entry.outcome, entry.detail) == (
        Outcome.FAILED,
        "the name is not valid UTF-8: rename the file",
    )


def test_a_file_beyond_the_limit_is_not_read(folder: Path):
    with (folder / "huge.txt").open("wb") as stream:
        stream.truncate(scan_module.MAX_FILE_BYTES + 1)
    assert scan([folder]).entries[0].detail == "536,870,913 bytes, the limit is 536,870,912"


def test_a_socket_that_is_given_itself_is_skipped(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("s")
        assert "not a regular file" in scan([Path("s")]).entries[0].detail


@pytest.mark.parametrize("name", ["missing", "missing/deeper.md", "loop"])
def test_a_path_that_is_not_there_is_one_line(folder: Path, name: str):
    (folder / "loop").symlink_to("loop")
    with pytest.raises(InputError, match=f"{name}: .*nothing was indexed and nothing removed"):
        scan([folder / name])


def test_a_folder_without_files_is_one_line(folder: Path):
    (folder / "sub").mkdir()
    with pytest.raises(InputError, match=r"no files in .*docs: nothing was indexed"):
        scan([folder])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_what_lies_in_a_closed_folder_is_not_gone(folder: Path):
    (folder / "a.md").write_text("x")
    closed = folder / "closed"
    closed.mkdir(mode=0)
    found = scan([folder])
    assert "cannot be listed: Permission denied" in reasons(found)["closed"]
    assert not found.is_gone(str(closed / "x.md"))
    assert found.is_gone(str(folder / "deleted.md"))
    closed.chmod(0o700)


def test_a_file_whose_place_a_folder_has_taken_is_gone(folder: Path):
    (folder / "notes.md").mkdir()
    (folder / "notes.md" / "a.md").write_text("x")
    assert scan([folder]).is_gone(str(folder / "notes.md"))


def test_the_home_of_nobody_is_told(folder: Path):
    with pytest.raises(InputError, match=r"^~no-such-user/docs: .*home"):
        scan([Path("~no-such-user/docs")])
