"""What the grounding benchmark counts, and that its shards add up to one run."""

import json
from dataclasses import asdict

import pytest

from benchmarks.grounding import Outcome, ask, merged, token_f1
from embedder.chat import REFUSAL
from embedder.encoder import EncoderId

ROWS = [
    {
        "id": str(number),
        "source": "squad2",
        "title": f"title {number}",
        "question": f"what is {number}?",
        "context": f"It is {number}.",
        "answers": [f"It is {number}."] if number % 2 else [],
        "is_answerable": bool(number % 2),
    }
    for number in range(8)
]


class Parrot:
    """Replies with the whole prompt."""

    id = EncoderId("parrot", "1", 0)

    def stream(self, messages, *, answering, max_new_tokens):
        assert answering
        assert max_new_tokens
        return iter([messages[-1]["content"]])


def outcome(reply, *answers, place=2):
    return Outcome("model@1", "1", "squad2", "answerable", place, answers, reply)


@pytest.mark.parametrize(
    ("reply", "answer", "f1"),
    [
        ("The Eiffel Tower!", "eiffel tower", 1.0),
        ("It opened in 1889", "1889", 0.4),
        ("to be or not to be", "to be", 0.5),  # a repeated word counts as often as it is wanted
        ("U.S.", "US", 1.0),
        ("the", "an", 0.0),
        ("", "1889", 0.0),
    ],
)
def test_token_f1_is_squads(reply, answer, f1):
    assert token_f1(reply, answer) == pytest.approx(f1)


def test_the_best_accepted_answer_counts_and_citations_are_no_words():
    assert outcome("It opened in 1889 [2].", "in 1888", "It opened in 1889").token_f1 == 1.0


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("In 1889 [2].", True),
        ("In [2], 1889 [2].", True),
        ("In 1889 [1][2].", False),
        ("1889", False),
    ],
)
def test_only_the_rows_own_passage_may_be_cited(reply, right):
    assert outcome(reply).cites_its_passage == right


@pytest.mark.parametrize(
    ("reply", "answer", "found"),
    [
        ("It was the Eiffel Tower [2].", "Eiffel tower", True),
        ("It was in 1889 [2].", "in 18", False),
        ("a tall Eiffel and a tower", "Eiffel Tower", False),
    ],
)
def test_an_accepted_answer_is_found_as_whole_words_in_order(reply, answer, found):
    assert outcome(reply, answer).has_an_accepted_answer == found


def test_a_refusal_counts_at_the_beginning_only():
    assert outcome(f" {REFUSAL.lower()}").refused
    assert not outcome(f"In 1889 [2]. {REFUSAL}").refused


def test_a_row_without_an_answer_is_asked_with_its_own_context_and_with_others():
    related, unrelated = ask(Parrot(), ROWS[0], ROWS)
    assert f'<passage id="{related.place}">\nIt is 0.\n' in related.reply
    assert (unrelated.case, unrelated.place) == ("unrelated", 0)
    assert "It is 0." not in unrelated.reply


def test_shards_ask_what_one_run_would(tmp_path):
    whole = [outcome for row in ROWS for outcome in ask(Parrot(), row, ROWS)]
    files = [tmp_path / "first.jsonl", tmp_path / "second.jsonl"]
    for number, file in enumerate(files):
        some = [outcome for row in ROWS[number::2] for outcome in ask(Parrot(), row, ROWS)]
        file.write_text("".join(json.dumps(asdict(outcome)) + "\n" for outcome in some))
    assert sorted(merged(files), key=str) == sorted(whole, key=str)
    with pytest.raises(SystemExit, match="4 outcomes stand there twice"):
        merged([files[1], files[1]])
