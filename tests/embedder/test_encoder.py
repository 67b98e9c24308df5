"""Which encoder made a vector: what is compared, what people read, what an index keeps."""

import os
import subprocess
import sys

import pytest

from embedder.encoder import EncoderId


def test_encoders_are_the_same_if_their_vectors_are_whatever_they_are_called():
    encoder = EncoderId("downloads/model", "0123456789ab", 384)
    assert EncoderId("elsewhere/model", "0123456789ab", 384) == encoder
    assert EncoderId("downloads/model", "fedcba987654", 384) != encoder
    assert EncoderId("downloads/model", "0123456789ab", 256) != encoder


def test_what_is_stored_reads_back_and_is_what_former_versions_stored():
    encoder = EncoderId("me@home/model", "0123456789ab", 384)
    stored = {"fingerprint": "me@home/model@0123456789ab", "dimension": 384}
    assert encoder.stored() == stored
    back = EncoderId.from_stored(**stored)
    assert (back.name, back.fingerprint, back.dimension) == ("me@home/model", "0123456789ab", 384)


def test_people_read_the_name_the_hash_and_the_dimension():
    assert str(EncoderId("model", "0123456789ab", 384)) == "model@0123456789ab (vectors of 384)"


def test_a_model_that_is_loaded_says_which_it_is(tiny):
    assert tiny.id.name == "llama/checkpoint"
    assert tiny.id.dimension == tiny.encode(["x"]).shape[1]


@pytest.mark.parametrize(("given", "count"), [({}, "10000"), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_threads_wait_shortly_unless_told_otherwise(given, count):
    inherited = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"}
    told = "import embedder, os, sys; print(os.environ['GOMP_SPINCOUNT'], 'torch' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", told],
        env={**inherited, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == [count, "False"]
