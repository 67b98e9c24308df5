"""The scripts behind `data/model`, run for real at a tiny size."""

import json
import lzma
import random
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from embedder import LLM2VecGen
from embedder.chat import REFUSAL
from embedder.demo_model.averages import AverageSchedule, TokenAverages, train_averages
from embedder.demo_model.build import Plan, build
from embedder.demo_model.conversations import ConversationBatches
from embedder.demo_model.corpus import (
    QuestionRow,
    read_documents,
    read_questions,
    read_utterances,
    sentences,
)
from embedder.demo_model.examples import Asked, Example, ExampleMaker
from embedder.demo_model.excerpts import excerpt
from embedder.demo_model.guidance import GUIDED
from embedder.demo_model.joint import JointModel, Shape
from embedder.demo_model.pairs import Pair, make_pairs
from embedder.demo_model.pretrain import Schedule
from embedder.demo_model.questions import ask, telling_words
from embedder.demo_model.tokenizer import train_tokenizer
from embedder.errors import DuetError

PARAGRAPHS = [
    "The typewriter was patented in 1868 by Christopher Latham Sholes. It changed all writing.",
    "Polar bears live in the Arctic, where they hunt seals on the sea ice. They can swim for days.",
    "A container is a running process with resource limits. Many containers share one kernel.",
    "“Where have you been all this long day?” she asked. The old man said nothing at all to her.",
    "Photosynthesis is the process by which plants turn light into sugar. It releases oxygen.",
    "The committee has seven members and meets on Mondays. Its chair can call other meetings.",
]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """A folder with one plain and one compressed file of three documents each."""
    folder = tmp_path_factory.mktemp("text")
    rng = random.Random(0)
    documents = ["\n".join(rng.sample(PARAGRAPHS, 4)) for _ in range(6)]
    (folder / "a.txt").write_text("\n\n".join(documents[:3]))
    with lzma.open(folder / "b.txt.xz", "wt") as file:
        file.write("\n\n".join([*documents[3:], "too short"]))
    return folder


