import re

import pytest

from app.library.names import safe_name, safe_path


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\docs\\a.md", "a.md"),
        (".hidden", "hidden"),
        ("a\x00b\n.md", "a_b_.md"),
        ("..", "upload"),
        ("x" * 250 + ".pdf", "x" * 250 + ".pdf"),
        ("x" * 300 + ".pdf", "x" * 241 + "-HASH.pdf"),
        ("é" * 300 + ".pdf", "é" * 120 + "-HASH.pdf"),
        ("x." + "y" * 300, "x-HASH"),
    ],
)
def test_upload_names_cannot_leave_their_folder(name, safe):
    assert re.sub("-[0-9a-f]{8}", "-HASH", safe_name(name)) == safe
    assert len(safe_name(name).encode()) < 255


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("notes.md", "notes.md"),
        ("minutes/2026/may.md", "minutes/2026/may.md"),
        ("./minutes//may.md", "minutes/may.md"),
        ("minutes/../../may.md", "may.md"),
        ("/etc/passwd", "passwd"),
        ("a\\b/c.md", "c.md"),
        ("a/b/c/d/e/f/g/h/i.md", "i.md"),
        (".incoming/x.md", "incoming/x.md"),
        ("", "upload"),
        ("/", "upload"),
    ],
)
def test_files_of_a_folder_keep_their_folders_below_it(name, kept):
    assert str(safe_path(name)) == kept
