"""What callers of `encode` rely on."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedder.batching import by_length
from embedder.errors import NotUnicodeError, TextTooLongError

TEXTS = [
    "the arctic",
    "",
    "Disk Cleanup frees space by deleting temporary files. " * 5,
    "北極熊",
    "x",
]


def test_rows_follow_the_order_of_the_texts_and_have_length_one(tiny):
    together = tiny.encode_documents(TEXTS)
    alone = np.concatenate([tiny.encode_documents([text]) for text in TEXTS])
    assert together.dtype == np.float32
    assert together.shape == (len(TEXTS), tiny.dimension)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_rows(tiny):
    assert tiny.encode([]).shape == (0, tiny.dimension)


def test_queries_and_documents_have_the_published_instructions(tiny):
    instruction = "Generate a passage that best answers this question: "
    np.testing.assert_array_equal(
        tiny.encode_queries(TEXTS), tiny.encode(TEXTS, instruction=instruction)
    )
    np.testing.assert_array_equal(
        tiny.encode_documents(TEXTS),
        tiny.encode(TEXTS, instruction="Summarize the following passage: "),
    )


def test_a_title_stands_in_front_of_its_passage(tiny):
    titled = tiny.encode_documents(["frees space", "frees space"], titles=["Disk Cleanup", ""])
    plain = tiny.encode_documents(["Disk Cleanup\nfrees space", "frees space"])
    np.testing.assert_allclose(titled, plain, atol=1e-6)


def test_titles_must_match_the_texts(tiny):
    with pytest.raises(ValueError, match="shorter"):
        tiny.encode_documents(["a", "b"], titles=["one"])


def test_a_text_of_max_tokens_is_accepted_and_a_longer_one_refused_with_its_length(tiny):
    unit = " disk"
    text = unit * (tiny.max_tokens // tiny.count_tokens(unit))
    assert tiny.count_tokens(text) <= tiny.max_tokens
    assert tiny.encode_documents([text]).shape == (1, tiny.dimension)
    with pytest.raises(TextTooLongError, match=r"text 2 of 2 has [\d,]+ tokens .* accepts 502"):
        tiny.encode_documents(["short", text * 3])


def test_truncation_loses_the_end_only(tiny):
    long = "word " * 2000
    cut = tiny.encode([long], truncate=True)
    same_start = tiny.encode([long + "another end"], truncate=True)
    np.testing.assert_array_equal(cut, same_start)


def test_max_length_must_leave_room_for_the_special_tokens(tiny):
    with pytest.raises(ValueError, match="no room beside 10 special tokens"):
        tiny.encode(["x"], max_length=10)


@pytest.mark.parametrize(
    "use",
    [
        lambda model, text: model.count_tokens(text),
        lambda model, text: model.count_prompt_tokens([{"role": "user", "content": text}]),
        lambda model, text: model.encode_queries([text]),
        lambda model, text: model.encode_documents(["fine"], titles=[text]),
        lambda model, text: model.decode(text),
    ],
    ids=["count_tokens", "count_prompt_tokens", "encode_queries", "encode_documents", "decode"],
)
def test_half_a_surrogate_pair_is_refused_by_name(tiny, use):
    with pytest.raises(NotUnicodeError, match=r"surrogate pair in '.*pump\\udcff\?.*': decode"):
        use(tiny, "pump\udcff?")


def test_threads_get_what_one_caller_gets(tiny):
    expected = tiny.encode_documents(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: tiny.encode_documents(TEXTS), range(8)):
            np.testing.assert_array_equal(result, expected)


@given(st.lists(st.integers(0, 500)), st.integers(1, 2000))
def test_batches_hold_every_text_once_and_keep_the_budget(lengths, budget):
    batches = list(by_length(lengths, budget))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or max(lengths[i] for i in batch) * len(batch) <= budget
