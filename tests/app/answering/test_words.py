import pytest

from app.answering.words import idf
from retriever.words import content_words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("encoders", "encoding"),
        ("policy", "policies"),
        ("stopped", "stop"),
        ("requirements", "requires"),
        ("authentication", "Authenticators"),
        ("ﬁle", "FILE"),
    ],
)
def test_forms_of_a_word_are_one(one, other):
    assert content_words(one) == content_words(other) != []


@pytest.mark.parametrize(("one", "other"), [("class", "clap"), ("user", "us"), ("3.5", "35")])
def test_other_words_stay_apart(one, other):
    assert content_words(one) != content_words(other)


@pytest.mark.parametrize(
    ("raised", "plain"),
    [("10⁶ stars", "10^6 stars"), ("gold³ and iron", "gold 3 iron"), ("5 m²", "5 m2")],
)
def test_exponents_and_note_marks_do_not_fuse_with_what_they_stand_on(raised, plain):
    assert content_words(raised) == content_words(plain)


def test_question_words_say_nothing():
    assert content_words("How many of these are there, and why?") == []


def test_scripts_without_spaces_are_compared_by_bigrams():
    assert set(content_words("应用安全")) <= set(content_words("开放式应用安全验证"))
    assert content_words("水") == ["水"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("বাংলা ভাষা", ["বাংলা", "ভাষা"]),
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("x\u0304-axis", ["x\u0304", "axi"]),
    ],
)
def test_marks_belong_to_their_word(text, words):
    assert content_words(text) == words


def test_rare_words_weigh_more():
    weights = idf([{"pump", "frost"}, {"pump"}, {"pump"}])
    assert weights["zebra"] > weights["frost"] > weights["pump"] > 0
    assert weights.share(["pump", "zebra"], {"pump"}) < 0.3
    assert weights.share([], {"pump"}) == 1.0
