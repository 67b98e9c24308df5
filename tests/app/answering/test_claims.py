"""How many false claims fall, and how many true ones stand, over passages of `data/sample`.

Of a kind, `spliced` joins what two sentences or clauses say, `swapped` has another name or word in
one place, and `half` ends otherwise than its passage does; the others are what they are called.

The check was written against `claims.jsonl`. `fresh_claims.jsonl` was written afterwards, over
other passages, and the check was not fitted to it: it tells what to expect of others.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from app.answering.check.checker import Checker, Rejected
from tests.app.fakes import chunk


def stands(row: dict[str, str]) -> bool:
    found = Checker([chunk(row["passage"])]).read(f"{row['claim']} [1]", complete=True)
    return bool(found) and not any(isinstance(each, Rejected) for each in found)


@pytest.mark.parametrize(
    ("name", "supported", "least"),
    [
        ("claims.jsonl", False, 40),
        ("claims.jsonl", True, 20),
        ("fresh_claims.jsonl", False, 17),
        ("fresh_claims.jsonl", True, 7),
    ],
)
def test_claims_are_judged_right(name, supported, least, record_property):
    lines = Path(__file__).with_name(name).read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if row["supported"] is supported]
    right = Counter(row["kind"] for row in rows if stands(row) is supported)
    for kind, count in Counter(row["kind"] for row in rows).items():
        record_property(kind, f"{right[kind]} of {count}")
    assert right.total() >= least
