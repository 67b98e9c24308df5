import threading
import time
from collections.abc import Sequence

import pytest

from app import ask as exported_ask
from app.answering import Exchange, Policy, QuestionError, drain, stream_answer
from embedder.chat import REFUSAL
from embedder.errors import PromptTooLongError, TextTooLongError
from retriever import Filter, Retriever, open_index
from tests.app.conftest import GARDEN, HANDBOOK
from tests.app.fakes import chunk

WARRANTY = "How long does the warranty of the pump last?"
RIGHT = "The warranty of the pump lasts 24 months [1]."


def test_a_supported_answer_is_kept_with_its_quote_and_page(ask):
    answer = ask(WARRANTY, RIGHT)
    assert answer.kind == "generated"
    assert answer.text == RIGHT
    assert answer.notice == ""
    (citation,) = answer.citations
    assert citation.quote == "The warranty of the pump lasts 24 months."
    assert (citation.chunk.source, citation.chunk.page) == (HANDBOOK, 4)
    assert answer.sources[0].chunk == citation.chunk


@pytest.mark.parametrize(
    "reply",
    [
        "The warranty of the pump lasts 24 months [7].",
        "The warranty of the pump lasts 24 months.",
        "The warranty of the pump lasts 36 months [1].",
        "The guarantee covers accidental breakage worldwide [1].",
        "Yes [1].",
        "",
        "pa pa pa pa pa pa pa pa pa pa pa pa pa pa pa pa pa",
    ],
    ids=["unknown", "missing", "figure", "words", "empty claim", "nothing", "noise"],
)
def test_what_the_sources_do_not_support_is_replaced_by_quotes(ask, reply):
    answer = ask(WARRANTY, reply)
    assert answer.kind == "quoted"
    assert answer.sentences == ()
    assert answer.text.startswith("“The warranty of the pump lasts 24 months. It starts")
    assert "own words" in answer.notice
    assert answer.quotes[0].quote.startswith("The warranty of the pump lasts 24 months.")


def test_quotes_are_word_for_word_and_carry_the_number_of_their_passage(ask):
    answer = ask("How many days of annual leave does an employee have?", "Plenty of it [1].")
    for citation in answer.citations:
        assert f"“{' '.join(citation.quote.split())}” [{citation.number}]" in answer.text
        assert answer.sources[citation.number - 1].chunk == citation.chunk


def test_a_sentence_that_is_not_supported_is_never_shown(model, retriever):
    model.reply = (
        "The warranty of the pump lasts 24 months [1]. Batteries are sold separately [1]. "
        "It starts on the day of delivery [1]."
    )
    shown = []
    answer = drain(stream_answer(WARRANTY, retriever), shown.append)
    assert answer.kind == "generated"
    assert answer.text == f"{RIGHT} It starts on the day of delivery [1]."
    assert tuple(shown) == answer.sentences
    assert answer.rejected == ("Batteries are sold separately.",)
    assert "left out" in answer.notice


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ("in writing, to the team lead [1].", "In writing, to the team lead [1]."),
        ("httpd restarts the garden children [1].", "httpd restarts the garden children [1]."),
        ("garden.conf restarts the children [1].", "garden.conf restarts the children [1]."),
        ("writing [1].", "writing [1]."),
    ],
    ids=["a word", "a name of lower case", "a file", "one word alone"],
)
def test_a_short_answer_begins_with_a_capital(model, tmp_path, reply, shown):
    text = (
        "Requests go in writing to the team lead. httpd restarts the garden children, "
        "and garden.conf restarts the children, too."
    )
    with open_index(tmp_path / "index", model.id) as index:
        index.replace_document([chunk(text)], model.encode_documents([text]))
        model.reply = reply
        question = "How do requests go to the team lead, what restarts the garden children?"
        assert exported_ask(question, Retriever(model, index)).text == shown


def test_nothing_is_shown_and_taken_back(model, retriever):
    for reply in (
        "The warranty lasts 36 months [1]. Batteries cost extra [1].",
        REFUSAL,
        "Yes [1].",
    ):
        model.reply = reply
        shown = []
        drain(stream_answer(WARRANTY, retriever), shown.append)
        assert shown == []