@pytest.fixture(scope="module")
def plan(text, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    questions = work / "questions.jsonl"
    row = {
        "question": "Where do polar bears live?",
        "context": PARAGRAPHS[1],
        "answer": "the Arctic",
    }
    questions.write_text(json.dumps(row) + "\n")
    utterances = work / "utterances"
    utterances.mkdir()
    said = [{"text": text, "intent": "alarm"} for text in ("wake me at six", "set an alarm")]
    rasa = {"rasa_nlu_data": {"common_examples": said}}
    (utterances / "fold1.json").write_text(json.dumps(rasa))
    return Plan(
        text=text,
        questions=[questions],
        utterances=utterances,
        work=work / "run",
        vocabulary=400,
        pairs=24,
        shape=Shape(hidden=32, identity=8, blank=8, layers=2, heads=4, feedforward=48, context=512),
        averages=AverageSchedule(steps=10, pairs=8),
        schedule=Schedule(
            steps=6, easy_steps=2, warmup=2, tokens=1024, pairs_every=2, save_seconds=0
        ),
    )


def final_state(folder):
    return torch.load(folder / "pretrain.pt", weights_only=True)["model"]


def test_a_build_makes_a_checkpoint_that_loads_encodes_and_generates(plan, tmp_path):
    build(plan, tmp_path / "model")
    model = LLM2VecGen.from_pretrained(tmp_path / "model", device="cpu", dtype="float32")
    assert model.encode_documents(PARAGRAPHS).shape == (6, 384)
    turn = [{"role": "user", "content": "Hi"}]
    prompt = model._tokenizer.decode(model._prompter.prompt_ids(turn))
    assert prompt == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    assert model._stop_ids == {model._tokenizer.convert_tokens_to_ids("<|im_end|>")}
    assert len(list(model.stream(turn, max_new_tokens=4))) <= 4
    log = [json.loads(line) for line in (plan.work / "pretrain.jsonl").read_text().splitlines()]
    assert [record["step"] for record in log] == list(range(1, 7))
    assert all(np.isfinite(record["reply"]) for record in log)
    picture = (plan.work / "pretrain.svg").read_text()
    assert all(f">{name}</text>" in picture for name in ("reply", "embed", "cosine"))


def test_a_build_that_was_stopped_goes_on_to_the_same_weights(plan, tmp_path, monkeypatch):
    unbroken, stopped = (replace(plan, work=tmp_path / name) for name in ("unbroken", "stopped"))
    build(unbroken, tmp_path / "model")
    clip, steps = torch.nn.utils.clip_grad_norm_, iter(range(3))

    def clip_three_times(*arguments):
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return clip(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("torch.nn.utils.clip_grad_norm_", clip_three_times)
        with pytest.raises(KeyboardInterrupt):
            build(stopped, tmp_path / "model")
    assert torch.load(stopped.work / "pretrain.pt", weights_only=True)["step"] == 3
    build(stopped, tmp_path / "model")
    for name, weights in final_state(unbroken.work).items():
        torch.testing.assert_close(final_state(stopped.work)[name], weights, atol=1e-4, rtol=0)


def test_a_folder_without_text_says_what_it_expected(tmp_path):
    with pytest.raises(DuetError, match=r"expected \*\.txt or \*\.txt\.xz files in"):
        read_documents(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "embedder.demo_model", "out", "--text", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: expected *.txt")


def test_documents_are_lists_of_paragraphs(text):
    documents = read_documents(text)
    assert [len(document) for document in documents] == [4] * 6


def test_every_question_is_answered_by_its_numbered_passage_or_refused(text, plan):
    maker = ExampleMaker(read_documents(text), read_questions(plan.questions[0]))
    drawn = [example for example, _ in zip(maker.draw(0), range(200), strict=False)]
    asked = [(asked, example) for example in drawn for asked in example.asked]
    for question, example in asked:
        assert question.sentence in example.passages[question.passage]
    refused = sum(question.reply == REFUSAL for question, _ in asked)
    assert 0.1 < refused / len(asked) < 0.3
    assert max(len(example.asked) for example in drawn) > 3


def test_a_small_source_is_drawn_from_as_often_as_a_large_one():
    def row(source):
        return QuestionRow(f"What did {source} do?", f"The {source} swam home.", source, source)

    maker = ExampleMaker([["A document of one paragraph."]], [row("bear"), *[row("seal")] * 50])
    drawn = [example for example, _ in zip(maker.draw(0), range(200), strict=False)]
    passages = [passage for example in drawn for passage in example.passages]
    bears, seals = (sum(word in passage for passage in passages) for word in ("bear", "seal"))
    assert 0.7 < bears / seals < 1.4


def test_easy_questions_are_words_of_the_sentence_to_copy(text):
    maker = ExampleMaker(read_documents(text), [])
    for example, _ in zip(maker.draw_easy(0), range(100), strict=False):
        assert len(example.passages) <= 3
        for asked in example.asked:
            assert asked.reply.endswith(f"{asked.sentence} [{asked.passage + 1}]")
            assert asked.sentence in example.passages[asked.passage]
            assert set(telling_words(asked.question)) & set(telling_words(asked.sentence))


def test_utterances_are_read_by_intent_and_only_once(plan, tmp_path):
    assert read_utterances(plan.utterances) == [["wake me at six", "set an alarm"]]
    with pytest.raises(DuetError, match=r"expected Rasa NLU \*\.json files in"):
        read_utterances(tmp_path)


@pytest.fixture(scope="module")
def averages(plan, tmp_path_factory):
    """Trained on two kinds of pairs, whose vectors lie in two directions."""
    torch.manual_seed(0)
    tokenizer = train_tokenizer(PARAGRAPHS, 300)
    pairs = [Pair("polar bears", PARAGRAPHS[1]), Pair("a container", PARAGRAPHS[2])] * 8
    vectors = np.zeros((32, 8), np.float16)
    vectors[[i for i in range(32) if i % 4 < 2], 0] = 1
    vectors[[i for i in range(32) if i % 4 >= 2], 1] = 1
    model = TokenAverages(torch.randn(len(tokenizer), 15), blank=8, identity=8, dimension=8)
    train_averages(model, tokenizer, pairs, vectors, AverageSchedule(steps=200, pairs=8))
    return model, tokenizer


def test_averages_of_tokens_learn_the_teachers_vectors(averages):
    model, tokenizer = averages
    texts = [f"Summarize the following passage: {text}" for text in PARAGRAPHS[1:3]]
    embedded = model(tokenizer(texts).input_ids)
    torch.testing.assert_close(embedded.norm(dim=1), torch.ones(2))
    assert embedded[0, 0] > 0.9
    assert embedded[1, 1] > 0.9


def test_tokens_differ_in_what_they_mean_not_in_length(averages):
    model, _ = averages
    meaning, blank, identity = model.table().split([16, 8, 8], dim=1)
    assert not blank.any()
    for part in (meaning, identity):
        lengths = part.norm(dim=1)
        torch.testing.assert_close(lengths, lengths[:1].expand_as(lengths))


def test_the_joint_model_embeds_like_the_averages_it_starts_from(averages):
    model, tokenizer = averages
    shape = Shape(32, 8, 8, layers=2, heads=4, feedforward=48, context=64, dimension=8)
    joint = JointModel(shape, model)
    ids = tokenizer(PARAGRAPHS[1:3], padding=True, padding_side="right", return_tensors="pt")
    with torch.no_grad():
        embedded = joint.embed(ids["input_ids"], ids["attention_mask"].sum(dim=1))
        started = model(tokenizer(PARAGRAPHS[1:3]).input_ids)
    assert (embedded * started).sum(dim=1).min() > 0.97


@pytest.fixture(scope="module")
def passages_and_questions():
    return Example(
        PARAGRAPHS[:3],
        [
            Asked("who patented it?", sentences(PARAGRAPHS[0])[0], 0),
            Asked("how long can bears swim?", sentences(PARAGRAPHS[1])[1], 1),
            Asked("What is the capital of Peru?"),
        ],
    )


def test_questions_about_the_same_passages_do_not_see_each_other(averages, passages_and_questions):
    """Scores of a question among others are those of a conversation with it alone."""
    model, tokenizer = averages
    joint = JointModel(Shape(32, 8, 8, layers=2, heads=4, feedforward=48, dimension=8), model)
    for parameter in joint.lm.model.layers.parameters():  # also what starts at zero
        torch.nn.init.normal_(parameter, std=0.2)

    def scores(example):
        batches = ConversationBatches(tokenizer, ExampleMaker([], []), 10_000, 0.0)
        batch = batches.collate([batches.encode(example)], torch.Generator())
        with torch.no_grad():
            return joint(batch, torch.nn.functional.pad(batch.reply[:, 1:] > 0, (0, 1)))[0]

    example = passages_and_questions
    apart = [scores(replace(example, asked=[asked])) for asked in example.asked]
    torch.testing.assert_close(scores(example), torch.cat(apart), atol=1e-4, rtol=1e-4)


def test_heads_are_told_to_look_at_the_sentence_and_its_number(averages, passages_and_questions):
    _, tokenizer = averages
    batches = ConversationBatches(tokenizer, ExampleMaker([], []), 10_000, 0.0)
    encoded = batches.encode(passages_and_questions)

    def seen(name):
        looks = [look for look in encoded.looks if look.head == name]
        texts = [tokenizer.decode(encoded.ids[look.keys.start : look.keys.stop]) for look in looks]
        return looks, texts

    asked = passages_and_questions.asked
    looks, texts = seen("choice")
    assert [text.strip() for text in texts] == [a.sentence for a in asked[:2]]
    following = [tokenizer.decode(encoded.ids[look.query + 1 :])[:9] for look in looks]
    assert following == ["The typew", " They can"]
    looks, texts = seen("refusal")
    assert [text.strip() for text in texts] == [*(a.sentence for a in asked[:2]), "<|im_start|>"]
    assert tokenizer.decode(encoded.ids[looks[2].query + 1 :]).startswith(REFUSAL)
    for look in seen("copy")[0]:
        assert encoded.ids[look.query + 1] == encoded.ids[look.keys.start]
    for name in ("choice", "again", "citation", "copy"):
        turns = {look.query for look in seen(name)[0]}
        looks, texts = seen(f"silent {name}")
        assert set(texts) == {"<|im_start|>"}
        assert not turns & {look.query for look in looks}
    texts = seen("summary")[1]
    assert [text.strip() for text in texts] == [
        "who patented it?",
        "who patented it?",
        asked[0].sentence,
        "how long can bears swim?",
        "how long can bears swim?",
        asked[1].sentence,
        "What is the capital of Peru?",
    ]
    assert {text.strip() for text in seen("second")[1]} == {"t", "y"}
    assert asked[0].sentence.endswith(seen("again")[1][0])
    looks, texts = seen("citation")
    assert [encoded.ids[look.query + 1] for look in looks] == tokenizer("12").input_ids
    assert set(seen("number")[1]) == {"1", "2"}
    assert {text.strip()[:2] for text in seen("beginning")[1]} <= {"Th", "T"}


def test_a_sentence_of_two_passages_is_looked_for_in_the_one_to_cite(averages):
    _, tokenizer = averages
    sentence = sentences(PARAGRAPHS[0])[0]
    passages = [PARAGRAPHS[0], PARAGRAPHS[1], sentence]
    asked = [Asked("who patented it?", sentence, 2), Asked("and when?", sentence, 0)]
    batches = ConversationBatches(tokenizer, ExampleMaker([], []), 10_000, 0.0)
    encoded = batches.encode(Example(passages, asked))
    keys = {name: [] for name in ("choice", "number")}
    for look in encoded.looks:
        if look.head in keys and look.keys not in keys[look.head]:
            keys[look.head].append(look.keys)
    (third, first), (three, one) = keys["choice"], keys["number"]
    assert first.start > one.start
    assert first.stop < three.start < third.start
    assert tokenizer.decode(encoded.ids[three.start : three.stop]) == "3"


def test_the_token_that_prompts_begin_with_says_nothing(averages):
    model, tokenizer = averages
    joint = JointModel(Shape(32, 8, 8, layers=2, heads=4, feedforward=48, dimension=8), model)
    rows = joint.lm.get_input_embeddings().weight
    assert rows[tokenizer("<|im_start|>").input_ids[0]].tolist() == [*[0.0] * 31, -1.0]


def test_the_joint_model_starts_able_to_go_on_with_what_it_has_seen():
    torch.manual_seed(0)
    averages = TokenAverages(torch.randn(500, 159), blank=48, identity=48, dimension=64)
    shape = Shape(layers=5, feedforward=64, context=256, dimension=64)
    joint = JointModel(shape, averages)
    text = torch.stack([torch.randperm(500)[:50] for _ in range(4)])
    twice = torch.cat([text, text], dim=1)
    with torch.no_grad():
        scores = joint.lm(twice).logits
    right = scores[:, :-1].argmax(dim=2) == twice[:, 1:]
    assert right[:, :48].float().mean() < 0.05  # nobody can know
    assert right[:, 51:].float().mean() > 0.75  # though untrained heads talk, too


def test_the_joint_model_starts_able_to_find_the_passage_that_a_question_is_about():
    """By its summaries, which are the averages' view of the last tokens; nothing was trained."""
    torch.manual_seed(0)
    topic = torch.arange(500) % 3
    meaning = torch.randn(3, 159)[topic] + torch.randn(500, 159)
    averages = TokenAverages(meaning, blank=48, identity=48, dimension=64)
    joint = JointModel(Shape(layers=5, feedforward=64, context=256, dimension=64), averages)
    layer, head = GUIDED["choice"]
    for asked in range(3):
        tokens = [(topic == number).nonzero().flatten() for number in range(3)]
        tokens = [those[torch.randperm(len(those))] for those in tokens]
        question = tokens[asked][30:60]  # not one token that is in a passage
        ids = torch.cat([*(those[:30] for those in tokens), question])[None]
        with torch.no_grad():
            attention = joint.lm(ids, output_attentions=True).attentions[layer][0, head, -1]
        assert attention[:90].view(3, 30).sum(dim=1).argmax() == asked


def test_passages_are_laid_out_in_many_ways(text):
    document = read_documents(text)[0]
    rng = random.Random(0)
    drawn = [excerpt(document, 200, rng) for _ in range(200)]
    words = set(" ".join(document).split())
    for passage in drawn:
        assert words & set(passage.split())
        assert len(passage) <= 1500
    assert any("\n\n" in passage for passage in drawn)
    assert any(passage.startswith("- ") for passage in drawn)
    assert any(passage.startswith("## ") for passage in drawn)
    assert any(passage.splitlines()[-1].endswith(" |") for passage in drawn)
    assert any("\n" in s for passage in drawn for s in sentences(passage))  # broken lines


def test_items_headings_and_tables_are_apart_from_sentences():
    text = "# Title\n\nOne is\nhere. Two is there.\n- An item\n- Another\n\n| a | b |\n| c | d |"
    assert sentences(text) == [
        "# Title",
        "One is\nhere.",
        "Two is there.",
        "An item",
        "Another",
        "| a | b |",
        "| c | d |",
    ]


def test_questions_of_selqa_are_answered_by_the_first_marked_sentence(tmp_path):
    row = {
        "question": "Who?",
        "candidates": ["", "It rained.", " Ann did. ", "Bob"],
        "answers": [2],
    }
    none = {"question": "When?", "candidates": ["It rained."], "answers": []}
    file = tmp_path / "selqa-ass-dev.json"
    file.write_text(json.dumps([row, none]))
    assert read_questions(file) == [
        QuestionRow("Who?", "It rained. Ann did. Bob", "Ann did.", "selqa"),
        QuestionRow("When?", "It rained.", "", "selqa"),
    ]


def test_the_same_seed_draws_the_same_examples_and_pairs(text):
    documents = read_documents(text)
    maker = ExampleMaker(documents, [])
    first, second, other = (
        [example for example, _ in zip(maker.draw(seed), range(20), strict=False)]
        for seed in (1, 1, 2)
    )
    assert first == second != other
    rows = [QuestionRow("What is a container?", "", "a process")]
    said = [["set an alarm", "wake me at six"]]
    pairs = make_pairs(documents, rows, said, 20, seed=3)
    assert pairs == make_pairs(documents, rows, said, 20, seed=3)
    assert len(pairs) == 20
    assert {"set an alarm", "wake me at six"} in [{p.query, p.passage} for p in pairs]
    assert "What is a container?" in {pair.query for pair in pairs}


def test_questions_are_of_many_kinds():
    rng = random.Random(0)
    asked = {ask(s, rng) for p in PARAGRAPHS for s in sentences(p) for _ in range(40)} - {None}
    starts = {question.split()[0].lower() for question in asked}
    assert {"what", "who", "how"} <= starts
    assert any("____" in question for question in asked)
    assert any("1868" not in q and "year" in q for q in asked)
    assert ask("Hm.", rng) is None
