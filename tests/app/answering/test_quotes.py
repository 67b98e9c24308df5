from app.answering.check.support import Citation
from app.answering.quotes import closest_quotes, rank_quotes
from app.answering.reading import Reader
from retriever import Hit
from tests.app.fakes import ScriptedModel, chunk

MODEL = ScriptedModel()


def hits(*texts: str, **fields: object) -> list[Hit]:
    return [Hit(chunk(text, position=n, **fields), 0.5) for n, text in enumerate(texts)]


def asking(question: str) -> Reader:
    return Reader(question, MODEL)


def first(question: str, *texts: str, **fields: object) -> str:
    return rank_quotes(asking(question), hits(*texts, **fields))[0].text


def test_the_sentence_with_the_answer_comes_first():
    text = "Pumps are heavy. The warranty of the pump lasts two full years. Call us for help."
    assert first("How long does the warranty of the pump last?", text) == (
        "The warranty of the pump lasts two full years."
    )


def test_headings_and_questions_are_not_answers():
    text = "# Length of passwords\n\nWhat is the minimal length?\n\nAt least twelve characters."
    assert first("What is the minimal length of passwords?", text) == "At least twelve characters."


def test_underlined_headings_of_plain_text_are_not_answers():
    text = "Length of safe passwords\n========================\n\nAt least twelve characters."
    assert first("What is the length of safe passwords?", text) == "At least twelve characters."


def test_what_stands_above_a_sentence_helps_it():
    plain = "It ends after two full years."
    other = "It weighs about nine kilos."
    found = rank_quotes(
        asking("warranty period"), hits(other) + hits(plain, headings=("Warranty period",))
    )
    assert found[0].text == plain


def test_the_language_model_is_asked_which_sentence_makes_the_question_likelier(monkeypatch):
    text = "The pump for the garden is green.\n\nIn the garden it waters for two years.\n\nRoses."
    question = "How long is the garden pump good?"
    assert first(question, text).startswith("The pump")
    monkeypatch.setattr(
        MODEL, "likelihood_gains", lambda _, texts: [3.0 * ("two years" in text) for text in texts]
    )
    assert first(question, text).startswith("In the garden")


def test_the_sentence_at_which_the_model_looks_comes_first():
    text = "The pump for the garden is green.\n\nIn the garden it waters for two years.\n\nRoses."
    model = ScriptedModel()
    model.doubts, model.looks_at = {"two years": 0.05}, {"two years": 0.4}
    asked = Reader("How long is the garden pump good?", model)
    ranked = rank_quotes(asked, hits(text), read_on=lambda: False)
    assert [quote.text.split()[0] for quote in ranked] == ["The", "In"]
    assert [quote.text.split()[0] for quote in rank_quotes(asked, hits(text))] == ["In", "The"]
    table = "Pumps for small gardens: one summer\n\nTubs for large gardens: twelve summers"
    model.doubts, model.looks_at = {"Tubs": 0.1}, {"twelve": 0.4}
    found = hits(table, context="Good for how long?")
    assert rank_quotes(asked, found)[0].text.startswith("Tubs")


def test_a_sentence_of_a_passage_that_answers_comes_before_one_of_a_passage_that_does_not():
    model = ScriptedModel()
    model.doubts = {"two years": 0.05, "green": 0.95}
    found = hits("The pump for the garden is green.", "In the garden it waters for two years.")
    ranked = rank_quotes(Reader("How long is the garden pump good?", model), found)
    assert [quote.number for quote in ranked] == [2, 1]


def test_the_bundled_model_prefers_what_answers_to_what_shares_more_words(bundled):
    shares = "The choir of the school sings on Sundays."
    answers = "Its leader since May is Ruth Adler, a violinist."
    asked = Reader("Who leads the choir of the school?", bundled)
    found = hits(f"{shares}\n\n{answers}")
    by_words = rank_quotes(asked, found, read_on=lambda: False)
    assert [quote.text for quote in by_words] == [shares, answers]
    assert [quote.text for quote in rank_quotes(asked, found)] == [answers, shares]


def test_the_language_model_is_not_asked_where_it_need_not_be_or_is_to_stop(monkeypatch):
    asked = []
    monkeypatch.setattr(
        MODEL, "likelihood_gains", lambda _, texts: asked.append(texts) or [None] * len(texts)
    )
    found = hits("The pump is heavy and green.\n\nRoses want sun and water.")
    assert len(closest_quotes(asking("How heavy is it?"), found, read_on=lambda: False)) == 2
    assert asked == []
    closest_quotes(asking("How heavy is it?"), found, read_on=lambda: not asked)
    assert len(asked) == 1


