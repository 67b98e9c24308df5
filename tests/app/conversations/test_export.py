import json

from app.conversations.export import to_json, to_markdown

QUESTION = "How long does the warranty of the pump last?"


def test_a_conversation_can_be_taken_away(conversations, ask):
    identity = conversations.begin(QUESTION)
    turn = conversations.add(identity, QUESTION, ["/docs"])
    conversations.finish(turn.id, ask(QUESTION, "The warranty of the pump lasts 24 months [1]."))
    conversations.add(identity, "And <b>then</b>?")
    kept, turns = conversations.get(identity), conversations.turns(identity)
    told = to_markdown(kept, turns)
    assert told.startswith(f"# {QUESTION}\n\n## {QUESTION}\n\nAsked in /docs\n\n")
    assert "lasts 24 months [1]." in told
    assert "> [1] handbook.pdf, page 4: “The warranty of the pump lasts 24 months.”" in told
    assert "There is no answer." in told
    assert "<b>" not in told.replace("\\<", "")
    data = json.loads(to_json(kept, turns))
    assert data["name"] == QUESTION
    answer = data["turns"][0]["answer"]
    assert answer["sentences"][0]["citations"][0]["chunk"]["source"] == "/docs/handbook.pdf"
    assert data["turns"][1]["answer"] is None
