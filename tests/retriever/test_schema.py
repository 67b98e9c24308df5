"""What is written into a payload comes out of it, through real engines too."""

import dataclasses
from pathlib import PurePosixPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedder.encoder import EncoderId
from retriever import Chunk, Filter, document_id, open_index
from retriever.schema import PATHS

NUMBERS = st.integers(min_value=0, max_value=2**62)
CHUNKS = st.builds(
    Chunk,
    text=st.text(),
    document_id=st.uuids().map(str),
    source=st.text(min_size=1).map(lambda name: f"/{name}"),
    title=st.text(),
    headings=st.lists(st.text(), max_size=3).map(tuple),
    page=st.none() | NUMBERS,
    page_label=st.none() | st.text(),
    start=NUMBERS,
    end=NUMBERS,
    version=st.text(),
    modified_ns=NUMBERS,
    size=NUMBERS,
    media_type=st.text(),
    language=st.none() | st.text(),
    position=NUMBERS,
)


@given(CHUNKS)
def test_a_payload_reads_back_to_its_chunk(chunk):
    assert Chunk.from_payload(chunk.to_payload(chunks=3)) == chunk


@given(CHUNKS)
def test_a_chunk_is_below_every_folder_of_its_source(chunk):
    paths = chunk.to_payload(chunks=1)["metadata"]["paths"]
    for folder in (chunk.source, *map(str, PurePosixPath(chunk.source).parents)):
        (wanted,) = Filter(source=folder).conditions()[PATHS]
        assert wanted in paths


@given(CHUNKS, CHUNKS)
def test_ids_depend_on_document_version_and_position_alone(one, two):
    names = ("document_id", "version", "position")
    twin = dataclasses.replace(two, **{name: getattr(one, name) for name in names})
    assert one.id == twin.id
    assert (one.id == two.id) == all(getattr(one, name) == getattr(two, name) for name in names)


def test_a_document_is_its_path():
    assert document_id("/docs/a.txt") == document_id("/docs/a.txt")
    assert document_id("/docs/a.txt") != document_id("/docs/A.txt")


@pytest.mark.parametrize(
    "text",
    ["", "\x00\x1f", "e\u0301 \u00e9", "\u2028\ufeff", "\U0001f600 \u05d0\u05d1", "{}[]\"'\\"],
)
def test_odd_text_survives_the_engine(tmp_path, document, text):
    stored = document("/docs/ä ö/\u2028.txt", [text + "!"])
    chunk = dataclasses.replace(stored.chunks[0], text=text, title=text, headings=(text,))
    with open_index(tmp_path, EncoderId("model", "1", 8)) as index:
        index.replace_document([chunk], stored.vectors)
        where = Filter(source="/docs/ä ö")
        assert index.search(np.ones(8, dtype=np.float32), 1, where)[0].chunk == chunk
