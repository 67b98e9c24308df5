"""Promises of the repository itself: README code runs, the compose file is one, help is quick."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def run(*command, **environment):
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        env={**os.environ, **environment},
        check=False,
    )


def test_the_readmes_python_runs_as_it_stands(capsys, tmp_path, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 4
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Patented in 1868")  # the retriever's first passage
    assert lines[1]  # the chain's reply
    assert "(1, 640) float32" in lines
    assert "(640,)" in lines
    assert any(line.startswith("Container") for line in lines)  # the index's best passage
    answer = next(n for n, line in enumerate(lines) if line.startswith(("generated", "quoted")))
    assert "share the same operating system" in lines[answer]


@pytest.mark.parametrize("file", ["docker-compose.yml", "docker-compose.gpu.yml"])
def test_the_compose_files_fit_the_published_schema(file):
    checked = run(
        sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", file,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


def test_both_services_have_a_health_check_and_the_data_a_named_volume():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert all("healthcheck" in service for service in compose["services"].values())
    assert compose["services"]["app"]["depends_on"]["qdrant"]["condition"] == "service_healthy"
    assert "qdrant:/qdrant/storage" in compose["services"]["qdrant"]["volumes"]
    assert "qdrant" in compose["volumes"]
    assert "USER duet" in (ROOT / "Dockerfile").read_text()


def test_a_graphics_card_is_added_to_the_application_that_is_there():
    added = yaml.safe_load((ROOT / "docker-compose.gpu.yml").read_text())["services"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert set(added) == {"app"} <= set(compose)
    (device,) = added["app"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}


@pytest.mark.parametrize("name", ["DUET_GENERATION_URL", "DUET_GENERATION_MODEL", "DUET_API_KEY"])
def test_a_setting_stands_wherever_one_looks_for_it(name):
    for file in ("README.md", ".env.example", "docker-compose.yml"):
        assert name in (ROOT / file).read_text(), file


@pytest.mark.parametrize(
    "package", ["app", "ingest", "retriever", "embedder.train", "embedder.evaluate"]
)
def test_help_and_usage_errors_come_before_torch_is_imported(package):
    code = (
        f"import runpy, sys; sys.argv = [{package!r}, sys.argv[1]]\n"
        f"try: runpy.run_module({package!r}, run_name='__main__', alter_sys=False)\n"
        "finally: assert 'torch' not in sys.modules, 'torch was imported'"
    )
    for argument, status in (("--help", 0), ("--no-such-option", 2)):
        done = run(sys.executable, "-c", code, argument)
        assert done.returncode == status, done.stderr
        assert "usage:" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments", [["ingest", "--rollback", "--index"], ["app", "ask", "x", "--index"]]
)
def test_ctrl_c_after_the_work_is_done_leaves_no_traceback(arguments, tmp_path):
    code = (
        "import atexit, os, runpy, signal, sys; atexit.register(os.kill, os.getpid(), "
        f"signal.SIGINT); runpy.run_module({arguments[0]!r}, run_name='__main__', alter_sys=False)"
    )
    done = run(sys.executable, "-c", code, *arguments[1:], str(tmp_path / "none"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_the_repository_stays_small():
    files = run("git", "ls-files", "-z").stdout.split("\0")
    if not any(files):
        pytest.skip("not a git checkout")
    sizes = {
        name: (ROOT / name).stat().st_size for name in files if name and (ROOT / name).exists()
    }
    assert sum(sizes.values()) < 96 << 20, sorted(sizes, key=sizes.__getitem__)[-5:]
    others = {n: size for n, size in sizes.items() if not n.startswith("data/model/")}
    assert max(others.values()) < 1 << 20, max(others, key=others.__getitem__)


def test_each_tick_of_the_feature_table_names_a_test_that_is_there():
    table = [
        line for line in (ROOT / "docs" / "features.md").read_text().splitlines() if "|" in line
    ]
    ticked = [cells for line in table if (cells := line.split("|"))[2].strip() == "●"]
    assert len(ticked) > 20
    sources = {path: path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}
    whole = "".join(sources.values())
    for cells in ticked:
        named = re.findall(r"`(test[\w/.]+)`", cells[-2])
        assert named, cells[1]
        for name in named:
            assert f"def {name}(" in whole or (ROOT / name).exists(), name