def test_a_model_that_is_stuck_is_cut_off(model, retriever):
    model.reply = f"{RIGHT} " * 100
    answer = drain(stream_answer(WARRANTY, retriever))
    assert answer.text == RIGHT
    assert model.written < 40


def test_numbers_begin_at_one_in_the_order_of_the_text(model, retriever):
    question = "How long does the warranty of the pump last, and how often is compost turned?"
    places = [hit.chunk.text[:8] for hit in retriever.retrieve(question)]
    warranty, compost = places.index("The warr") + 1, places.index("Compost ") + 1
    model.reply = (
        f"Compost should be turned every two weeks [{compost}]. "
        f"The warranty of the pump lasts 24 months [{warranty}]."
    )
    answer = drain(stream_answer(question, retriever))
    assert [c.number for c in answer.citations] == [1, 2]
    assert [hit.chunk.text[:8] for hit in answer.sources[:2]] == ["Compost ", "The warr"]
    assert len(answer.sources) == len(places)


@pytest.mark.parametrize(
    "reply",
    [
        "Here is the summary:\n\n1. The warranty of the pump lasts 24 months [1].\n"
        "2. It starts on the day of delivery [1].\n3. Damage by frost is excluded [1].",
        "|a|b|c|d|e|f|g|\n|---|---|---|---|---|---|---| \n" + RIGHT,
        "-" * 24 + f" \n{RIGHT}",
        f"{RIGHT}\n\n" + "-" * 40,
    ],
    ids=["list", "table", "rule", "rule at the end"],
)
def test_the_markdown_of_chat_models_is_no_doubt(ask, reply):
    answer = ask(WARRANTY, reply)
    assert (answer.kind, answer.text) == ("generated", reply.rstrip("-\n"))


def test_a_question_about_something_else_is_refused_without_the_model(ask, model, monkeypatch):
    monkeypatch.setattr(model, "likelihood_gains", None)  # whoever calls it fails
    answer = ask("Who won the football world cup in Brazil?", "Germany won it [1].")
    assert (answer.kind, answer.text, answer.sentences) == ("refused", REFUSAL, ())
    assert "something else" in answer.notice
    assert model.prompts == []


def test_the_gate_is_an_argument(ask):
    open_gate = {"min_relevance": 0.0}
    answer = ask("Who won the football world cup in Brazil?", REFUSAL, policy=open_gate)
    assert answer.kind == "refused"
    assert "None of the passages" in answer.notice
    assert ask(WARRANTY, RIGHT, policy={"min_score": 1.1}).kind == "refused"


def test_a_refusal_is_believed_unless_a_passage_covers_the_question(ask):
    half = ask("Which colour does the warranty card of the pump have?", REFUSAL)
    assert (half.kind, half.text) == ("refused", REFUSAL)
    assert half.quotes[0].quote.startswith("The warranty of the pump")  # the closest, as such
    covered = ask(WARRANTY, REFUSAL)
    assert covered.kind == "quoted"
    assert "closest" in covered.notice


def test_a_refusal_is_not_believed_where_the_passage_makes_the_question_far_likelier(
    ask, model, monkeypatch
):
    for gain, kind in ((1.0, "refused"), (2.5, "quoted")):
        monkeypatch.setattr(
            model, "likelihood_gains", lambda _, texts, gain=gain: [gain] * len(texts)
        )
        answer = ask("Which colour does the warranty card of the pump have?", REFUSAL)
        assert answer.kind == kind


def test_a_refusal_may_be_worded_loosely(ask):
    question = "Which colour does the warranty card of the pump have?"
    assert ask(question, f" {REFUSAL.upper()} [1] ").text == REFUSAL


def test_nothing_is_quoted_that_has_nothing_to_do_with_the_question(ask):
    answer = ask(WARRANTY, "Gibberish [1].", policy={"min_quote": 1.99})
    assert (answer.kind, answer.text, answer.sentences) == ("refused", REFUSAL, ())


def test_whole_passages_are_left_out_when_the_window_is_small(ask, model):
    model.context_tokens = 112
    answer = ask(WARRANTY, RIGHT)
    assert answer.kind == "generated"
    assert answer.left_out
    prompt = " ".join(message["content"] for message in model.prompts[0])
    assert all(hit.chunk.text in prompt for hit in answer.sources if hit not in answer.left_out)
    assert not any(hit.chunk.text in prompt for hit in answer.left_out)
    assert model.count_prompt_tokens(model.prompts[0]) <= 112 * 3 / 4


