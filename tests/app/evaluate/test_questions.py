import json

import pytest

from app.answering import Answer, Citation, Sentence
from app.evaluate.measures import exact_match, holds, token_f1
from app.evaluate.questions import (
    Question,
    ask_all,
    index_contexts,
    measures,
    read_questions,
    result,
    source_of,
)
from embedder.errors import DataError
from retriever import Hit, Retriever, open_index
from tests.app.fakes import ScriptedModel, chunk

PUMP = chunk("The pump lasts 24 months.", source="/docs/pump.pdf", page=4)
ROSE = chunk("Roses want sun.", source="/docs/rose.md")
ASKED = Question("How long?", "docs/pump.pdf", (4,), ("24 months", "two years"))


def answered(kind="generated", text="It lasts 24 months.", cited=(PUMP,), **fields) -> Answer:
    citations = tuple(Citation(n, c, 0, len(c.text)) for n, c in enumerate(cited, start=1))
    words = {"sentences": (Sentence(text, "", citations),)} if kind == "generated" else {}
    quotes = {"quotes": citations} if kind == "quoted" else {}
    sources = (Hit(ROSE, 0.5), Hit(PUMP, 0.4))
    return Answer(
        question="?", understood="?", kind=kind, sources=sources, **words, **quotes, **fields
    )


def test_a_right_answer_at_the_right_place():
    found = measures(ASKED, answered())
    assert found["right answer, right place"] == 1
    assert found["right document found"] == 1
    assert found["citation precision"] == found["citation recall"] == 1
    assert found["written: token F1"] == pytest.approx(2 / 3)
    assert found["written: exact match"] == 0
    assert found["answerable, yet refused"] == 0


@pytest.mark.parametrize(
    "answer",
    [
        answered(text="It lasts 36 months."),
        answered(cited=(ROSE,)),
        answered(cited=(chunk("The pump lasts.", source="/docs/pump.pdf", page=5),)),
        answered("refused"),
    ],
    ids=["words", "document", "page", "refused"],
)
def test_what_is_not_right(answer):
    assert measures(ASKED, answer)["right answer, right place"] == 0


def test_a_quote_that_holds_the_answer_is_right_and_every_citation_counts():
    found = measures(ASKED, answered("quoted", cited=(PUMP, ROSE)))
    assert found["right answer, right place"] == 1
    assert found["citation precision"] == 0.5
    assert "written: token F1" not in found


def test_a_question_that_nothing_answers_is_to_be_refused():
    nothing = Question("?", "", (), ())
    assert measures(nothing, answered("refused")) == {"unanswerable, refused": 1}
    assert measures(nothing, answered(rejected=("x",))) == {
        "unanswerable, refused": 0,
        "sentences not supported": 0.5,
    }


def test_words_are_compared_as_squad_does():
    assert exact_match("The Pump!", ["pump"])
    assert holds("All of the two years", ["two years"])
    assert not holds("It lasts 124 months", ["24 months"])
    assert token_f1("", ["24 months"]) == 0


def test_questions_are_read_and_their_contexts_each_once(tmp_path):
    file = tmp_path / "rows.jsonl"
    rows = [
        {"question": "a", "context": "It is so.", "answers": ["so"], "is_answerable": True},
        {"question": "b", "context": "It is so.", "answers": [], "is_answerable": False},
        {"question": "c", "file": "x.pdf", "pages": [2], "answers": ["y"], "is_answerable": True},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    questions, contexts = read_questions(file)
    assert contexts == ["It is so."]
    assert questions == [
        Question("a", source_of("It is so."), (), ("so",)),
        Question("b", "", (), ()),
        Question("c", "x.pdf", (2,), ("y",)),
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"question": "a", "answers": "so", "is_answerable": True, "file": "x"},
        {"question": "a", "answers": ["so"], "is_answerable": True},
        {"question": "a", "answers": ["so"], "is_answerable": True, "file": "x", "pages": "2"},
        {"answers": ["so"]},
    ],
    ids=["answers", "no document", "pages", "no question"],
)
def test_a_bad_line_is_named(tmp_path, row):
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row))
    with pytest.raises(DataError, match=r"rows.jsonl, line 1: expected a JSON object with"):
        read_questions(file)


def test_contexts_are_asked_through_a_real_index(tmp_path):
    contexts = ["The warranty of the pump lasts 24 months.", "Roses want sun and water."]
    asked = Question(
        "How long does the warranty of the pump last?", source_of(contexts[0]), (), ("24 months",)
    )
    model = ScriptedModel("The warranty of the pump lasts 24 months [1].")
    with open_index(tmp_path / "index", model.id) as index:
        index_contexts(contexts, model, index)
        found = result("rows", "Duet", list(ask_all([asked], Retriever(model, index))))
    assert found.sizes == {"questions": 1, "answerable": 1}
    assert found.measures["right answer, right place"].value == 1
