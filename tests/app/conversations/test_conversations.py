import sqlite3

import pytest

from app.conversations import Conversations, Database, Feedback, StorageError
from app.conversations.conversations import shortened

QUESTION = "How long does the warranty of the pump last?"


def test_an_answer_is_kept_whole_and_read_by_another_process(conversations, database, ask):
    answer = ask(QUESTION, "The warranty of the pump lasts 24 months [1].")
    assert answer.kind == "generated"
    identity = conversations.begin(QUESTION)
    turn = conversations.add(identity, QUESTION, ["/docs"])
    conversations.finish(turn.id, answer)
    database.close()
    (kept,) = Conversations(Database(database.path)).turns(identity)
    assert kept.answer == answer
    assert kept.answer.timings == answer.timings
    assert (kept.question, kept.sources) == (QUESTION, ("/docs",))
    assert kept.answer.citations[0].quote == "The warranty of the pump lasts 24 months."


def test_they_are_listed_newest_first_and_found_by_words_of_a_turn(conversations, ask):
    pump = conversations.begin(QUESTION)
    turn = conversations.add(pump, QUESTION)
    conversations.finish(turn.id, ask(QUESTION, "The warranty of the pump lasts 24 months [1]."))
    zoo = conversations.begin("Wo schläft das ZEBRA?")
    conversations.add(zoo, "Wo schläft das ZEBRA?")
    assert [c.id for c in conversations.listed()] == [zoo, pump]
    conversations.add(pump, "And then?")
    assert [c.id for c in conversations.listed()] == [pump, zoo]
    assert [c.id for c in conversations.listed(words="months 24")] == [pump]
    assert [c.id for c in conversations.listed(words="SCHLÄFT zebra")] == [zoo]
    assert conversations.listed(words="pump then") == []  # of two turns
    assert conversations.listed(words="100%") == []
    conversations.rename(zoo, "Animals % of \n the zoo")
    assert [c.name for c in conversations.listed(words="animals %")] == ["Animals % of the zoo"]
    conversations.rename(zoo, " \n")
    assert conversations.get(zoo).name == "Animals % of the zoo"


def test_each_owner_sees_only_their_own(conversations):
    mine = conversations.begin("Mine?", "ada")
    conversations.begin("Theirs?", "bob")
    assert [c.id for c in conversations.listed("ada")] == [mine]
    assert conversations.listed() == []


def test_what_is_deleted_is_gone_from_the_file(conversations, database):
    identity = conversations.begin("Is the xylophone secret?")
    conversations.add(identity, "Is the xylophone secret?")
    conversations.delete(identity)
    assert conversations.get(identity) is None
    assert conversations.turns(identity) == []
    with pytest.raises(StorageError):
        conversations.add(identity, "And now?")
    database.close()
    assert b"xylophone" not in database.path.read_bytes()


def test_an_answer_can_be_judged_and_asked_for_again(conversations, ask):
    identity = conversations.begin(QUESTION)
    turn = conversations.add(identity, QUESTION)
    conversations.finish(turn.id, ask(QUESTION, "The warranty of the pump lasts 24 months [1]."))
    conversations.rate(turn.id, Feedback(helpful=False, remark="Which pump?"))
    (rated,) = conversations.turns(identity)
    assert rated.feedback == Feedback(helpful=False, remark="Which pump?")
    conversations.reset(turn.id, "Which pump?")
    (again,) = conversations.turns(identity)
    assert (again.question, again.answer, again.feedback) == ("Which pump?", None, Feedback())


def test_an_answer_of_another_version_is_told_and_the_rest_is_shown(conversations, database):
    identity = conversations.begin("Old?")
    conversations.add(identity, "Old?")
    conversations.add(identity, "New?")
    with database.transaction() as connection:
        connection.execute("UPDATE turn SET answer = '{}' WHERE question = 'Old?'")
    old, new = conversations.turns(identity)
    assert "another version" in old.problem
    assert not new.problem


def test_nobody_else_may_read_them(conversations, database):
    conversations.begin("Secret?")
    beside = list(database.path.parent.iterdir())
    assert len(beside) > 1  # the log that is written ahead
    assert {path.stat().st_mode & 0o777 for path in beside} == {0o600}
    assert database.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_is_none_or_newer_is_told(tmp_path):
    path = tmp_path / "conversations.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match=r"conversations\.sqlite3: file is not a database"):
        Conversations(Database(path)).listed()
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StorageError, match=r"later version of Duet \(format 99"):
        Conversations(Database(path)).listed()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Short\nenough?", "Short enough?"),
        ("word " * 20, "word " * 10 + "word…"),
        ("x" * 80, "x" * 59 + "…"),
    ],
)
def test_names_are_short(text, name):
    assert shortened(text) == name