def test_passages_too_long_for_the_window_are_still_quoted(ask, model):
    model.context_tokens = 88
    answer = ask(WARRANTY, RIGHT)
    assert answer.kind == "quoted"
    assert "window" in answer.notice
    assert model.prompts == []


def test_a_filter_limits_the_search(model, retriever):
    model.reply = "Anything [1]."
    answer = exported_ask("When is the last frost?", retriever.within(Filter(source=GARDEN)))
    assert {hit.chunk.source for hit in answer.sources} == {GARDEN}


def test_stop_keeps_what_is_written(model, retriever):
    model.reply = f"{RIGHT} It starts on the day of delivery [1]. And so on and on."
    stop = threading.Event()

    answer = drain(stream_answer(WARRANTY, retriever, stop=stop), lambda _sentence: stop.set())
    assert (answer.kind, answer.text) == ("stopped", RIGHT)
    assert answer.citations
    assert "Stopped" in answer.notice


def test_a_time_limit_keeps_what_is_written_and_says_so(model, retriever):
    model.reply = f"{RIGHT} It starts on the day of delivery [1]. And so on and on."

    def wait(_sentence):
        time.sleep(0.4)

    stream = stream_answer(WARRANTY, retriever, policy=Policy(max_seconds=0.3))
    answer = drain(stream, wait)

    assert (answer.kind, answer.text) == ("stopped", RIGHT)
    assert answer.notice == "Ended after 0.3 seconds: the time limit of an answer."


def test_stop_while_the_closest_sentences_are_ranked_ends_the_answer(model, retriever, monkeypatch):
    model.reply = REFUSAL
    stop = threading.Event()
    read = []

    def gains(_question: str, passages: Sequence[str]) -> list[None]:
        read.append(passages)
        stop.set()
        return [None] * len(passages)

    monkeypatch.setattr(model, "likelihood_gains", gains)
    answer = drain(stream_answer(WARRANTY, retriever, stop=stop))
    assert (answer.kind, answer.citations) == ("stopped", ())
    assert len(read) == 1


def test_stop_keeps_from_quoting(model, retriever):
    model.context_tokens = 88  # no passage fits: there is nothing but quotes
    stop = threading.Event()
    stop.set()
    answer = drain(stream_answer(WARRANTY, retriever, stop=stop))
    assert (answer.kind, answer.text, answer.citations) == ("stopped", "", ())


@pytest.mark.parametrize("question", ["", "  \n"])
def test_an_empty_question_is_an_error(ask, question):
    with pytest.raises(QuestionError, match="empty"):
        ask(question)


def test_a_huge_question_is_an_error_with_figures(ask, model):
    with pytest.raises(TextTooLongError, match=r"20,000 tokens.*at most 200"):
        ask("pump " * 20_000)
    model.context_tokens = 60
    with pytest.raises(PromptTooLongError, match=r"prompt of \d+ tokens.*room for 45"):
        ask(WARRANTY)


def test_a_question_of_stop_words_reaches_the_model(ask, model):
    ask("What is this about?", "x", policy={"min_relevance": 0.5})
    assert model.prompts


def test_the_package_exports_ask(model, retriever):
    model.reply = RIGHT
    assert exported_ask(WARRANTY, retriever).text == RIGHT


def test_a_follow_up_is_searched_as_it_is_understood(ask, model):
    first = ask(WARRANTY, RIGHT)
    model.prompts.clear()
    then = ask("And when does it start?", "On the day of delivery [1].", history=[first.exchange])
    assert then.question == "And when does it start?"
    assert "warranty" in then.understood
    assert then.understood in model.prompts[0][-1]["content"]
    assert then.kind == "generated"


def test_a_follow_up_too_long_for_the_encoder_is_asked_as_it_stands(ask, model):
    model.max_tokens = 6
    then = ask(
        "And when does it start?",
        RIGHT,
        history=[Exchange(WARRANTY, RIGHT)],
        policy={"min_relevance": 0.0},
    )
    assert then.understood == then.question
