# Each target sets up what it needs on a fresh Debian machine with Python 3.11.
PORT ?= 8501
HOST ?= 127.0.0.1
PYTHON ?= python3
BIN := .venv/bin
export PYTHONPATH := $(CURDIR)

.PHONY: run test check bench lock

run: .venv/runtime
	$(BIN)/streamlit run app.py --server.port $(PORT) --server.address $(HOST)

test: .venv/development .venv/browser
	$(BIN)/pytest $(TESTS)

check: .venv/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/development .venv/browser
	$(BIN)/python -m benchmarks

# Pins every package for all supported versions of Python; UPGRADE=--upgrade takes newer releases.
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet \
	--custom-compile-command "make lock"
EXPORT := $(COMPILE) --no-annotate --constraint requirements.lock
lock: .venv/development
	$(COMPILE) $(UPGRADE) --all-extras --output-file requirements.lock
	$(EXPORT) --extra postgresql --output-file requirements.txt
	$(EXPORT) --extra postgresql --extra dev --output-file requirements-dev.txt
	$(EXPORT) --extra train --output-file demo/requirements.txt

.venv/created:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip
	touch $@

.venv/runtime: .venv/created requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/development: .venv/runtime requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# The browser tests drive Debian's own chromium; as somebody other than root, install it first.
.venv/browser: .venv/created
	command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq chromium >/dev/null)
	touch $@
