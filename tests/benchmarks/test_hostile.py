"""Sixty damaged copies of the fixtures: each is read or reported (a thousand: the benchmark)."""

import sys

from benchmarks import hostile


def test_no_damage_takes_the_worker_down(monkeypatch, capsys):
    arguments = ["hostile", "tests/ingest/fixtures", "--files", "60", "--seed", "3"]
    monkeypatch.setattr(sys, "argv", arguments)
    assert hostile.main() == 0, capsys.readouterr().out
    output = capsys.readouterr().out
    assert "truncated" in output
    assert "slowest" in output
