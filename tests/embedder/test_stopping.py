"""A reply ends before its stop text, wherever the pieces were cut."""

from hypothesis import given
from hypothesis import strategies as st

from embedder.stopping import until_stop


def test_a_stop_text_may_be_spread_over_several_pieces():
    assert list(until_stop(["On", "e. Qu", "est", "ion: two"], ["Question:"])) == ["On", "e. "]


def test_what_only_looked_like_a_stop_text_comes_after_all():
    assert "".join(until_stop(["a Qu", "een"], ["Question:"])) == "a Queen"
    assert "".join(until_stop(["a Qu"], ["Question:"])) == "a Qu"


def test_no_further_piece_is_asked_for():
    def pieces():
        yield "one END two"
        raise AssertionError

    assert list(until_stop(pieces(), ["END"])) == ["one "]


@given(st.lists(st.text("ab", max_size=4)), st.lists(st.text("ab", max_size=3), max_size=3))
def test_the_text_is_cut_at_the_first_stop_text_of_the_whole(pieces, stops):
    whole = "".join(pieces)
    places = [whole.index(stop) for stop in stops if stop and stop in whole]
    expected = whole[: min(places, default=len(whole))]
    assert "".join(until_stop(pieces, stops)) == expected
