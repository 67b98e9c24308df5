"""The command on a real checkpoint with random weights, and what its results are compared with."""

import json

import pytest

from app.__main__ import main
from app.evaluate.baseline import drops
from app.evaluate.search import search_results
from embedder.errors import DataError
from embedder.evaluate.beir import read_retrieval_set
from embedder.evaluate.encoders import TruncatingEncoder
from embedder.evaluate.measures import Estimate
from embedder.evaluate.tasks import Result
from tests.app.generation.chat_server import chat_server


@pytest.fixture
def bundle(tmp_path):
    """A set in BEIR's layout, and questions with contexts."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    passages = ["The pump lasts 24 months.", "Roses want sun.", "Compost smells of soil."]
    corpus = [{"_id": f"d{n}", "title": "", "text": text} for n, text in enumerate(passages)]
    queries = [{"_id": f"q{n}", "text": text} for n, text in enumerate(["pump months", "roses"])]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq0\td0\t1\nq1\td1\t1\n")
    questions = tmp_path / "rows.jsonl"
    row = {"question": "pump", "context": passages[0], "answers": ["24"], "is_answerable": True}
    questions.write_text(json.dumps(row))
    return folder, questions


def test_both_halves_are_measured_printed_and_written(bundle, checkpoint, tmp_path, capsys):
    folder, questions = bundle
    out = tmp_path / "results.json"
    command = ["evaluate", "--model", str(checkpoint), "--index", str(tmp_path / "index")]
    command += ["--questions", str(questions), "--sets", str(folder), "--json", str(out)]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "right document found" in printed
    assert "nDCG@10" in printed
    results = json.loads(out.read_text())["results"]
    lexical = next(row for row in results if row["system"] == "Duet lexical")
    assert lexical["measures"]["nDCG@10"]["value"] == 1
    assert main([*command, "--baseline", str(out)]) == 0


def test_a_server_that_writes_is_named_in_the_results(bundle, checkpoint, tmp_path):
    out = tmp_path / "results.json"
    command = ["evaluate", "--model", str(checkpoint), "--index", str(tmp_path / "index")]
    command += ["--questions", str(bundle[1]), "--json", str(out)]
    with chat_server() as chat:
        assert main([*command, "--generation-url", chat.url]) == 0
    assert json.loads(out.read_text())["systems"]["answers written by"] == chat.url


@pytest.mark.parametrize(("gain", "is_best"), [(5.0, True), (-5.0, False)])
def test_the_model_may_rank_the_best_passages_anew(bundle, checkpoint, gain, is_best):
    class Reader:
        def likelihood_gains(self, question, passages):
            return [gain if question.split()[0] in text.lower() else 0.0 for text in passages]

    data = read_retrieval_set(bundle[0])
    [found] = search_results(TruncatingEncoder(checkpoint), "Duet", data, (), Reader())
    assert found.system == "Duet hybrid, re-ranked"
    assert (found.measures["nDCG@10"].value == 1) == is_best


def test_nothing_to_evaluate_and_an_empty_index_are_clear_errors(tmp_path, checkpoint, capsys):
    assert main(["evaluate"]) == 2
    assert "--questions FILE" in capsys.readouterr().err
    questions = tmp_path / "rows.jsonl"
    row = {"question": "a", "file": "a.md", "answers": ["b"], "is_answerable": True}
    questions.write_text(json.dumps(row))
    command = ["evaluate", "--model", str(checkpoint), "--index", str(tmp_path / "index")]
    assert main([*command, "--questions", str(questions)]) == 2
    assert "holds no documents" in capsys.readouterr().err


def result(value: float, measure: str = "nDCG@10") -> Result:
    estimate = Estimate(value, value - 0.05, value + 0.05)
    return Result("search", "tiny", {}, "Duet hybrid", {measure: estimate})


def baseline(tmp_path, value: float, measure: str = "nDCG@10"):
    file = tmp_path / "before.json"
    row = {"set": "tiny", "system": "Duet hybrid", "measures": {measure: {"value": value}}}
    file.write_text(json.dumps({"results": [row]}))
    return file


def test_only_what_is_worse_beyond_noise_is_told(tmp_path):
    assert drops([result(0.7)], baseline(tmp_path, 0.74)) == []
    (line,) = drops([result(0.7)], baseline(tmp_path, 0.76))
    assert line == "tiny, Duet hybrid: nDCG@10 is 0.700 (0.650 to 0.750), and was 0.760"
    refused = "answerable, yet refused"
    assert drops([result(0.2, refused)], baseline(tmp_path, 0.4, refused)) == []
    assert drops([result(0.2, refused)], baseline(tmp_path, 0.1, refused)) != []
    assert drops([result(9, "ms a search")], baseline(tmp_path, 1, "ms a search")) == []
    assert drops([result(0.1, "new")], baseline(tmp_path, 0.9)) == []


def test_a_baseline_of_another_kind_is_named(tmp_path):
    file = tmp_path / "before.json"
    file.write_text('{"results": 3}')
    with pytest.raises(DataError, match="no baseline: expected what"):
        drops([result(0.7)], file)
