"""Passages of the sample's PDFs stand on the page that they name (all files: the benchmark)."""

from pathlib import Path

import pytest

from benchmarks.pages import GOAL, measure

SAMPLES = sorted(Path("data/sample").glob("*.pdf"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_passages_stand_on_their_page(path):
    pages, right, wrong, unjudged = measure(path)
    assert pages > 1
    assert right >= GOAL * (right + wrong) > 5
    assert unjudged == 0
