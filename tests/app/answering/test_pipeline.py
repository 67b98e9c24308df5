import threading

import pytest

from app import answer as exported_answer
from app.answering.pipeline import QuestionError, drain, stream_answer
from embedder.chat import REFUSAL
from embedder.errors import PromptTooLongError, TextTooLongError
from tests.app.conftest import GARDEN, HANDBOOK

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
        "The warranty lasts 24 months [1]. " * 4,
    ],
    ids=["unknown", "missing", "figure", "words", "empty claim", "nothing", "noise", "loop"],
)
def test_what_the_sources_do_not_support_is_replaced_by_quotes(ask, reply):
    answer = ask(WARRANTY, reply)
    assert answer.kind == "quoted"
    assert answer.text.startswith("“The warranty of the pump lasts 24 months.” [1]")
    assert "Quoted" in answer.notice
    assert answer.citations[0].quote == "The warranty of the pump lasts 24 months."


def test_quotes_are_word_for_word_and_carry_the_number_of_their_passage(ask):
    answer = ask("How many days of annual leave does an employee have?", "Plenty of it [1].")
    for citation in answer.citations:
        assert f"“{' '.join(citation.quote.split())}” [{citation.number}]" in answer.text
        assert answer.sources[citation.number - 1].chunk == citation.chunk


def test_one_doubtful_sentence_among_good_ones_is_marked(ask):
    reply = (
        "The warranty of the pump lasts 24 months [1]. It starts on the day of delivery [1]. "
        "Batteries are sold separately [1]."
    )
    answer = ask(WARRANTY, reply)
    assert answer.kind == "generated"
    marked = [span.of(answer.text) for span in answer.unsupported]
    assert marked == ["Batteries are sold separately [1]."]


def test_a_looping_model_is_cut_off(model, retriever):
    pieces = []
    model.reply = "round and round " * 500
    stream = stream_answer(WARRANTY, retriever, model)
    drain(stream, pieces.append)
    assert len(pieces) < 20


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
    assert (answer.kind, answer.text) == ("generated", reply)


def test_a_question_about_something_else_is_refused_without_the_model(ask, model):
    answer = ask("Who won the football world cup in Brazil?", "Germany won it [1].")
    assert (answer.kind, answer.text, answer.citations) == ("refused", REFUSAL, ())
    assert "No passage" in answer.notice
    assert model.prompts == []


def test_the_gate_is_an_argument(ask):
    open_gate = {"min_relevance": 0.0}
    answer = ask("Who won the football world cup in Brazil?", REFUSAL, policy=open_gate)
    assert (answer.kind, answer.notice) == ("refused", "")
    assert ask(WARRANTY, RIGHT, policy={"min_score": 1.1}).kind == "refused"


def test_a_refusal_is_believed_unless_a_passage_covers_the_question(ask):
    half = ask("Which colour does the warranty card of the pump have?", REFUSAL)
    assert (half.kind, half.text) == ("refused", REFUSAL)
    covered = ask(WARRANTY, REFUSAL)
    assert covered.kind == "quoted"
    assert "closest" in covered.notice


def test_a_refusal_may_be_worded_loosely(ask):
    question = "Which colour does the warranty card of the pump have?"
    assert ask(question, f" {REFUSAL.upper()} [1] ").text == REFUSAL


def test_nothing_is_quoted_that_has_nothing_to_do_with_the_question(ask):
    answer = ask(WARRANTY, "Gibberish [1].", policy={"min_quote": 1.99})
    assert (answer.kind, answer.text, answer.citations) == ("refused", REFUSAL, ())


def test_whole_passages_are_left_out_when_the_window_is_small(ask, model):
    model.context_tokens = 112
    answer = ask(WARRANTY, RIGHT)
    assert answer.kind == "generated"
    assert answer.left_out
    prompt = " ".join(message["content"] for message in model.prompts[0])
    assert all(hit.chunk.text in prompt for hit in answer.sources)
    assert not any(hit.chunk.text in prompt for hit in answer.left_out)
    assert model.count_prompt_tokens(model.prompts[0]) <= 112 * 3 / 4


def test_passages_too_long_for_the_window_are_still_quoted(ask, model):
    model.context_tokens = 88
    answer = ask(WARRANTY, RIGHT)
    assert answer.kind == "quoted"
    assert "window" in answer.notice
    assert model.prompts == []


def test_a_source_limits_the_search(ask):
    answer = ask("When is the last frost?", "Anything [1].", source=GARDEN)
    assert {hit.chunk.source for hit in answer.sources} == {GARDEN}


def test_stop_keeps_what_is_written(model, retriever):
    model.reply = f"{RIGHT} It starts on the day of delivery [1]. And so on and on."
    stop = threading.Event()
    written = ""

    def watch(piece: str) -> None:
        nonlocal written
        written += piece
        if "[1]." in written:
            stop.set()

    answer = drain(stream_answer(WARRANTY, retriever, model, stop=stop), watch)
    assert (answer.kind, answer.text) == ("stopped", RIGHT)
    assert answer.citations
    assert "Stopped" in answer.notice


def test_stop_keeps_from_quoting(model, retriever):
    model.context_tokens = 88  # no passage fits: there is nothing but quotes
    stop = threading.Event()
    stop.set()
    answer = drain(stream_answer(WARRANTY, retriever, model, stop=stop))
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


def test_the_package_exports_answer(model, retriever):
    model.reply = RIGHT
    assert exported_answer(WARRANTY, retriever, model).text == RIGHT