def test_tables_are_quoted_by_the_line():
    table = "\n".join(
        f"row {n} costs {n} euros without any shipping fees at all" for n in range(40)
    )
    assert first("What does row 17 cost?", table) == (
        "row 17 costs 17 euros without any shipping fees at all"
    )


def test_overlapping_chunks_give_one_quote():
    text = "The warranty of the pump lasts two full years."
    assert (
        len(closest_quotes(asking("How long is the pump warranty?"), hits(text, text), least=0))
        == 1
    )


def test_nothing_to_quote():
    assert closest_quotes(asking("pump?"), hits("# Pump", "Pump?", "12"), least=0) == []
    assert closest_quotes(asking("pump?"), [], least=0) == []


def test_the_closest_three_are_shown_where_none_is_near():
    text = (
        "The pump is heavy and green.\n\nRoses want sun and water.\n\n"
        "Compost smells of forest soil."
    )
    question = "How heavy is the pump?"
    assert len(closest_quotes(asking(question), hits(text), least=0.3)) == 1
    assert len(closest_quotes(asking(question), hits(text), least=0)) == 3


def test_a_quote_goes_on_while_it_stays_short():
    text = "The green pump is heavy in use:\n- 20 kg dry.\n- 23 kg with oil.\n\nRoses want sun."
    (first, *_) = closest_quotes(asking("How heavy is the green pump?"), hits(text))
    assert first.quote == text[: text.index("\n\n")]
    long = f"The green pump is heavy in use. It {'very ' * 80}weighs 20 kg."
    quotes = closest_quotes(asking("How heavy is the green pump?"), hits(long))
    assert "The green pump is heavy in use." in [quote.quote for quote in quotes]


def test_entries_are_quoted_one_by_one_and_those_of_other_codes_are_not():
    codes = "KX-2104: The lamp is hot; wait.\nKX-2140: The door is open; close it.\nKX-3: No paper."
    found = closest_quotes(asking("What does KX-2140 mean?"), hits(codes), least=0.5)
    assert [quote.quote for quote in found] == ["KX-2140: The door is open; close it."]
    other = Citation(1, hits(codes)[0].chunk, 0, codes.index("\n"))
    led = closest_quotes(asking("What does KX-2140 mean?"), hits(codes), first=[other])
    assert led[0].quote.startswith("KX-2140")
    lease = "Tenant: Maria Costa\nDeposit: 1,800 EUR\nPets: forbidden\nRent: 900 EUR"
    assert first("What is the deposit?", lease) == "Deposit: 1,800 EUR"
    assert first("What about pets?", lease) == "Pets: forbidden"


def test_what_an_answer_rested_on_leads():
    text = "The green pump is heavy in use.\n\nRoses want sun and water."
    (hit,) = hits(text)
    guess = Citation(1, hit.chunk, text.index("Roses"), len(text))
    found = closest_quotes(asking("How heavy is the green pump?"), [hit], first=[guess])
    assert [quote.quote[:5] for quote in found] == ["Roses", "The g"]


def test_what_leads_in_is_quoted_with_what_it_leads_to():
    text = "The secrets of a green pump:\n\n1. They are long.\n2. They are kept.\n\nRoses want sun."
    (first, *_) = closest_quotes(asking("What are the secrets of a pump?"), hits(text))
    assert first.quote == text[: text.index("\n\nRoses")]


def test_headings_of_pages_and_entries_of_bibliographies_are_no_answers():
    page = "Specifying a fallback default value\n\nReact returns the fallback value then."
    question = "What is the fallback default value?"
    told = [quote.text for quote in rank_quotes(asking(question), hits(page))]
    assert told == ["React returns the fallback value then."]
    slide = hits(page, media_type="application/vnd.openxmlformats-officedocument")
    assert len(rank_quotes(asking(question), slide)) == 2
    paper = "Waves in boxes: a course. Journal of Waves, 1(9), 21. The course takes four weeks."
    assert (
        first("How long is the course on waves in boxes?", paper) == "The course takes four weeks."
    )
    asked = "In which journal did the course on waves appear?"
    assert any("1(9)" in quote.text for quote in rank_quotes(asking(asked), hits(paper)))


def test_quotes_that_overlap_become_one():
    sentences = [f"Pump number {n} moves water {'well ' * 9}here." for n in range(4)]
    passage = chunk(" ".join(sentences))
    led = [
        Citation(1, passage, start, start + len(sentence))
        for sentence in (sentences[1], sentences[0])
        for start in [passage.text.index(sentence)]
    ]
    (quote,) = closest_quotes(asking("Where is it?"), [Hit(passage, 0.5)], first=led)[:1]
    assert quote.quote.startswith("Pump number 0")
    assert "Pump number 3" in quote.quote
