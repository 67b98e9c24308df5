"""How many false claims fall, and how many true ones stand, over passages of `data/sample`.

Of a kind, `spliced` joins what two sentences or clauses say, `swapped` has another name or word in
one place, and `half` ends otherwise than its passage does; the others are what they are called.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from app.answering.citations import check_citations
from tests.app.fakes import chunk

CLAIMS = [
    json.loads(line) for line in Path(__file__).with_name("claims.jsonl").read_text().splitlines()
]


def stands(row: dict[str, str]) -> bool:
    checked = check_citations(f"{row['claim']} [1]", [chunk(row["passage"])])
    return bool(checked.citations) and not checked.unsupported


@pytest.mark.parametrize(("supported", "least"), [(False, 36), (True, 18)])
def test_claims_are_judged_right(supported, least, record_property):
    rows = [row for row in CLAIMS if row["supported"] is supported]
    right = Counter(row["kind"] for row in rows if stands(row) is supported)
    for kind, count in Counter(row["kind"] for row in rows).items():
        record_property(kind, f"{right[kind]} of {count}")
    assert right.total() >= least
